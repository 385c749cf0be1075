"""Writes to the handbook: one release a write, in the caller's transaction; what stands, what ends, what is frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from api.store import Reader, Writer, changes, entries
from api.store.entries import Release
from kb import handbook
from kb.entries import Entry, from_json, to_json


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: the release it stands in; None for a draft."""

    release: Release | None
    ids: tuple[str, ...]


def write(
    writer: Writer,
    tenant: str,
    put: Mapping[str, Entry],
    drop: frozenset[str],
    *,
    by: str,
    note: str,
    reviewed: bool,
    thaw: bool = False,
) -> Written:
    """Publish at once (or, for a reviewed site, put into the draft; a delete is immediate in both).

    `thaw` lets frozen entries be changed: for an admin. Raises FrozenEntry.
    """
    raw = {name: to_json(replace(entry, successor="")) for name, entry in put.items()}
    ids = (*raw, *sorted(drop))
    if reviewed:
        if not thaw:
            _refuse_frozen(Reader(writer), tenant, raw, drop)
        entries.set_draft(writer, tenant, dict(raw), by)
        if not drop:
            return Written(None, ids)
        raw = {}
    return Written(publish(writer, tenant, raw, drop, by=by, note=note, thaw=thaw), ids)


def publish(
    writer: Writer,
    tenant: str,
    put: Mapping[str, dict[str, Any]],
    drop: frozenset[str],
    *,
    by: str,
    note: str,
    minor: bool = False,
    thaw: bool = False,
) -> Release:
    """One release in the caller's transaction: entries put, entries ended and buried.

    Where an entry begins later, the text it replaces stands until then. Raises FrozenEntry.
    """
    seq = entries.lock(writer, tenant) + 1
    before = entries.head(Reader(writer), tenant)
    name = handbook.next_release(before.name if before else None, published=minor)
    known = entries.texts_of(Reader(writer), tenant, (*put, *drop))
    if not thaw:
        _refuse_frozen(Reader(writer), tenant, put, drop)
    standing, over = _standing(known, put, before.name if before else "")
    over |= _ended(entries.outgoing_texts(Reader(writer), tenant)) - standing.keys()
    release = entries.add_release(writer, tenant, seq, name, by, note)
    entries.put(writer, tenant, seq, {**standing, **put})
    entries.keep_outgoing(writer, tenant, {key: raw["successor"] for key, raw in standing.items()})
    entries.end(writer, tenant, seq, (*drop, *over))
    entries.clear_draft(writer, tenant, drop)
    for identity in drop:
        entries.bury(writer, tenant, identity, name, by)
    return release


class FrozenEntry(Exception):
    """An entry that only an admin may change."""


def _refuse_frozen(
    reader: Reader, tenant: str, put: Mapping[str, dict[str, Any]], drop: frozenset[str]
) -> None:
    for identity, told in changes.frozen(reader, tenant, (*put, *drop)).items():
        # an import that holds a frozen entry as it stands changes nothing
        if identity in drop or put[identity] != entries.get(reader, tenant, identity):
            raise FrozenEntry(f"条目 {identity} 已固化（{told['reason']}）：只有 admin 可以修改")


def _ended(texts: Mapping[str, dict[str, Any]]) -> frozenset[str]:
    """Texts whose successor has begun: nobody reads them again."""
    at = datetime.now(UTC)
    ends = {name: from_json(raw).effective_to for name, raw in texts.items()}
    return frozenset(name for name, end in ends.items() if end is not None and end <= at)


def _standing(
    known: Mapping[str, list[dict[str, Any]]], put: Mapping[str, dict[str, Any]], release: str
) -> tuple[dict[str, dict[str, Any]], frozenset[str]]:
    """Texts that stand until what replaces them begins, by id; ids of those that end now."""
    at, standing, over = datetime.now(UTC), dict[str, dict[str, Any]](), set[str]()
    for identity, raws in known.items():
        if len(raws) == 1 and not put.get(identity, {}).get("effective_from"):
            continue
        new = from_json(put[identity]) if identity in put else None
        for text in handbook.outgoing(map(from_json, raws), new, at, release):
            standing[text.id] = to_json(text)
        over |= {raw["id"] for raw in raws if raw.get("successor") and raw["id"] not in standing}
    return standing, frozenset(over)
