"""Sessions of training: apart from everything that is counted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from api.store.engine import Reader, Writer
from api.store.quality_schema import trainings as table

Json = dict[str, Any]
_SHOWN = tuple(column for column in table.c if column.name != "tenant")


def add(writer: Writer, tenant: str, session: Json) -> None:
    """Keep a session that begins."""
    writer.execute(table.insert().values(tenant=tenant, **session))


def get(reader: Reader, tenant: str, identity: str) -> Json | None:
    """One session."""
    row = reader.execute(select(*_SHOWN).where(table.c.tenant == tenant, table.c.id == identity)).first()
    return None if row is None else dict(row._mapping)


def save(writer: Writer, tenant: str, identity: str, data: Json, ended_at: str | None) -> None:
    """Write how far a session is."""
    writer.execute(
        update(table)
        .where(table.c.tenant == tenant, table.c.id == identity)
        .values(data=data, ended_at=ended_at)
    )


def listed(reader: Reader, tenant: str, trainee: str | None, limit: int) -> list[Json]:
    """Sessions, newest first."""
    query = select(*_SHOWN).where(table.c.tenant == tenant)
    if trainee is not None:
        query = query.where(table.c.trainee == trainee)
    rows = reader.execute(query.order_by(table.c.started_at.desc(), table.c.id).limit(limit))
    return [dict(row._mapping) for row in rows]
