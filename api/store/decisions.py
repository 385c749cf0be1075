"""Decisions, the feedback on them, and idempotent replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from api.store import schema
from api.store.engine import Reader, Writer
from api.store.keys import now

SENT_LOOKED_AT = 100
"""Feedback looked through for what was sent: a turn's work must not grow with its conversation."""


class Mismatch(Exception):
    """An idempotency key that was used before with another content."""


def save(
    writer: Writer,
    tenant: str,
    kind: str,
    request: Mapping[str, Any],
    reply: Mapping[str, Any],
    *,
    subject: str | None = None,
    customer: str | None = None,
) -> None:
    """Keep a decision as it was told; `reply["id"]` is its id, `subject` what it is about."""
    writer.execute(
        schema.decisions.insert().values(
            tenant=tenant,
            id=reply["id"],
            kind=kind,
            subject=subject,
            customer=customer,
            at=now(),
            request=dict(request),
            reply=dict(reply),
        )
    )


def get(
    reader: Reader, tenant: str, kind: str, identity: str
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Request and reply of a decision."""
    table = schema.decisions
    row = reader.execute(
        select(table.c.request, table.c.reply).where(
            table.c.tenant == tenant, table.c.kind == kind, table.c.id == identity
        )
    ).first()
    return None if row is None else (row.request, row.reply)


def find(reader: Reader, tenant: str, identity: str) -> dict[str, Any] | None:
    """A decision of any kind: id, kind, when it was made, request and reply."""
    table = schema.decisions
    row = reader.execute(select(table).where(table.c.tenant == tenant, table.c.id == identity)).first()
    if row is None:
        return None
    return {"id": row.id, "kind": row.kind, "at": row.at, "request": row.request, "reply": row.reply}


def about(reader: Reader, tenant: str, kind: str, subject: str) -> dict[str, Any] | None:
    """The latest decision of a kind about a subject."""
    table = schema.decisions
    row = reader.execute(
        select(table.c.reply)
        .where(table.c.tenant == tenant, table.c.kind == kind, table.c.subject == subject)
        .order_by(table.c.at.desc())
        .limit(1)
    ).first()
    return None if row is None else dict(row.reply)


def since(reader: Reader, tenant: str, kind: str, at: str, limit: int = 500) -> list[dict[str, Any]]:
    """Decisions of a kind made at or after `at` (UTC ISO), newest first, each with its time."""
    table = schema.decisions
    rows = reader.execute(
        select(table.c.at, table.c.subject, table.c.reply)
        .where(table.c.tenant == tenant, table.c.kind == kind, table.c.at >= at)
        .order_by(table.c.at.desc())
        .limit(limit)
    )
    return [{"at": row.at, "subject": row.subject, **row.reply} for row in rows]


def add_feedback(
    writer: Writer, tenant: str, identity: str, kind: str, subject: str, actor: str, data: Mapping[str, Any]
) -> None:
    """Record what a person did about a decision."""
    writer.execute(
        schema.feedback.insert().values(
            tenant=tenant, id=identity, kind=kind, subject=subject, actor=actor, at=now(), data=dict(data)
        )
    )


def feedback_since(reader: Reader, tenant: str, kind: str, at: str) -> list[dict[str, Any]]:
    """Feedback of a kind at or after `at`, oldest first."""
    table = schema.feedback
    rows = reader.execute(
        select(table)
        .where(table.c.tenant == tenant, table.c.kind == kind, table.c.at >= at)
        .order_by(table.c.at)
    )
    return [
        {"id": row.id, "subject": row.subject, "actor": row.actor, "at": row.at, **row.data} for row in rows
    ]


def replayed(reader: Reader, tenant: str, key: str, digest: str) -> tuple[int, dict[str, Any]] | None:
    """The stored status and reply of an idempotency key. Raises Mismatch for another content."""
    table = schema.idempotency
    row = reader.execute(select(table).where(table.c.tenant == tenant, table.c.key == key)).first()
    if row is None:
        return None
    if row.digest != digest:
        raise Mismatch("同一个 Idempotency-Key 用于了不同的内容")
    return row.status, row.reply


def remember(
    writer: Writer, tenant: str, key: str, digest: str, status: int, reply: Mapping[str, Any]
) -> None:
    """Store the reply under the idempotency key, in the transaction of the effect."""
    writer.execute(
        schema.idempotency.insert().values(
            tenant=tenant, key=key, digest=digest, status=status, reply=dict(reply), at=now()
        )
    )


def requests_of(
    reader: Reader,
    tenant: str,
    kind: str,
    customers: Sequence[str],
    at: str,
    limit: int = 200,
    before: str | None = None,
) -> list[tuple[str, dict[str, Any]]]:
    """Subjects and (masked) requests of these customers since `at` (and before `before`), newest first."""
    table = schema.decisions
    ended = () if before is None else (table.c.at < before,)
    rows = reader.execute(
        select(table.c.subject, table.c.request)
        .where(
            table.c.tenant == tenant,
            table.c.customer.in_(customers),
            table.c.at >= at,
            table.c.kind == kind,
            *ended,
        )
        .order_by(table.c.at.desc())
        .limit(limit)
    )
    return [(row.subject, row.request) for row in rows]


def sent_in(reader: Reader, tenant: str, conversation_id: str) -> list[str]:
    """Entries an agent sent lately in a conversation."""
    table = schema.feedback
    rows = reader.execute(
        select(table.c.data)
        .where(table.c.tenant == tenant, table.c.kind == "suggestion", table.c.subject == conversation_id)
        .order_by(table.c.at.desc())
        .limit(SENT_LOOKED_AT)
    )
    return [row.data["entry_id"] for row in rows if row.data["action"] == "sent"]


def counted(
    reader: Reader, tenant: str, kind: str, since: str, until: str, *path: str | int
) -> dict[str, int]:
    """Decisions of a kind made in `[since, until)` by the value at `path` of their reply."""
    table = schema.decisions
    value = table.c.reply[path].as_string()
    rows = reader.execute(
        select(value, func.count())
        .where(table.c.tenant == tenant, table.c.kind == kind, table.c.at >= since, table.c.at < until)
        .group_by(value)
    )
    return {str(name): int(number) for name, number in rows if name is not None}


def feedback_counted(
    reader: Reader, tenant: str, kind: str, since: str, until: str, *path: str | int
) -> dict[str, int]:
    """Feedback of a kind given in `[since, until)` by the value at `path` of its data."""
    table = schema.feedback
    value = table.c.data[path].as_string()
    rows = reader.execute(
        select(value, func.count())
        .where(table.c.tenant == tenant, table.c.kind == kind, table.c.at >= since, table.c.at < until)
        .group_by(value)
    )
    return {str(name): int(number) for name, number in rows if name is not None}
