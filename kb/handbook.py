"""Releases: their names, and what changed from one to the next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kb.entries import Entry, to_json

FIRST = "V1.0"
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
