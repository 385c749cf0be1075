"""Entries over time: immutable revisions between releases, drafts, tombstones.

A revision holds from release `since` until release `until`. So every past release can be read back whole,
an edit costs one row, and a delete is a row that ends plus a tombstone that says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from api.store import schema
from api.store.engine import Reader, Writer
from api.store.keys import now

Json = dict[str, Any]
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Release:
    """One immutable version of the handbook."""

    seq: int
    name: str
    at: str
    by: str
    note: str


def _release(row: Any) -> Release:
    return Release(row.seq, row.name, row.at, row.by, row.note)


def head(reader: Reader, tenant: str) -> Release | None:
    """The newest release."""
    table = schema.releases
    row = reader.execute(
        select(table).where(table.c.tenant == tenant).order_by(table.c.seq.desc()).limit(1)
    ).first()
    return None if row is None else _release(row)


def heads(reader: Reader) -> dict[str, int]:
    """Newest release number of every tenant: what a running process compares to see others' writes."""
    table = schema.releases
    rows = reader.execute(select(table.c.tenant, func.max(table.c.seq)).group_by(table.c.tenant))
    return {row[0]: int(row[1]) for row in rows}


def releases(reader: Reader, tenant: str, limit: int = 200) -> list[Release]:
    """Releases, newest first."""
    table = schema.releases
    rows = reader.execute(
        select(table).where(table.c.tenant == tenant).order_by(table.c.seq.desc()).limit(limit)
    )
    return [_release(row) for row in rows]


def release_named(reader: Reader, tenant: str, name: str) -> Release | None:
    table = schema.releases
    row = reader.execute(select(table).where(table.c.tenant == tenant, table.c.name == name)).first()
    return None if row is None else _release(row)


def release_at(reader: Reader, tenant: str, at: str) -> Release | None:
    """The release in force at `at` (UTC ISO); the first one for a time before any."""
    table = schema.releases
    newest = (
        select(table).where(table.c.tenant == tenant, table.c.at <= at).order_by(table.c.seq.desc()).limit(1)
    )
    oldest = select(table).where(table.c.tenant == tenant).order_by(table.c.seq).limit(1)
    row = reader.execute(newest).first() or reader.execute(oldest).first()
    return None if row is None else _release(row)


def entries_of(reader: Reader, tenant: str, seq: int) -> dict[str, Json]:
    """Every entry of a release, by id."""
    table = schema.revisions
    rows = reader.execute(
        select(table.c.entry_id, table.c.entry)
        .where(
            table.c.tenant == tenant, table.c.since <= seq, or_(table.c.until.is_(None), table.c.until > seq)
        )
        .order_by(table.c.entry_id)
    )
    return {row.entry_id: row.entry for row in rows}


def changes(reader: Reader, tenant: str, after: int, upto: int) -> tuple[dict[str, Json], frozenset[str]]:
    """What turns release `after` into `upto`: entries to put, ids to drop."""
    table = schema.revisions
    put = reader.execute(
        select(table.c.entry_id, table.c.entry).where(
            table.c.tenant == tenant,
            table.c.since > after,
            table.c.since <= upto,
            or_(table.c.until.is_(None), table.c.until > upto),
        )
    )
    entries = {row.entry_id: row.entry for row in put}
    ended = reader.execute(
        select(table.c.entry_id).where(table.c.tenant == tenant, table.c.until > after, table.c.until <= upto)
    )
    return entries, frozenset(row.entry_id for row in ended) - entries.keys()


def get(reader: Reader, tenant: str, entry_id: str) -> Json | None:
    """The live entry, with the release it stands in since."""
    table = schema.revisions
    row = reader.execute(
        select(table.c.entry).where(
            table.c.tenant == tenant, table.c.entry_id == entry_id, table.c.until.is_(None)
        )
    ).first()
    return None if row is None else dict(row.entry)


def tombstone(reader: Reader, tenant: str, entry_id: str) -> Json | None:
    """Proof of a delete: when, by whom, in which release."""
    table = schema.tombstones
    row = reader.execute(select(table).where(table.c.tenant == tenant, table.c.entry_id == entry_id)).first()
    return None if row is None else {"entry_id": entry_id, "release": row.release, "by": row.by, "at": row.at}


