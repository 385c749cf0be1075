"""What people said of a result's items without seeing another's verdict, and the samples it was drawn for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from api.store.engine import Reader, Writer
from api.store.quality_schema import samples
from api.store.quality_schema import second_scores as table

Json = dict[str, Any]
CHUNK = 500
_SHOWN = tuple(column for column in table.c if column.name != "tenant")


def add(writer: Writer, tenant: str, said: Json) -> None:
    """Keep a person's words of a session."""
    writer.execute(table.insert().values(tenant=tenant, **said))


def of_session(reader: Reader, tenant: str, session: str) -> list[Json]:
    """Everybody's words of a session, in order."""
    rows = reader.execute(
        select(*_SHOWN)
        .where(table.c.tenant == tenant, table.c.session == session)
        .order_by(table.c.at, table.c.by)
    )
    return [dict(row._mapping) for row in rows]


def between(reader: Reader, tenant: str, since: str, until: str) -> list[Json]:
    """Words said in `[since, until)`, oldest first."""
    rows = reader.execute(
        select(*_SHOWN)
        .where(table.c.tenant == tenant, table.c.at >= since, table.c.at < until)
        .order_by(table.c.at, table.c.session, table.c.by)
    )
    return [dict(row._mapping) for row in rows]


def of_results(reader: Reader, tenant: str, results: Sequence[str]) -> list[Json]:
    """Words said of any of these results, oldest first."""
    found: list[Json] = []
    for at in range(0, len(results), CHUNK):
        part = list(results[at : at + CHUNK])
        rows = reader.execute(select(*_SHOWN).where(table.c.tenant == tenant, table.c.result.in_(part)))
        found += [dict(row._mapping) for row in rows]
    return sorted(found, key=lambda one: (one["at"], one["by"]))


def keep_sample(writer: Writer, tenant: str, date: str, by: str, at: str, sample: Json) -> None:
    """Keep the sample of a day as it was drawn."""
    writer.execute(samples.insert().values(tenant=tenant, date=date, by=by, at=at, sample=sample))


def sample_of(reader: Reader, tenant: str, date: str) -> Json | None:
    """The sample of a day that was drawn."""
    found = reader.execute(
        select(samples.c.sample).where(samples.c.tenant == tenant, samples.c.date == date)
    ).scalar()
    return None if found is None else dict(found)


def samples_between(reader: Reader, tenant: str, since: str, until: str) -> dict[str, Json]:
    """Samples drawn for the days `since` to `until`, both included."""
    rows = reader.execute(
        select(samples.c.date, samples.c.sample)
        .where(samples.c.tenant == tenant, samples.c.date >= since, samples.c.date <= until)
        .order_by(samples.c.date)
    )
    return {row.date: dict(row.sample) for row in rows}
