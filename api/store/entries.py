"""Entries over time: immutable revisions between releases, drafts, tombstones.

A revision holds from release `since` until release `until`. So every past release can be read back whole,
an edit costs one row, and a delete is a row that ends plus a tombstone that says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update

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


def every_release(reader: Reader, tenant: str, upto: int) -> list[Release]:
    """Releases up to a number, the oldest first."""
    table = schema.releases
    rows = reader.execute(
        select(table).where(table.c.tenant == tenant, table.c.seq <= upto).order_by(table.c.seq)
    )
    return [_release(row) for row in rows]


def every_revision(reader: Reader, tenant: str, upto: int) -> Iterator[Json]:
    """Revisions up to a release, by id: what each of those releases can be built from again."""
    table = schema.revisions
    rows = reader.execute(
        select(table.c.entry_id, table.c.since, table.c.until, table.c.entry)
        .where(table.c.tenant == tenant, table.c.since <= upto)
        .order_by(table.c.entry_id, table.c.since)
        .execution_options(yield_per=CHUNK)
    )
    for row in rows:
        yield {"id": row.entry_id, "since": row.since, "until": row.until, "entry": row.entry}


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


def _live() -> ColumnElement[bool]:
    """A revision that stands, written so that rows are found by their id and not among all that stand."""
    return func.coalesce(schema.revisions.c.until, -1) == -1


def get(reader: Reader, tenant: str, entry_id: str) -> Json | None:
    """The live entry, with the release it stands in since."""
    table = schema.revisions
    row = reader.execute(
        select(table.c.entry).where(table.c.tenant == tenant, table.c.entry_id == entry_id, _live())
    ).first()
    return None if row is None else dict(row.entry)


def texts_of(
    reader: Reader, tenant: str, entry_ids: Sequence[str], seq: int | None = None
) -> dict[str, list[Json]]:
    """Every text of these entries in release `seq` (None: the newest): its own first, then those about to end."""
    keys = _outgoing(reader, tenant, entry_ids)
    table, found = schema.revisions, dict[str, list[Json]]()
    stands = _live()
    if seq is not None:
        stands = and_(table.c.since <= seq, or_(table.c.until.is_(None), table.c.until > seq))
    for part in _chunks((*entry_ids, *keys)):
        rows = reader.execute(
            select(table.c.entry_id, table.c.entry).where(
                table.c.tenant == tenant, table.c.entry_id.in_(part), stands
            )
        )
        for row in rows:
            found.setdefault(keys.get(row.entry_id, row.entry_id), []).append(dict(row.entry))
    return found


def _outgoing(reader: Reader, tenant: str, entry_ids: Sequence[str]) -> dict[str, str]:
    """Ids of texts that stood or stand before these entries' own, with the entry's."""
    table = schema.outgoing
    mine = select(table.c.entry_id, table.c.key).where(table.c.tenant == tenant)
    if len(entry_ids) <= CHUNK:
        rows = reader.execute(mine.where(table.c.entry_id.in_(entry_ids)))
        return {row.key: row.entry_id for row in rows}
    wanted = set(entry_ids)
    return {row.key: row.entry_id for row in reader.execute(mine) if row.entry_id in wanted}


def outgoing_texts(reader: Reader, tenant: str) -> dict[str, Json]:
    """Texts of the newest release that stand before another, by id."""
    table, out = schema.revisions, schema.outgoing
    keys = reader.execute(select(out.c.key).where(out.c.tenant == tenant)).scalars().all()
    found: dict[str, Json] = {}
    for part in _chunks(keys):
        rows = reader.execute(
            select(table.c.entry_id, table.c.entry).where(
                table.c.tenant == tenant, table.c.entry_id.in_(part), _live()
            )
        )
        found |= {row.entry_id: dict(row.entry) for row in rows}
    return found


def keep_outgoing(writer: Writer, tenant: str, keys: Mapping[str, str]) -> None:
    """Remember which texts (by id) stand before which entry's own."""
    table = schema.outgoing
    for key, entry_id in keys.items():
        known = (table.c.tenant == tenant, table.c.entry_id == entry_id, table.c.key == key)
        if writer.execute(select(table.c.key).where(*known)).first() is None:
            writer.execute(table.insert().values(tenant=tenant, entry_id=entry_id, key=key))


def since_named(reader: Reader, tenant: str, entry_id: str, seq: int) -> str | None:
    """The release in which an entry got the text that it has in release `seq`."""
    text, release = schema.revisions, schema.releases
    row = reader.execute(
        select(release.c.name)
        .join(text, and_(text.c.tenant == release.c.tenant, text.c.since == release.c.seq))
        .where(
            text.c.tenant == tenant,
            text.c.entry_id == entry_id,
            text.c.since <= seq,
            or_(text.c.until.is_(None), text.c.until > seq),
        )
    ).first()
    return None if row is None else str(row.name)


def versions(reader: Reader, tenant: str, entry_id: str) -> list[Json]:
    """Every text that an entry ever had, oldest first: the releases it came and went with, and when."""
    text, release = schema.revisions, schema.releases
    rows = reader.execute(
        select(text.c.since, text.c.until, text.c.entry, release.c.name, release.c.at)
        .join(release, and_(text.c.tenant == release.c.tenant, text.c.since == release.c.seq))
        .where(text.c.tenant == tenant, text.c.entry_id == entry_id)
        .order_by(text.c.since)
    )
    return [
        {"since": row.since, "until": row.until, "release": row.name, "at": row.at, "entry": dict(row.entry)}
        for row in rows
    ]


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
    own = table.c.entry["successor"].as_string().is_(None)
    conditions = [table.c.tenant == tenant, table.c.until.is_(None), table.c.entry_id > after, own]
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
            .where(table.c.tenant == tenant, table.c.entry_id.in_(part), _live())
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
