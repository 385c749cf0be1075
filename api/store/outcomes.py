"""What came of things over a span of time, as rows to compare: uses of entries, scores, how long cases took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from api.store import schema
from api.store.engine import Reader

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Use:
    """What an agent did with an offered entry; `release` is "" where it was not recorded."""

    at: str
    actor: str
    suggestion: str
    conversation: str | None
    entry_id: str
    release: str
    action: str
    final_text: str | None


def uses(reader: Reader, tenant: str, since: str, until: str, entry_ids: frozenset[str]) -> list[Use]:
    """Feedback on suggestions of these entries in `[since, until)`, oldest first."""
    table = schema.feedback
    entry = table.c.data["entry_id"].as_string()
    rows = reader.execute(
        select(table.c.at, table.c.actor, table.c.data)
        .where(
            table.c.tenant == tenant,
            table.c.kind == "suggestion",
            table.c.at >= since,
            table.c.at < until,
            entry.in_(sorted(entry_ids)),
        )
        .order_by(table.c.at)
    )
    return [
        Use(row.at, row.actor, row.data["suggestion_id"], row.data.get("conversation_id"),
            row.data["entry_id"], row.data.get("release") or "", row.data["action"], row.data.get("final_text"))
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scored:
    """A quality result: its score 0…100 and the customer's satisfaction 0…2."""

    transcript: str
    score: float
    satisfaction: float | None


def scored(reader: Reader, tenant: str, since: str, until: str) -> list[Scored]:
    """Results stored in `[since, until)`."""
    table = schema.results
    pleased = table.c.result["satisfaction"]["value"].as_float()
    rows = reader.execute(
        select(table.c.transcript_id, table.c.score, pleased.label("pleased")).where(
            table.c.tenant == tenant, table.c.at >= since, table.c.at < until
        )
    )
    return [Scored(row.transcript_id, float(row.score), row.pleased) for row in rows]


def handled(reader: Reader, tenant: str, since: str, until: str, queue: str) -> list[tuple[str, str]]:
    """(opened, closed) of conversations of a queue that were closed in `[since, until)`."""
    table = schema.conversations
    rows = reader.execute(
        select(table.c.created_at, table.c.updated_at).where(
            table.c.tenant == tenant,
            table.c.status == "closed",
            table.c.updated_at >= since,
            table.c.updated_at < until,
            table.c.state["handoff"]["queue"].as_string() == queue,
        )
    )
    return [(row.created_at, row.updated_at) for row in rows]


def moods(reader: Reader, tenant: str, conversations: frozenset[str]) -> dict[str, float]:
    """How much the customer's polarity score rose from the first to the last turn of each conversation."""
    table = schema.turns
    named = sorted(conversations)
    scores: dict[str, list[float]] = {}
    for at in range(0, len(named), 500):
        rows = reader.execute(
            select(table.c.conversation_id, table.c.turn, table.c.reply)
            .where(table.c.tenant == tenant, table.c.conversation_id.in_(named[at : at + 500]))
            .order_by(table.c.conversation_id, table.c.number)
        )
        for row in rows:
            told = row.reply.get("sentiment")
            if row.turn.get("role") == "customer" and told:
                scores.setdefault(row.conversation_id, []).append(float(told["score"]))
    return {name: round(found[-1] - found[0], 4) for name, found in scores.items() if len(found) > 1}


def customer_turns(
    reader: Reader, tenant: str, conversations: frozenset[str]
) -> dict[str, list[tuple[str, str, float]]]:
    """(when in UTC ISO, masked text, mood score) of the customer's turns of each conversation, in order of time."""
    table = schema.turns
    named = sorted(conversations)
    found: dict[str, list[tuple[str, str, float]]] = {}
    for start in range(0, len(named), 500):
        rows = reader.execute(
            select(table.c.conversation_id, table.c.turn, table.c.reply).where(
                table.c.tenant == tenant, table.c.conversation_id.in_(named[start : start + 500])
            )
        )
        for row in rows:
            told = row.reply.get("sentiment")
            if row.turn.get("role") == "customer" and told:
                at = datetime.fromisoformat(row.turn["at"]).astimezone(UTC).isoformat(timespec="milliseconds")
                said = (at, str(row.turn["text"]), float(told["score"]))
                found.setdefault(row.conversation_id, []).append(said)
    return {name: sorted(turns) for name, turns in found.items()}
