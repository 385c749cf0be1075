"""Quality results: one row a scored transcript, loaded idempotently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from api.store import schema
from api.store.engine import Reader, Writer
from api.store.keys import now

Json = dict[str, Any]
CHUNK = 500


def save(writer: Writer, tenant: str, results: Iterable[tuple[Mapping[str, Any], str | None]]) -> int:
    """Store (result, agent id) pairs; one that is there is left alone. Returns how many were new."""
    table = schema.results
    pairs = list(results)
    added = 0
    for at in range(0, len(pairs), CHUNK):
        part = {str(result["id"]): (result, agent) for result, agent in pairs[at : at + CHUNK]}
        there = set(
            writer.execute(
                select(table.c.id).where(table.c.tenant == tenant, table.c.id.in_(list(part)))
            ).scalars()
        )
        rows = [_row(tenant, result, agent) for name, (result, agent) in part.items() if name not in there]
        if rows:
            writer.execute(table.insert(), rows)
            added += len(rows)
    return added


def _row(tenant: str, result: Mapping[str, Any], agent: str | None) -> Json:
    return {
        "tenant": tenant,
        "id": result["id"],
        "transcript_id": result["transcript_id"],
        "form": result["form"]["code"],
        "version": result["form"]["version"],
        "agent": agent,
        "score": result["score"],
        "veto": result["veto"],
        "at": now(),
        "result": dict(result),
    }


def get(reader: Reader, tenant: str, identity: str) -> Json | None:
    """One stored result."""
    table = schema.results
    row = reader.execute(
        select(table.c.result).where(table.c.tenant == tenant, table.c.id == identity)
    ).first()
    return None if row is None else dict(row.result)


def since(reader: Reader, tenant: str, at: str, agent: str | None = None, limit: int = 500) -> list[Json]:
    """Results stored at or after `at` (UTC ISO), newest first, with agent and time."""
    table = schema.results
    query = select(table).where(table.c.tenant == tenant, table.c.at >= at)
    if agent is not None:
        query = query.where(table.c.agent == agent)
    rows = reader.execute(query.order_by(table.c.at.desc()).limit(limit))
    return [{**row.result, "agent": row.agent, "at": row.at} for row in rows]
