"""What the handbook's reports read: doubtful answers, what was done with suggestions, cases of a span of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select

from api.store import schema
from api.store.cases import COLUMNS, Case
from api.store.engine import Reader

Json = dict[str, Any]
Span = tuple[str, str]
"""Half-open, UTC ISO."""
CHUNK = 500
ANSWERS = {"suggest": "suggestions", "search": "hits"}


@dataclass(frozen=True, slots=True)
class Doubt:
    """A decision that answered with little confidence or not at all (`entry_id` None)."""

    kind: str
    at: str
    subject: str | None
    request: Json
    entry_id: str | None
    confidence: float


def doubts(reader: Reader, tenant: str, span: Span, below: float, limit: int = 20_000) -> list[Doubt]:
    """Suggestions and searches of a span that abstained or whose best answer was less sure than `below`."""
    return [doubt for kind in ANSWERS for doubt in _doubts(reader, tenant, kind, span, below, limit)]


def _doubts(reader: Reader, tenant: str, kind: str, span: Span, below: float, limit: int) -> list[Doubt]:
    table = schema.decisions
    best = (ANSWERS[kind], 0)
    sure = table.c.reply[(*best, "confidence")].as_float()
    named = table.c.reply[(*best, "entry_id")].as_string()
    rows = reader.execute(
        select(table.c.at, table.c.subject, table.c.request, sure.label("sure"), named.label("named"))
        .where(table.c.tenant == tenant, table.c.kind == kind, *_within(table.c.at, span))
        .where(or_(sure.is_(None), sure < below))
        .order_by(table.c.at.desc())
        .limit(limit)
    )
    return [Doubt(kind, row.at, row.subject, row.request, row.named, float(row.sure or 0)) for row in rows]


def _within(column: Any, span: Span) -> tuple[Any, Any]:
    return column >= span[0], column < span[1]


def answered(reader: Reader, tenant: str, span: Span, low: float) -> tuple[int, int]:
    """(suggestions and searches made, those whose best answer was at least as sure as `low`)."""
    table, made, sure_ones = schema.decisions, 0, 0
    for kind, answers in ANSWERS.items():
        sure = table.c.reply[(answers, 0, "confidence")].as_float()
        row = reader.execute(
            select(func.count(), func.count().filter(sure >= low)).where(
                table.c.tenant == tenant, table.c.kind == kind, *_within(table.c.at, span)
            )
        ).one()
        made, sure_ones = made + int(row[0]), sure_ones + int(row[1])
    return made, sure_ones


def told(reader: Reader, tenant: str, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Texts of turns by (conversation, turn id)."""
    table, every, found = schema.turns, sorted(set(places)), {}
    for at in range(0, len(every), CHUNK):
        part = every[at : at + CHUNK]
        rows = reader.execute(
            select(table.c.conversation_id, table.c.turn_id, table.c.turn["text"].as_string()).where(
                table.c.tenant == tenant,
                table.c.conversation_id.in_({place[0] for place in part}),
                table.c.turn_id.in_({place[1] for place in part}),
            )
        )
        found.update({(row[0], row[1]): row[2] for row in rows})
    return found


def customers(reader: Reader, tenant: str, conversations: Iterable[str]) -> dict[str, str]:
    """The customer of each conversation that names one."""
    table, every, found = schema.conversations, sorted(set(conversations)), {}
    for at in range(0, len(every), CHUNK):
        customer = table.c.state[("customer", "id")].as_string()
        rows = reader.execute(
            select(table.c.id, customer).where(
                table.c.tenant == tenant, table.c.id.in_(every[at : at + CHUNK])
            )
        )
        found.update({row[0]: row[1] for row in rows if row[1] is not None})
    return found


def opened(reader: Reader, tenant: str, kinds: Sequence[str], span: Span | None = None) -> list[Case]:
    """Cases of some kinds opened in a span (any time for None), oldest first."""
    table = schema.cases
    query = select(table).where(table.c.tenant == tenant, table.c.kind.in_(kinds))
    if span is not None:
        query = query.where(and_(*_within(table.c.created_at, span)))
    rows = reader.execute(query.order_by(table.c.created_at, table.c.id))
    return [Case(**{name: getattr(row, name) for name in COLUMNS}) for row in rows]


