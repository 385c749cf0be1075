"""Targets: what a number is to become. An ended one stays, and is no longer told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from api.store.engine import Reader, Writer
from api.store.fact_tables import targets as table
from api.store.keys import now

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """A target as stored; `data` holds what was asked for."""

    id: str
    metric: str
    data: Json
    by: str
    at: str
    ended_at: str | None


def _kept(row: Any) -> Kept:
    return Kept(row.id, row.metric, row.data, row.by, row.at, row.ended_at)


def add(writer: Writer, tenant: str, identity: str, metric: str, data: Json, by: str) -> Kept:
    """Keep a new target."""
    kept = Kept(identity, metric, data, by, now(), None)
    writer.execute(
        table.insert().values(tenant=tenant, id=identity, metric=metric, data=data, by=by, at=kept.at)
    )
    return kept


def get(reader: Reader, tenant: str, identity: str) -> Kept | None:
    """One target."""
    row = reader.execute(select(table).where(table.c.tenant == tenant, table.c.id == identity)).first()
    return None if row is None else _kept(row)


def listed(reader: Reader, tenant: str, metric: str | None = None, limit: int = 500) -> list[Kept]:
    """Targets that have not ended, oldest first."""
    query = select(table).where(table.c.tenant == tenant, table.c.ended_at.is_(None))
    if metric is not None:
        query = query.where(table.c.metric == metric)
    return [_kept(row) for row in reader.execute(query.order_by(table.c.at, table.c.id).limit(limit))]


def end(writer: Writer, tenant: str, identity: str) -> bool:
    """End a target; False where there is none that could."""
    done = writer.execute(
        update(table)
        .where(table.c.tenant == tenant, table.c.id == identity, table.c.ended_at.is_(None))
        .values(ended_at=now())
    )
    return bool(done.rowcount)


def to_json(kept: Kept) -> Json:
    """As it is told."""
    return {"id": kept.id, "metric": kept.metric, **kept.data, "by": kept.by, "at": kept.at}
