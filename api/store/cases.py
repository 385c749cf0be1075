"""Cases and their events: every change of a case is one event, numbered by the case's revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select, update

from api.store import schema
from api.store.engine import Reader, Writer

Json = dict[str, Any]


class Moved(Exception):
    """The case changed since it was read: read again and decide again."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case as stored; times are ISO 8601 in UTC. `approvals` is `{role: {"by","at"}}` of the present state."""

    id: str
    kind: str
    state: str
    subject: str | None
    title: str
    owner: str | None
    data: Json
    approvals: Json
    due_at: str | None
    revision: int
    created_by: str
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: who made which move, in which roles, with what."""

    at: str
    by: str
    roles: Sequence[str]
    move: str
    source: str | None
    target: str
    note: str | None
    data: Json


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody may see: `every` case of some kinds, of others those they own or made."""

    actor: str
    every: tuple[str, ...]
    owned: tuple[str, ...]
    made: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of a list; an absent one lets everything through. `overdue_at` keeps what was due by then."""

    kind: str | None = None
    state: str | None = None
    owner: str | None = None
    subject: str | None = None
    overdue_at: str | None = None
    sprint: str | None = None


COLUMNS = tuple(field.name for field in fields(Case))


def _case(row: Any) -> Case:
    return Case(**{name: getattr(row, name) for name in COLUMNS})


def create(writer: Writer, tenant: str, made: Case, event: Event) -> None:
    """Keep a new case with its first event."""
    values = {name: getattr(made, name) for name in COLUMNS}
    writer.execute(schema.cases.insert().values(tenant=tenant, **values))
    _add_event(writer, tenant, made.id, made.revision, event)


def save(writer: Writer, tenant: str, read: Case, changed: Case, event: Event) -> Case:
    """Replace a case that is still as it was read, with the event that changed it. Raises Moved."""
    table = schema.cases
    after = replace(changed, revision=read.revision + 1, updated_at=event.at)
    done = writer.execute(
        update(table)
        .where(table.c.tenant == tenant, table.c.id == read.id, table.c.revision == read.revision)
        .values({name: getattr(after, name) for name in COLUMNS if name != "id"})
    )
    if done.rowcount != 1:
        raise Moved(f"{read.id} 同时有别的写入：请重新读取")
    _add_event(writer, tenant, read.id, after.revision, event)
    return after


def _add_event(writer: Writer, tenant: str, identity: str, number: int, event: Event) -> None:
    values = {
        "tenant": tenant, "case_id": identity, "number": number, "at": event.at, "by": event.by,
        "roles": list(event.roles), "move": event.move, "from": event.source, "to": event.target,
        "note": event.note, "data": event.data,
    }  # fmt: skip
    writer.execute(schema.case_events.insert().values(values))


def get(reader: Reader, tenant: str, identity: str) -> Case | None:
    """One case."""
    table = schema.cases
    row = reader.execute(select(table).where(table.c.tenant == tenant, table.c.id == identity)).first()
    return None if row is None else _case(row)


def events_of(reader: Reader, tenant: str, identity: str) -> list[Json]:
    """Everything that happened to a case, oldest first."""
    table = schema.case_events
    shown = [column for column in table.c if column.name not in ("tenant", "case_id")]
    rows = reader.execute(
        select(*shown).where(table.c.tenant == tenant, table.c.case_id == identity).order_by(table.c.number)
    )
    return [dict(row._mapping) for row in rows]


def actors_of(reader: Reader, tenant: str, identity: str, moves: Sequence[str]) -> frozenset[str]:
    """Who made any of these moves on a case."""
    table = schema.case_events
    rows = reader.execute(
        select(table.c.by).where(
            table.c.tenant == tenant, table.c.case_id == identity, table.c.move.in_(moves)
        )
    )
    return frozenset(rows.scalars())


def listed(
    reader: Reader, tenant: str, wanted: Wanted, sight: Sight | None, after: str | None, limit: int
) -> list[Case]:
    """Cases, newest first, from the one behind `after` on; `sight` None sees all of the tenant's."""
    table = schema.cases
    query = select(table).where(table.c.tenant == tenant, *_filters(wanted), _seen(sight))
    if after is not None:
        last = get(reader, tenant, after)
        if last is None:
            return []
        at = table.c.created_at
        earlier = and_(at == last.created_at, table.c.id < last.id)
        query = query.where(or_(at < last.created_at, earlier))
    rows = reader.execute(query.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit))
    return [_case(row) for row in rows]


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    table = schema.cases
    pairs = (
        (table.c.kind, wanted.kind),
        (table.c.state, wanted.state),
        (table.c.owner, wanted.owner),
        (table.c.subject, wanted.subject),
    )
    found: list[ColumnElement[bool]] = [column == value for column, value in pairs if value is not None]
    if wanted.sprint is not None:
        found.append(table.c.data["sprint"].as_string() == wanted.sprint)
    if wanted.overdue_at is not None:
        found.append(table.c.due_at <= wanted.overdue_at)
    return found


def _seen(sight: Sight | None) -> ColumnElement[bool]:
    if sight is None:
        return schema.cases.c.tenant.is_not(None)
    table = schema.cases
    return or_(
        false(),
        table.c.kind.in_(sight.every),
        and_(table.c.kind.in_(sight.owned), table.c.owner == sight.actor),
        and_(table.c.kind.in_(sight.made), table.c.created_by == sight.actor),
    )


def counted(reader: Reader, tenant: str, at: str, sight: Sight | None) -> list[tuple[str, str, int, int]]:
    """(kind, state, number, number due by `at`) of every kind and state that has cases."""
    table = schema.cases
    late = func.sum(case((table.c.due_at <= at, 1), else_=0))
    rows = reader.execute(
        select(table.c.kind, table.c.state, func.count(), late)
        .where(table.c.tenant == tenant, _seen(sight))
        .group_by(table.c.kind, table.c.state)
        .order_by(table.c.kind, table.c.state)
    )
    return [(row[0], row[1], int(row[2]), int(row[3])) for row in rows]


def due(reader: Reader, kind: str, states: Sequence[str], at: str, limit: int) -> list[tuple[str, str]]:
    """(tenant, id) of cases of every tenant whose time in a state is up: what the clock moves."""
    table = schema.cases
    rows = reader.execute(
        select(table.c.tenant, table.c.id)
        .where(table.c.kind == kind, table.c.state.in_(states), table.c.due_at <= at)
        .order_by(table.c.due_at)
        .limit(limit)
    )
    return [(row.tenant, row.id) for row in rows]
