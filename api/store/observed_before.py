"""Results that were kept before facts were: observed once, when the database is brought up to date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from api.store import observations, schema
from api.store.engine import Writer
from nlp.metrics.observation import Observation, load_kinds
from nlp.metrics.transcripts import CONVERSATION, SHEET, scored

PAGE = 500


def observe_results(connection: Connection) -> None:
    """Make a fact of every result without one: what its score says, at the time it was kept."""
    form = load_kinds().form
    for tenant in connection.execute(select(schema.tenants.c.id)).scalars().all():
        for page in _pages(connection, tenant):
            told = [_fact(row, form) for row in page if "observed" not in row.result]
            observations.put(Writer(connection), tenant, told)


def _pages(connection: Connection, tenant: str) -> Iterator[list[Any]]:
    table = schema.results
    at, identity = "", ""
    while True:  # by time: the latest result of a conversation is the one that counts
        behind = or_(table.c.at > at, and_(table.c.at == at, table.c.id > identity))
        query = select(table).where(table.c.tenant == tenant, behind).order_by(table.c.at, table.c.id)
        page = list(connection.execute(query.limit(PAGE)).all())
        if not page:
            return
        yield page
        at, identity = page[-1].at, page[-1].id


def _fact(row: Any, form: str) -> Observation:
    result: Mapping[str, Any] = row.result
    values = {name: value for name, value in scored(result).items() if value is not None}
    main, code = row.form == form, row.transcript_id
    return Observation(
        f"{CONVERSATION}:{code}" if main else f"{SHEET}:{row.form}:{code}",
        CONVERSATION if main else SHEET,
        datetime.fromisoformat(row.at),
        subject=code,
        agent=row.agent,
        category=result.get("category"),
        channel=result.get("channel"),
        values={**values, "result": row.id},
    )
