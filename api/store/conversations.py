"""Conversations, their turns and the events that desks follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from api.store import schema
from api.store.engine import Reader, Writer
from api.store.keys import now

Json = dict[str, Any]


class Exists(Exception):
    """A conversation with this id is there already."""


class Moved(Exception):
    """The conversation went on since it was read: read again and decide again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation as stored; `turns` counts its turns, `revision` its changes."""

    id: str
    status: str
    state: Json
    turns: int
    revision: int
    created_at: str
    updated_at: str


def _kept(row: Any) -> Kept:
    return Kept(row.id, row.status, row.state, row.turns, row.revision, row.created_at, row.updated_at)


def create(writer: Writer, tenant: str, identity: str, status: str, state: Json) -> None:
    """Open a conversation. Raises Exists."""
    if get(Reader(writer), tenant, identity) is not None:
        raise Exists(f"会话 {identity} 已存在")
    at = now()
    writer.execute(
        schema.conversations.insert().values(
            tenant=tenant,
            id=identity,
            status=status,
            state=state,
            turns=0,
            revision=0,
            created_at=at,
            updated_at=at,
        )
    )


def get(reader: Reader, tenant: str, identity: str) -> Kept | None:
    """One conversation."""
    table = schema.conversations
    row = reader.execute(select(table).where(table.c.tenant == tenant, table.c.id == identity)).first()
    return None if row is None else _kept(row)


def answered(reader: Reader, tenant: str, identity: str, turn_id: str) -> tuple[Json, Json] | None:
    """The turn with this id and the reply it was given, if it came before."""
    table = schema.turns
    row = reader.execute(
        select(table.c.turn, table.c.reply).where(
            table.c.tenant == tenant, table.c.conversation_id == identity, table.c.turn_id == turn_id
        )
    ).first()
    return None if row is None else (row.turn, row.reply)


def advance(writer: Writer, tenant: str, read: Kept, status: str, state: Json, added: int) -> None:
    """Replace the state of a conversation that is still as it was read. Raises Moved."""
    table = schema.conversations
    done = writer.execute(
        update(table)
        .where(table.c.tenant == tenant, table.c.id == read.id, table.c.revision == read.revision)
        .values(
            status=status,
            state=state,
            turns=read.turns + added,
            revision=read.revision + 1,
            updated_at=now(),
        )
    )
    if done.rowcount != 1:
        raise Moved(f"会话 {read.id} 同时有别的写入")


def add_turn(writer: Writer, tenant: str, identity: str, number: int, turn: Json, reply: Json) -> None:
    """Append a turn (text masked by the caller) with its reply."""
    writer.execute(
        schema.turns.insert().values(
            tenant=tenant,
            conversation_id=identity,
            number=number,
            turn_id=reply["turn_id"],
            turn=turn,
            reply=reply,
        )
    )


def turns_of(
    reader: Reader, tenant: str, identity: str, limit: int, last: bool = False, before: int | None = None
) -> list[tuple[Json, Json]]:
    """Turns with their replies in order: the first `limit`, or the last ones (below number `before`)."""
    table = schema.turns
    order = table.c.number.desc() if last else table.c.number
    query = select(table.c.turn, table.c.reply).where(
        table.c.tenant == tenant, table.c.conversation_id == identity
    )
    if before is not None:
        query = query.where(table.c.number < before)
    rows = reader.execute(query.order_by(order).limit(limit)).all()
    found = [(row.turn, row.reply) for row in rows]
    return found[::-1] if last else found


def last_said(reader: Reader, tenant: str, identity: str, limit: int) -> list[Json]:
    """The last `limit` turns in order, without their replies."""
    table = schema.turns
    rows = reader.execute(
        select(table.c.turn)
        .where(table.c.tenant == tenant, table.c.conversation_id == identity)
        .order_by(table.c.number.desc())
        .limit(limit)
    )
    return [row.turn for row in rows][::-1]


def recent(
    reader: Reader, tenant: str, since: str, limit: int = 200, statuses: tuple[str, ...] = ()
) -> list[Kept]:
    """Conversations touched at or after `since`, newest first."""
    table = schema.conversations
    query = select(table).where(table.c.tenant == tenant, table.c.updated_at >= since)
    if statuses:
        query = query.where(table.c.status.in_(statuses))
    return [_kept(row) for row in reader.execute(query.order_by(table.c.updated_at.desc()).limit(limit))]


def rested(reader: Reader, tenant: str, since: str, until: str) -> list[Kept]:
    """Conversations with turns whose last change lies in `[since, until)`, oldest first."""
    table = schema.conversations
    within = (table.c.updated_at >= since, table.c.updated_at < until, table.c.turns > 0)
    rows = reader.execute(
        select(table).where(table.c.tenant == tenant, *within).order_by(table.c.updated_at, table.c.id)
    )
    return [_kept(row) for row in rows]


def counted(reader: Reader, tenant: str, since: str) -> dict[str, int]:
    """Number of conversations touched at or after `since`, by status."""
    table = schema.conversations
    rows = reader.execute(
        select(table.c.status, func.count())
        .where(table.c.tenant == tenant, table.c.updated_at >= since)
        .group_by(table.c.status)
    )
    return {str(status): int(number) for status, number in rows}


def add_event(writer: Writer, tenant: str, identity: str, kind: str, data: Mapping[str, Any]) -> None:
    """Append an event in the transaction of what it tells of."""
    writer.execute(
        schema.events.insert().values(
            tenant=tenant, conversation_id=identity, type=kind, at=now(), data=dict(data)
        )
    )


def events_after(
    reader: Reader, tenant: str, after: int, conversation_id: str | None = None, limit: int = 200
) -> list[tuple[int, str, Json]]:
    """Events with an id above `after`, in order: (id, type, data)."""
    table = schema.events
    query = select(table.c.id, table.c.type, table.c.data, table.c.conversation_id).where(
        table.c.tenant == tenant, table.c.id > after
    )
    if conversation_id is not None:
        query = query.where(table.c.conversation_id == conversation_id)
    rows = reader.execute(query.order_by(table.c.id).limit(limit))
    return [(row.id, row.type, {"conversation_id": row.conversation_id, **row.data}) for row in rows]


STEPS_LOOKED_AT = 50
"""Handoff events looked through for the present wait."""


def requested(reader: Reader, tenant: str, conversation_id: str) -> tuple[int, str] | None:
    """(event, time) of the request for a person that still waits for a person's first word; None without one."""
    found = None
    for row in _steps(reader, tenant, conversation_id):
        if row.data["state"] == "requested":
            found = (int(row.id), str(row.at))
        elif row.data["state"] != "accepted":
            break
    return found


def accepted_by(reader: Reader, tenant: str, conversation_id: str) -> str | None:
    """Who took the conversation over last."""
    steps = (row.data for row in _steps(reader, tenant, conversation_id))
    return next((str(data["by"]) for data in steps if data.get("step") == "accept"), None)


def _steps(reader: Reader, tenant: str, conversation_id: str) -> Iterable[Any]:
    """The last handoff events of a conversation, newest first."""
    table = schema.events
    return reader.execute(
        select(table.c.id, table.c.at, table.c.data)
        .where(
            table.c.tenant == tenant, table.c.conversation_id == conversation_id, table.c.type == "handoff"
        )
        .order_by(table.c.id.desc())
        .limit(STEPS_LOOKED_AT)
    )


def last_event(reader: Reader, tenant: str, conversation_id: str | None = None) -> int:
    """Id of the newest event, 0 for none: where a stream without Last-Event-ID begins."""
    table = schema.events
    query = select(table.c.id).where(table.c.tenant == tenant)
    if conversation_id is not None:
        query = query.where(table.c.conversation_id == conversation_id)
    row = reader.execute(query.order_by(table.c.id.desc()).limit(1)).first()
    return 0 if row is None else int(row.id)
