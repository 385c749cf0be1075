"""An import is an update: what is new, changed, unchanged and vanished since the file was imported last.

A text that a person edited or repaired stays until its source changes. What vanished from the file stays too,
unless the caller withdraws it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from api import repairs
from api.casework import Casework
from api.publishing import write
from api.store import Reader, Writer, changes, entries
from api.store import imports as store
from api.store.imports import Remembered
from api.store.keys import Grant
from kb.entries import Entry, from_json
from kb.ingest import Ingested
from kb.ingest.identity import digest_of, keyed, words_of

Json = dict[str, Any]
LISTED = 200
"""Entries of a sort that the report names; their number is always whole."""


@dataclass(slots=True)
class Plan:
    """What an import comes to: entries to write, the file's rows to remember, ids by what happened to them."""

    put: dict[str, Entry] = field(default_factory=dict)
    rows: list[Remembered] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    """Ids as the reader gave them to ids as they are kept."""
    taken: set[str] = field(default_factory=set)
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    overwritten: list[str] = field(default_factory=list)
    frozen: list[str] = field(default_factory=list)
    vanished: list[Remembered] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    """Keys under which the file no longer holds what it holds under another now."""


def take(
    work: Casework,
    writer: Writer,
    grant: Grant,
    given: Sequence[tuple[str | None, Ingested]],
    *,
    withdraw: bool,
    reviewed: bool,
) -> Json:
    """Write what files gave as one release, in the caller's transaction, and open their repairs; the reply.

    A file None: an upload without a name, which updates by id alone and in which nothing can vanish.
    """
    reader, tenant, thaw = Reader(writer), grant.tenant, grant.scope == "admin"
    plans = [planned(reader, tenant, file, one.entries, thaw=thaw) for file, one in given]
    put = {name: entry for plan in plans for name, entry in plan.put.items()}
    gone = {row.entry_id for plan in plans for row in plan.vanished} - put.keys() if withdraw else set[str]()
    state: Json = {"state": "unchanged" if any(plan.unchanged for plan in plans) else None, "release": None}
    if put or gone:
        names = "、".join(one.report.file for _, one in given)
        dropped = frozenset[str]() if reviewed else frozenset(gone)
        written = write(
            *(writer, tenant, put, dropped), by=grant.actor_id, note=f"导入 {names[:60]}", reviewed=reviewed,
            thaw=thaw,
        )  # fmt: skip
        if reviewed and gone:
            entries.set_draft(writer, tenant, dict.fromkeys(gone), grant.actor_id)
        release = written.release
        state = {"state": "published" if release else "draft", "release": release.name if release else None}
    told = [_kept(work, writer, grant, *one, plan, withdraw) for one, plan in zip(given, plans, strict=True)]
    imported = sum(len(one.entries) for _, one in given)
    return {"imported": imported, **state, "ids": list(put)[:1000], "files": told}


def _kept(
    work: Casework,
    writer: Writer,
    grant: Grant,
    file: str | None,
    ingested: Ingested,
    plan: Plan,
    withdraw: bool,
) -> Json:
    """Remember what a file gave and open its repairs; what is told of it."""
    if file is not None:
        gone = [row.key for row in plan.vanished] if withdraw else []
        store.forget(writer, grant.tenant, file, [*plan.renamed, *gone])
        store.remember(writer, grant.tenant, file, plan.rows)
    report = ingested.report
    mended = repairs.open_all(work, writer, grant, report.file, report.repairs, plan.ids)
    return {
        "report": report.to_json(),
        "changes": _told(plan, len(plan.vanished) if withdraw else 0),
        "repairs": mended,
    }


def planned(
    reader: Reader, tenant: str, file: str | None, found: Iterable[Entry], *, thaw: bool = False
) -> Plan:
    """Compare what a file gives now with what it gave last time and with what stands."""
    known = store.remembered(reader, tenant, file) if file is not None else {}
    plan, given = Plan(), keyed(found)
    lost = {row.words: row for key, row in known.items() if key not in given and row.digest}
    met = {key: _match(known, lost, key, entry) for key, entry in given.items()}
    wanted = [row.entry_id if row else given[key].id for key, row in met.items()]
    stands = _standing(reader, tenant, [*wanted, *(row.entry_id for row in known.values())])
    frozen = {} if thaw else changes.frozen(reader, tenant, wanted)
    for key, entry in given.items():
        _place(plan, key, entry, met[key], stands, frozen)
    plan.renamed = [row.key for key, row in met.items() if row is not None and row.key != key]
    held = {row.key for row in met.values() if row is not None}
    plan.vanished = [
        row
        for key, row in known.items()
        if key not in held and row.digest and row.entry_id in stands and row.entry_id not in plan.taken
    ]
    return plan


def _standing(reader: Reader, tenant: str, wanted: Sequence[str]) -> dict[str, str]:
    """Digests of these entries as they would be published, by id."""
    stands: dict[str, Json | None] = {
        name: texts[0] for name, texts in entries.texts_of(reader, tenant, wanted).items()
    }
    draft = entries.draft(reader, tenant)
    stands |= {name: draft[name] for name in wanted if name in draft}
    return {name: digest_of(from_json(raw)) for name, raw in stands.items() if raw is not None}


def _place(
    plan: Plan,
    key: str,
    given: Entry,
    before: Remembered | None,
    stands: Mapping[str, str],
    frozen: Mapping[str, Any],
) -> None:
    identity = before.entry_id if before is not None else given.id
    if identity in plan.taken:  # two rows of old met one id: the later one is an entry of its own
        identity, before = f"{given.id}-{len(plan.ids)}", None
    plan.ids[given.id] = identity
    plan.taken.add(identity)
    entry = replace(given, id=identity)
    digest, there = digest_of(entry), stands.get(identity)
    row = Remembered(key, identity, entry.title, digest, words_of(entry))
    if there is not None and digest in (there, before.digest if before else None):
        plan.unchanged.append(identity)
    elif identity in frozen:
        plan.frozen.append(identity)
        return  # the file is not taken to be held: the next import tells it again
    else:
        plan.put[identity] = entry
        (plan.new if there is None else plan.changed).append(identity)
        if before is not None and before.digest and there not in (None, before.digest):
            plan.overwritten.append(identity)
    plan.rows.append(row)


def _match(
    known: Mapping[str, Remembered], lost: dict[str, Remembered], key: str, entry: Entry
) -> Remembered | None:
    """What this entry was last time: the same key, or the same words under a title that is no more."""
    return known.get(key) or (None if key.startswith("id:") else lost.pop(words_of(entry), None))


def _told(plan: Plan, withdrawn: int) -> Json:
    named = [{"id": row.entry_id, "title": row.title} for row in plan.vanished[:LISTED]]
    return {
        "new": len(plan.new),
        "changed": len(plan.changed),
        "unchanged": len(plan.unchanged),
        "vanished": len(plan.vanished),
        "withdrawn": withdrawn,
        "changed_entries": plan.changed[:LISTED],
        "overwritten_entries": plan.overwritten[:LISTED],
        "frozen_entries": plan.frozen[:LISTED],
        "vanished_entries": named,
    }
