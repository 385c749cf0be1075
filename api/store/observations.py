"""Observations: one row for one thing that happened, put together where it is told again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update

from api.store.engine import Reader, Writer
from api.store.fact_tables import observations as table
from nlp.metrics.observation import DIMENSIONS, Observation, merged

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Put:
    """How many rows were new, changed, and as they were."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: Put) -> Put:
        created, updated = self.created + other.created, self.updated + other.updated
        return Put(created, updated, self.unchanged + other.unchanged)


class OtherKind(Exception):
    """An id that is another kind's: nothing of what was told is kept."""


def put(
    writer: Writer, tenant: str, told: Iterable[Observation], undated: frozenset[str] = frozenset()
) -> Put:
    """Keep observations by their ids; one that is there takes on what is told now. Twice the same changes nothing.

    Those of `undated` keep the time they have. Raises OtherKind.
    """
    every = list(told)
    done = Put()
    for at in range(0, len(every), CHUNK):
        done += _put(writer, tenant, every[at : at + CHUNK], undated)
    return done


def _put(writer: Writer, tenant: str, part: Sequence[Observation], undated: frozenset[str]) -> Put:
    there = {one.id: one for one in _of_ids(Reader(writer), tenant, {one.id for one in part})}
    before, told = dict(there), dict[str, Observation]()
    for each in part:
        known, one = there.get(each.id), each
        if known is not None and known.kind != one.kind:
            raise OtherKind(f"编号 {one.id[:80]} 已用于另一种观测（{known.kind}）")
        if known is not None and one.id in undated:
            one = replace(one, at=known.at)
        there[one.id] = told[one.id] = one if known is None else merged(known, one)
    fresh = [_row(tenant, one) for name, one in told.items() if name not in before]
    if fresh:
        writer.execute(table.insert(), fresh)
    changed = [one for name, one in told.items() if name in before and _differs(before[name], one)]
    for one in changed:
        row = _row(tenant, one)
        writer.execute(update(table).where(table.c.tenant == tenant, table.c.id == row.pop("id")).values(row))
    return Put(len(fresh), len(changed), len(told) - len(fresh) - len(changed))


def _differs(before: Observation, after: Observation) -> bool:
    return _row("", before) != _row("", after)


def _row(tenant: str, one: Observation) -> dict[str, Any]:
    labels = {name: getattr(one, name) for name in DIMENSIONS}
    at = one.at.astimezone(UTC).isoformat(timespec="milliseconds")
    return {"tenant": tenant, "id": one.id, "kind": one.kind, "at": at, **labels, "values": dict(one.values)}


_COLUMNS = (table.c.id, table.c.kind, table.c.at, *(table.c[name] for name in DIMENSIONS), table.c["values"])
"""In the order of an Observation."""


def _read(row: Any) -> Observation:
    return Observation(row[0], row[1], datetime.fromisoformat(row[2]), *row[3:])


def _of_ids(reader: Reader, tenant: str, identities: set[str]) -> Iterator[Observation]:
    query = select(*_COLUMNS).where(table.c.tenant == tenant, table.c.id.in_(sorted(identities)))
    return (_read(row) for row in reader.execute(query))


def move(writer: Writer, tenant: str, identity: str, to: str, kind: str) -> None:
    """Count an observation, if there is one, under another id and kind, in place of what stood there."""
    if get(Reader(writer), tenant, identity) is None:
        return
    writer.execute(table.delete().where(table.c.tenant == tenant, table.c.id == to))
    mine = (table.c.tenant == tenant, table.c.id == identity)
    writer.execute(update(table).where(*mine).values(id=to, kind=kind))


def get(reader: Reader, tenant: str, identity: str) -> Observation | None:
    """One observation."""
    return next(_of_ids(reader, tenant, {identity}), None)


def about(reader: Reader, tenant: str, kind: str, subject: str) -> Iterator[Observation]:
    """Observations of a kind about one subject, in order of time."""
    query = select(*_COLUMNS).where(
        table.c.tenant == tenant, table.c.kind == kind, table.c.subject == subject
    )
    return (_read(row) for row in reader.execute(query.order_by(table.c.at, table.c.id)))


def between(
    reader: Reader,
    tenant: str,
    kind: str,
    since: datetime,
    until: datetime,
    about: Mapping[str, str] | None = None,
    after: tuple[str, str] | None = None,
    without: Collection[str] = (),
) -> Iterator[Observation]:
    """Observations of a kind in `[since, until)` by time and id, streamed; `about` holds dimensions to match.

    Those of the categories in `without` are left out.

    `after` is the (time, id) of the last one read: what comes behind it is read.
    """
    first, last = (at.astimezone(UTC).isoformat(timespec="milliseconds") for at in (since, until))
    query = select(*_COLUMNS).where(
        table.c.tenant == tenant, table.c.kind == kind, table.c.at >= first, table.c.at < last
    )
    for name, value in (about or {}).items():
        query = query.where(table.c[name] == value)
    if after is not None:
        query = query.where(_behind(*after))
    if without:
        query = query.where(or_(table.c.category.is_(None), table.c.category.not_in(sorted(without))))
    rows = reader.execute(query.order_by(table.c.at, table.c.id).execution_options(yield_per=CHUNK))
    return (_read(row) for row in rows)


def _behind(at: str, identity: str) -> ColumnElement[bool]:
    return or_(table.c.at > at, and_(table.c.at == at, table.c.id > identity))
