"""The box that knows nobody."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import select

from api.store.engine import Reader, Writer
from api.store.quality_schema import anonymous as table


def drop_in(writer: Writer, tenant: str, day: str, text: str) -> None:
    """Keep a text under an id that tells nothing, with its day."""
    writer.execute(table.insert().values(tenant=tenant, id=secrets.token_hex(8), day=day, text=text))


def listed(reader: Reader, tenant: str, limit: int) -> list[dict[str, Any]]:
    """What was dropped in, newest day first; within a day in no order."""
    rows = reader.execute(
        select(table.c.id, table.c.day, table.c.text)
        .where(table.c.tenant == tenant)
        .order_by(table.c.day.desc(), table.c.id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]
