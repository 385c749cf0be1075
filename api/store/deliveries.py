"""Reports that went out: who got which, when, and what it said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, select

from api.store import schema
from api.store.engine import Reader, Writer
from api.store.report_schema import deliveries as table

Json = dict[str, Any]
_HEAD = tuple(column for column in table.c if column.name not in ("tenant", "report"))


def add(
    writer: Writer,
    tenant: str,
    period: str,
    day: date,
    *,
    at: str,
    due_at: str,
    recipients: Sequence[Mapping[str, Any]],
    channels: Sequence[str],
    report: Mapping[str, Any],
) -> bool:
    """Keep a delivery; False where that report went out before, which is left as it is."""
    key = (table.c.tenant == tenant, table.c.period == period, table.c.day == day.isoformat())
    if writer.execute(select(table.c.day).where(*key)).first() is not None:
        return False
    writer.execute(
        table.insert().values(
            tenant=tenant, period=period, day=day.isoformat(), at=at, due_at=due_at,
            recipients=[dict(one) for one in recipients], channels=list(channels), report=dict(report),
        )
    )  # fmt: skip
    return True


def forget(writer: Writer, tenant: str, before: str) -> None:
    """Drop what went out before a moment (UTC ISO): reports quote customers, and nothing of theirs is kept for ever."""
    writer.execute(delete(table).where(table.c.tenant == tenant, table.c.at < before))


def done(reader: Reader, tenant: str, since: date) -> frozenset[tuple[str, str]]:
    """(period, day) of every report of a day from `since` on that went out."""
    rows = reader.execute(
        select(table.c.period, table.c.day).where(table.c.tenant == tenant, table.c.day >= since.isoformat())
    )
    return frozenset((row.period, row.day) for row in rows)


def listed(reader: Reader, tenant: str, period: str | None, limit: int) -> list[Json]:
    """Deliveries, the newest first, without what they said."""
    query = select(*_HEAD).where(table.c.tenant == tenant)
    if period is not None:
        query = query.where(table.c.period == period)
    rows = reader.execute(query.order_by(table.c.at.desc(), table.c.period, table.c.day.desc()).limit(limit))
    return [dict(row._mapping) for row in rows]


def get(reader: Reader, tenant: str, period: str, day: date) -> Json | None:
    """A delivery with what it said."""
    row = reader.execute(
        select(*_HEAD, table.c.report).where(
            table.c.tenant == tenant, table.c.period == period, table.c.day == day.isoformat()
        )
    ).first()
    return None if row is None else dict(row._mapping)


def tenants(reader: Reader) -> list[tuple[str, str]]:
    """(tenant, since when it exists in UTC ISO), every one."""
    rows = reader.execute(
        select(schema.tenants.c.id, schema.tenants.c.created_at).order_by(schema.tenants.c.id)
    )
    return [(row.id, row.created_at) for row in rows]