def feedback(reader: Reader, tenant: str, kind: str, span: Span) -> list[Json]:
    """Feedback of a kind given in a span, oldest first."""
    table = schema.feedback
    rows = reader.execute(
        select(table.c.subject, table.c.actor, table.c.at, table.c.data)
        .where(table.c.tenant == tenant, table.c.kind == kind, *_within(table.c.at, span))
        .order_by(table.c.at, table.c.id)
    )
    return [{**row.data, "subject": row.subject, "actor": row.actor, "at": row.at} for row in rows]


def ticket(reader: Reader, tenant: str, ticket_id: str) -> tuple[Json, Json] | None:
    """The (masked) request and the reply of a ticket's latest routing."""
    table = schema.decisions
    row = reader.execute(
        select(table.c.request, table.c.reply)
        .where(table.c.tenant == tenant, table.c.kind == "route", table.c.subject == ticket_id)
        .order_by(table.c.at.desc())
        .limit(1)
    ).first()
    return None if row is None else (row.request, row.reply)


def begun(reader: Reader, tenant: str) -> dict[str, str]:
    """Since when each live entry has been in the handbook, in whatever words (UTC ISO)."""
    table, release = schema.revisions, schema.releases
    live = select(table.c.entry_id).where(table.c.tenant == tenant, table.c.until.is_(None))
    rows = reader.execute(
        select(table.c.entry_id, func.min(release.c.at))
        .join(release, and_(release.c.tenant == table.c.tenant, release.c.seq == table.c.since))
        .where(table.c.tenant == tenant, table.c.entry_id.in_(live))
        .group_by(table.c.entry_id)
    )
    return {row[0]: row[1] for row in rows}


def sessions(reader: Reader, tenant: str, span: Span) -> dict[str, str]:
    """When suggestions were first asked for in each session of a span: a conversation, or a request without one."""
    table = schema.decisions
    session = func.coalesce(table.c.subject, table.c.id)
    rows = reader.execute(
        select(session, func.min(table.c.at))
        .where(table.c.tenant == tenant, table.c.kind == "suggest", *_within(table.c.at, span))
        .group_by(session)
    )
    return {row[0]: row[1] for row in rows}


def edits(reader: Reader, tenant: str, span: Span) -> dict[str, int]:
    """Releases of a span, and how many entries they added, changed and removed, release by release."""
    table, release = schema.revisions, schema.releases
    numbers = reader.execute(
        select(release.c.seq).where(release.c.tenant == tenant, *_within(release.c.at, span))
    ).scalars()
    seqs = sorted(numbers)
    if not seqs:
        return {"releases": 0, "added": 0, "changed": 0, "removed": 0}
    rows = reader.execute(
        select(table.c.entry_id, table.c.since, table.c.until).where(
            table.c.tenant == tenant,
            or_(table.c.since.between(seqs[0], seqs[-1]), table.c.until.between(seqs[0], seqs[-1])),
        )
    ).all()
    within = set(seqs)
    put = {(row.entry_id, row.since) for row in rows if row.since in within}
    ended = {(row.entry_id, row.until) for row in rows if row.until in within}
    return {
        "releases": len(seqs),
        "added": len(put - ended),
        "changed": len(put & ended),
        "removed": len(ended - put),
    }


def published(reader: Reader, tenant: str, span: Span) -> int:
    """Changes of the handbook that were published in a span."""
    table, case = schema.case_events, schema.cases
    return int(
        reader.execute(
            select(func.count())
            .select_from(
                table.join(case, and_(case.c.tenant == table.c.tenant, case.c.id == table.c.case_id))
            )
            .where(table.c.tenant == tenant, case.c.kind == "change", table.c.move == "publish")
            .where(*_within(table.c.at, span))
        ).scalar()
        or 0
    )
