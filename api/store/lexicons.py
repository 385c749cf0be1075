"""A site's synonyms over time: each list holds from the release it came with until the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select

from api.store import schema
from api.store.engine import Reader, Writer


@dataclass(frozen=True, slots=True)
class Kept:
    """A list as it was written, and the release it came with."""

    lines: list[Any]
    release: str
    at: str
    by: str


def at(reader: Reader, tenant: str, seq: int) -> Kept | None:
    """The list that holds in release `seq`; None where the site has written none."""
    table, release = schema.lexicons, schema.releases
    row = reader.execute(
        select(table.c.lines, release.c.name, release.c.at, release.c.by)
        .join(release, and_(release.c.tenant == table.c.tenant, release.c.seq == table.c.since))
        .where(table.c.tenant == tenant, table.c.since <= seq)
        .order_by(table.c.since.desc())
        .limit(1)
    ).first()
    return None if row is None else Kept(list(row.lines), row.name, row.at, row.by)


def every(reader: Reader, tenant: str, upto: int) -> list[tuple[int, list[Any]]]:
    """(release it holds from, lines) of each list up to a release, the oldest first."""
    table = schema.lexicons
    rows = reader.execute(
        select(table.c.since, table.c.lines)
        .where(table.c.tenant == tenant, table.c.since <= upto)
        .order_by(table.c.since)
    )
    return [(row.since, list(row.lines)) for row in rows]


def put(writer: Writer, tenant: str, seq: int, lines: list[Any]) -> None:
    """Let the list hold from release `seq` on."""
    writer.execute(schema.lexicons.insert().values(tenant=tenant, since=seq, lines=lines))
