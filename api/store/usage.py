"""What people and rules did, as events: suggestions, searches, rule hits, from the rows they left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from api.store import schema
from api.store.engine import Reader

Json = dict[str, Any]
CHUNK = 500


def suggestions(reader: Reader, tenant: str, since: str, until: str) -> Iterator[Json]:
    """What agents did with suggestions in `[since, until)`."""
    table = schema.feedback
    rows = reader.execute(
        select(table.c.id, table.c.at, table.c.actor, table.c.subject, table.c.data)
        .where(
            table.c.tenant == tenant, table.c.kind == "suggestion", table.c.at >= since, table.c.at < until
        )
        .execution_options(yield_per=CHUNK)
    )
    return (
        {"id": row.id, "type": f"suggestion.{row.data['action']}", "at": row.at, "actor": row.actor,
         "subject": row.subject, "data": {"entry_id": row.data["entry_id"]}}
        for row in rows
    )  # fmt: skip


def searches(reader: Reader, tenant: str, since: str, until: str) -> Iterator[Json]:
    """Searches of the handbook in `[since, until)`."""
    table = schema.decisions
    rows = reader.execute(
        select(table.c.id, table.c.at, table.c.subject, table.c.request)
        .where(table.c.tenant == tenant, table.c.kind == "search", table.c.at >= since, table.c.at < until)
        .execution_options(yield_per=CHUNK)
    )
    return (
        {"id": row.id, "type": "search", "at": row.at, "actor": row.request.get("person"),
         "subject": row.subject, "data": {}}
        for row in rows
    )  # fmt: skip


def rule_hits(reader: Reader, tenant: str, since: str, until: str) -> Iterator[Json]:
    """Items that the machine failed in results stored in `[since, until)`, one event each."""
    table = schema.results
    rows = reader.execute(
        select(
            table.c.id,
            table.c.at,
            table.c.agent,
            table.c.transcript_id,
            table.c.form,
            table.c.result["items"].label("items_"),
        )
        .where(table.c.tenant == tenant, table.c.at >= since, table.c.at < until)
        .execution_options(yield_per=CHUNK)
    )
    return (
        {"id": f"{row.id}:{item['code']}", "type": "rule.hit", "at": row.at, "actor": row.agent,
         "subject": row.transcript_id, "data": {"item": item["code"], "form": row.form}}
        for row in rows
        for item in row.items_
        if item["result"] == "fail"
    )  # fmt: skip
