"""Marks on dialogues that only supervisors see."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from api.store.engine import Reader, Writer
from api.store.quality_schema import marks as table

Json = dict[str, Any]
_SHOWN = tuple(column for column in table.c if column.name != "tenant")


def put(writer: Writer, tenant: str, transcript_id: str, mark: str, by: str, at: str, data: Json) -> None:
    """Set a mark, in place of the same one set before."""
    drop(writer, tenant, transcript_id, mark)
    writer.execute(
        table.insert().values(tenant=tenant, transcript_id=transcript_id, mark=mark, by=by, at=at, data=data)
    )


def drop(writer: Writer, tenant: str, transcript_id: str, mark: str) -> bool:
    """Take a mark back; whether it was there."""
    mine = (table.c.tenant == tenant, table.c.transcript_id == transcript_id, table.c.mark == mark)
    return bool(writer.execute(delete(table).where(*mine)).rowcount)


def listed(reader: Reader, tenant: str, mark: str, limit: int) -> list[Json]:
    """What has a mark, newest first."""
    rows = reader.execute(
        select(*_SHOWN)
        .where(table.c.tenant == tenant, table.c.mark == mark)
        .order_by(table.c.at.desc(), table.c.transcript_id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]


def transcripts_with(reader: Reader, tenant: str, mark: str) -> frozenset[str]:
    """Transcripts that have a mark."""
    found = select(table.c.transcript_id).where(table.c.tenant == tenant, table.c.mark == mark)
    return frozenset(reader.execute(found).scalars())
