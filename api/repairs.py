"""The repair queue: what an import could not take whole is a case until a person mends or dismisses it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from api import case_views, cases
from api.casework import Casework, find
from api.errors import invalid
from api.publishing import write
from api.store import Reader, Writer, entries
from api.store import cases as store
from api.store import imports as files
from api.store.cases import Case
from api.store.imports import Remembered
from api.store.keys import Grant
from kb.entries import Entry, entry_id, from_json
from kb.ingest.cleaner import clean_field
from kb.ingest.identity import key_of
from kb.ingest.report import Doubt, Tally
from nlp.privacy import mask

Json = dict[str, Any]
KIND = "repair"
MOST = 500
"""Repairs that one import opens; a file with more wrong is better mended as a file."""
EXCERPT, SUGGESTION = 400, 2_000
UNITS = {"row": "行", "line": "行", "page": "页", "paragraph": "段"}
SHOWN = (
    "id",
    "state",
    "state_name",
    "title",
    "owner",
    "due_at",
    "overdue",
    "revision",
    "created_at",
    "final",
)


def open_all(
    work: Casework,
    writer: Writer,
    grant: Grant,
    file: str,
    doubts: Sequence[Doubt],
    ids: Mapping[str, str],
) -> Json:
    """Open a case for each doubt, once; close those that the file no longer gives cause for. Counts of both.

    `ids`: ids as the reader gave them to ids as they are kept.
    """
    reader = Reader(writer)
    wanted = store.Wanted(KIND, work.kind(KIND).initial.code, None, file, None)
    waiting = {case.id for case in store.listed(reader, grant.tenant, wanted, None, None, 10 * MOST)}
    seen, opened = set[str](), 0
    for doubt in doubts[:MOST]:
        identity = _identity(file, doubt)
        if identity in seen:
            continue
        seen.add(identity)
        known = store.get(reader, grant.tenant, identity)
        opened += known is None
        if known is None:
            place = f"第 {doubt.at} {UNITS[doubt.place]}"
            cases.open_case(
                *(work, writer, grant, KIND), title=f"{file[:80]} {place}：{doubt.reason[:80]}", subject=file,
                data=_data(file, doubt, ids), identity=identity,
            )  # fmt: skip
    left = max(0, len(doubts) - MOST)
    gone = waiting - seen if not left else set()
    for identity in sorted(gone):
        reason = {"reason": "源文件已更正或不再含有此处"}
        cases.move(work, writer, grant, identity, "ignore", fields=reason)
    return {"opened": opened, "closed": len(gone), "waiting": len(waiting - gone) + opened, "left_out": left}


def _identity(file: str, doubt: Doubt) -> str:
    """The same fault of the same file is the same case, wherever it has moved to."""
    where = doubt.text or f"{doubt.place} {doubt.at}"
    told = "\n".join((file, doubt.code, doubt.field, doubt.reason if doubt.code == "invalid" else "", where))
    return f"rp_{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def _data(file: str, doubt: Doubt, ids: Mapping[str, str]) -> Json:
    return {
        "file": file,
        "place": doubt.place,
        "at": doubt.at,
        "field": doubt.field,
        "code": doubt.code,
        "reason": doubt.reason,
        "excerpt": mask(doubt.text)[:EXCERPT],
        "suggestion": mask(doubt.suggestion)[:SUGGESTION],
        "entry_id": ids.get(doubt.entry_id, doubt.entry_id) or None,
        "value": dict(doubt.value),
    }


def shown(work: Casework, case: Case, grant: Grant) -> Json:
    """A repair as clients see it: the case's own columns and what is wrong where."""
    told = case_views.shown(work, case, grant)
    data = {name: told["data"].get(name) for name in ("file", "place", "at", "field", "code", "reason")}
    more = {name: told["data"].get(name) for name in ("excerpt", "suggestion", "entry_id", "value")}
    return {**{name: told[name] for name in SHOWN}, **data, **more}


def standing(reader: Reader, grant: Grant, case: Case) -> Json | None:
    """The entry that a repair is about, as it would be published; None where the file gave none."""
    identity = case.data.get("entry_id")
    if not identity:
        return None
    planned = entries.draft(reader, grant.tenant).get(identity)
    return planned or entries.get(reader, grant.tenant, identity)


def mend(
    work: Casework,
    writer: Writer,
    grant: Grant,
    identity: str,
    given: Mapping[str, Any],
    *,
    reviewed: bool,
    revision: int | None = None,
) -> Json:
    """Write the mended entry and close its case, in the caller's transaction. Raises 404, 409 and 422."""
    reader = Reader(writer)
    case = find(work, reader, grant, identity, KIND)
    cases.unchanged(case, revision)
    known = standing(reader, grant, case)
    value: Json = {"kind": "faq", **(known or case.data.get("value") or {}), **_sound(given)}
    entry = from_json(value)
    if known is None and not value.get("id"):
        entry = replace(entry, id=entry_id(entry.kind, entry.title, entry.text))
    done = cases.move(work, writer, grant, identity, "fix", fields={"value": {"entry_id": entry.id}})
    written = write(
        *(writer, grant.tenant, {entry.id: entry}, frozenset()), by=grant.actor_id,
        note=f"修复 {entry.title[:60]}", reviewed=reviewed, thaw=grant.scope == "admin",
    )  # fmt: skip
    if known is None:
        _adopt(writer, grant.tenant, str(case.data["file"]), entry)
    release = written.release.name if written.release else None
    done = cases.attach(work, writer, grant, done, {"entry_id": entry.id, "release": release})
    state = "published" if release else "draft"
    return {"repair": shown(work, done, grant), "entry_id": entry.id, "state": state, "release": release}


def _sound(given: Mapping[str, Any]) -> Json:
    """The mended fields, masked as an import masks. Raises 422 for text that is still damaged."""
    sound: Json = {}
    for name, value in given.items():
        if isinstance(value, str) and name in ("title", "text"):
            clean, broken = clean_field(value, Tally(), traditional=True)
            if broken:
                raise invalid(name, f"仍有乱码：{mask(broken[0])[:40]}", "完整可读的文字")
            sound[name] = mask(clean)
        else:
            sound[name] = value
    return sound


def _adopt(writer: Writer, tenant: str, file: str, entry: Entry) -> None:
    """Let the file's next version, in which the row is whole, update the mended entry instead of doubling it."""
    files.remember(writer, tenant, file, [Remembered(key_of(entry), entry.id, entry.title, "", "")])