def listed(
    reader: Reader, tenant: str, *, kind: str | None = None, after: str = "", limit: int = 100
) -> list[Json]:
    """Live entries by id, a page after the id `after`."""
    table = schema.revisions
    conditions = [table.c.tenant == tenant, table.c.until.is_(None), table.c.entry_id > after]
    if kind is not None:
        conditions.append(table.c.entry["kind"].as_string() == kind)
    rows = reader.execute(
        select(table.c.entry).where(and_(*conditions)).order_by(table.c.entry_id).limit(limit)
    )
    return [dict(row.entry) for row in rows]


def lock(writer: Writer, tenant: str) -> int:
    """Hold the tenant's handbook for this transaction; returns the newest release number, 0 for none."""
    writer.execute(select(schema.tenants.c.id).where(schema.tenants.c.id == tenant).with_for_update())
    table = schema.releases
    return int(writer.execute(select(func.max(table.c.seq)).where(table.c.tenant == tenant)).scalar() or 0)


def add_release(writer: Writer, tenant: str, seq: int, name: str, by: str, note: str) -> Release:
    """Open release `seq`, in which the following `put` and `end` take part."""
    release = Release(seq, name, now(), by, note)
    writer.execute(
        schema.releases.insert().values(tenant=tenant, seq=seq, name=name, at=release.at, by=by, note=note)
    )
    return release


def put(writer: Writer, tenant: str, seq: int, entries: Mapping[str, Json]) -> None:
    """Let release `seq` hold these entries in place of what they were."""
    end(writer, tenant, seq, entries)
    rows = [
        {"tenant": tenant, "entry_id": identity, "since": seq, "until": None, "entry": entry}
        for identity, entry in entries.items()
    ]
    for at in range(0, len(rows), CHUNK):
        writer.execute(schema.revisions.insert(), rows[at : at + CHUNK])
    gone = schema.tombstones
    for part in _chunks(entries):
        writer.execute(gone.delete().where(gone.c.tenant == tenant, gone.c.entry_id.in_(part)))


def end(writer: Writer, tenant: str, seq: int, entry_ids: Iterable[str]) -> int:
    """Let these entries end with release `seq`; returns how many were live."""
    table = schema.revisions
    ended = 0
    for part in _chunks(entry_ids):
        done = writer.execute(
            update(table)
            .where(table.c.tenant == tenant, table.c.entry_id.in_(part), table.c.until.is_(None))
            .values(until=seq)
        )
        ended += done.rowcount
    return ended


def bury(writer: Writer, tenant: str, entry_id: str, release: str, by: str) -> Json:
    """Write the tombstone of a deleted entry."""
    table = schema.tombstones
    writer.execute(table.delete().where(table.c.tenant == tenant, table.c.entry_id == entry_id))
    at = now()
    writer.execute(table.insert().values(tenant=tenant, entry_id=entry_id, release=release, by=by, at=at))
    return {"entry_id": entry_id, "release": release, "by": by, "at": at}


def draft(reader: Reader, tenant: str) -> dict[str, Json | None]:
    """The open draft: id to entry, None for a planned deletion."""
    table = schema.drafts
    rows = reader.execute(select(table.c.entry_id, table.c.entry).where(table.c.tenant == tenant))
    return {row.entry_id: row.entry for row in rows}


def set_draft(writer: Writer, tenant: str, entries: Mapping[str, Json | None], by: str) -> None:
    """Write into the open draft."""
    table = schema.drafts
    for part in _chunks(entries):
        writer.execute(table.delete().where(table.c.tenant == tenant, table.c.entry_id.in_(part)))
    rows = [
        {"tenant": tenant, "entry_id": identity, "entry": entry, "by": by, "at": now()}
        for identity, entry in entries.items()
    ]
    for at in range(0, len(rows), CHUNK):
        writer.execute(table.insert(), rows[at : at + CHUNK])


def clear_draft(writer: Writer, tenant: str, entry_ids: Iterable[str] | None = None) -> None:
    """Empty the open draft, or take some entries out of it."""
    table = schema.drafts
    if entry_ids is None:
        writer.execute(table.delete().where(table.c.tenant == tenant))
        return
    for part in _chunks(entry_ids):
        writer.execute(table.delete().where(table.c.tenant == tenant, table.c.entry_id.in_(part)))


def _chunks(identities: Iterable[str]) -> Iterable[list[str]]:
    every = list(identities)
    return (every[at : at + CHUNK] for at in range(0, len(every), CHUNK))
