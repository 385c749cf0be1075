"""What agents did over all time, as rows: acts on suggestions, scores, how long conversations took."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from api.store import schema
from api.store.engine import Reader


def acts(reader: Reader, tenant: str) -> list[tuple[str, str, str, str]]:
    """(agent, at, suggestion, action) of all feedback on suggestions."""
    table = schema.feedback
    rows = reader.execute(
        select(
            table.c.actor,
            table.c.at,
            table.c.data["suggestion_id"].as_string(),
            table.c.data["action"].as_string(),
        )
        .where(table.c.tenant == tenant, table.c.kind == "suggestion")
        .order_by(table.c.at)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def scores(reader: Reader, tenant: str) -> list[tuple[str, str, float]]:
    """(agent, at, score) of all results that name an agent."""
    table = schema.results
    rows = reader.execute(
        select(table.c.agent, table.c.at, table.c.score)
        .where(table.c.tenant == tenant, table.c.agent.is_not(None), table.c.score.is_not(None))
        .order_by(table.c.at)
    )
    return [(row.agent, row.at, float(row.score)) for row in rows]


def handled(reader: Reader, tenant: str) -> list[tuple[str, str, float]]:
    """(agent, closed at, seconds) of closed conversations: from the last acceptance, else from the opening."""
    table, talks = schema.decisions, schema.conversations
    rows = reader.execute(
        select(
            table.c.subject,
            table.c.at,
            table.c.reply["step"].as_string().label("step"),
            table.c.reply["by"].as_string().label("by"),
            talks.c.created_at,
            talks.c.state[("agent", "id")].as_string().label("agent"),
        )
        .join(talks, (talks.c.tenant == table.c.tenant) & (talks.c.id == table.c.subject))
        .where(table.c.tenant == tenant, table.c.kind == "handoff_step")
        .order_by(table.c.at, table.c.id)
    )
    accepted: dict[str, tuple[str, str]] = {}
    found = []
    for row in rows:
        if row.step == "accept":
            accepted[row.subject] = (row.by, row.at)
        elif row.step == "close":
            agent, begun = accepted.pop(row.subject, (row.agent or row.by, row.created_at))
            taken = datetime.fromisoformat(row.at) - datetime.fromisoformat(begun)
            found.append((agent, row.at, taken.total_seconds()))
    return found


def arms(reader: Reader, tenant: str) -> dict[str, str]:
    """Who works with suggestions (`on`) or without (`off`), where an actor's key says so."""
    table = schema.keys
    rows = reader.execute(select(table.c.actor).where(table.c.tenant == tenant, table.c.revoked_at.is_(None)))
    found = {}
    for row in rows:
        if row.actor.get("suggestions") in ("on", "off"):
            found[str(row.actor["id"])] = str(row.actor["suggestions"])
    return found
