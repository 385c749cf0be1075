"""Releases: their names, what changed from one to the next, and which text of an entry holds when."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, Literal, cast

from kb.entries import MAX_ID, Entry, to_json

FIRST = "V1.0"
ROOM = 24
"""Characters of an id that the name of a release may take."""
LONGEST_COMPARED, MOST_PAIRS = 1_500, 2_500_000
_SENTENCE = re.compile(r"(?<=[。！？；!?;\n])")
_NAME = re.compile(r"V(\d+)\.(\d+)(?:\.(\d+))?")


def next_release(current: str | None, published: bool) -> str:
    """The name after `current`: a publish counts the minor number up, a direct write the third.

    V1.0 → V1.0.1 (direct) → V1.0.2 (direct) → V1.1 (publish). Raises ValueError for a name that is not ours.
    """
    if current is None:
        return FIRST
    major, minor, patch = parts(current)
    return f"V{major}.{minor + 1}" if published else f"V{major}.{minor}.{patch + 1}"


def parts(release: str) -> tuple[int, int, int]:
    """The numbers of a release name, for ordering."""
    match = _NAME.fullmatch(release)
    if match is None:
        raise ValueError(f"release {release!r} is not of the form V1.0 or V1.0.1")
    return int(match[1]), int(match[2]), int(match[3] or 0)


@dataclass(frozen=True, slots=True)
class Change:
    """An entry that both releases have; `fields` lists (field, before, after) in the wire's shape."""

    entry_id: str
    fields: tuple[tuple[str, Any, Any], ...]


@dataclass(frozen=True, slots=True)
class Diff:
    """Ids added and removed, entries changed; all in order of ids."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[Change, ...]


def diff(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> Diff:
    """What is new, gone and different in `after`."""
    changed: list[Change] = []
    for entry_id in sorted(before.keys() & after.keys()):
        if before[entry_id] is after[entry_id] or before[entry_id] == after[entry_id]:
            continue
        old, new = to_json(before[entry_id]), to_json(after[entry_id])
        fields = [
            (f, old.get(f), new.get(f)) for f in sorted(old.keys() | new.keys()) if old.get(f) != new.get(f)
        ]
        changed.append(Change(entry_id, tuple(fields)))
    return Diff(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(changed),
    )


def outgoing(known: Iterable[Entry], new: Entry | None, at: datetime, release: str) -> tuple[Entry, ...]:
    """Texts of `new.id` that stay in force until `new` begins: none when it begins at once, or is None (deleted).

    `known` are the texts that stand now, `release` the one they stand in. Each keeps its own time, cut at the
    beginning of `new`, under an id that names the release.
    """
    begins = None if new is None else new.effective_from
    if new is None or begins is None or begins <= at:
        return ()
    kept: list[Entry] = []
    for old in known:
        over = old.effective_to is not None and old.effective_to <= at
        if over or (old.effective_from is not None and old.effective_from >= begins):
            continue
        until = begins if old.effective_to is None else min(begins, old.effective_to)
        identity = old.id if old.successor else f"{_short(new.id)}@{release}"
        kept.append(replace(old, id=identity, successor=new.id, effective_to=until))
    return tuple(kept)


def _short(identity: str) -> str:
    """An id that leaves room for the name of a release."""
    if len(identity) <= MAX_ID - ROOM:
        return identity
    return f"{identity[: MAX_ID - 2 * ROOM]}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


def in_force(texts: Iterable[Entry], at: datetime) -> Entry | None:
    """The one of an entry's texts that holds at `at`."""
    return next((text for text in texts if text.effective(at)), None)


Op = Literal["equal", "insert", "delete", "replace"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A piece of a text: kept, or put in place of another. Offsets are half-open, into either text."""

    op: Op
    before: tuple[int, int]
    after: tuple[int, int]


def edits(before: str, after: str) -> tuple[Edit, ...]:
    """How `after` comes from `before`, in order; beyond `LONGEST_COMPARED` characters, sentence by sentence.

    What lies between the common beginning and end is one edit where comparing it would take too long.
    """
    old, new = _pieces(before, after), _pieces(after, before)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle = old[head : len(old) - tail], new[head : len(new) - tail]
    codes = [("equal", 0, head, 0, head)] if head else []
    if len(middle[0]) * len(middle[1]) <= MOST_PAIRS:
        matcher = SequenceMatcher(None, *middle, autojunk=False)
        codes += [(op, a + head, b + head, c + head, d + head) for op, a, b, c, d in matcher.get_opcodes()]
    else:
        codes.append(("replace", head, len(old) - tail, head, len(new) - tail))
    if tail:
        codes.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    starts, ends = _offsets(old), _offsets(new)
    return tuple(Edit(cast(Op, op), (starts[a], starts[b]), (ends[c], ends[d])) for op, a, b, c, d in codes)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many pieces two lists begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _pieces(text: str, other: str) -> list[str]:
    if len(text) <= LONGEST_COMPARED and len(other) <= LONGEST_COMPARED:
        return list(text)
    return [piece for piece in _SENTENCE.split(text) if piece]


def _offsets(pieces: list[str]) -> list[int]:
    found = [0]
    for piece in pieces:
        found.append(found[-1] + len(piece))
    return found


def dated(entry: Entry, begins: datetime | None, ends: datetime | None) -> Entry:
    """An entry whose own time is kept within that of its release. Raises ValueError where nothing is left."""
    start = max((t for t in (entry.effective_from, begins) if t is not None), default=None)
    stop = min((t for t in (entry.effective_to, ends) if t is not None), default=None)
    if start is not None and stop is not None and stop <= start:
        raise ValueError(f"{entry.id} would end before it begins")
    return replace(entry, effective_from=start, effective_to=stop)


def compared(entry_id: str, before: Entry | None, after: Entry | None) -> dict[str, Any]:
    """One entry in two versions: what happened to it, its changed fields, and its text piece by piece."""
    op = "added" if before is None else "removed" if after is None else "changed"
    old = {} if before is None else to_json(before)
    new = {} if after is None else to_json(after)
    fields = [
        {"field": name, "before": old.get(name), "after": new.get(name)}
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    first, second = old.get("text", ""), new.get("text", "")
    return {
        "entry_id": entry_id,
        "op": op if fields else "same",
        "title": new.get("title") or old.get("title"),
        "fields": fields,
        "text": [
            {
                "op": one.op,
                "before": {"start": one.before[0], "end": one.before[1], "text": first[slice(*one.before)]},
                "after": {"start": one.after[0], "end": one.after[1], "text": second[slice(*one.after)]},
            }
            for one in (edits(first, second) if first != second else ())
        ],
    }
