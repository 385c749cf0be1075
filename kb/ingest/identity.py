"""What names an entry within its file, so that the file's next version updates it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace

from kb.entries import Entry, entry_id, to_json


def key_of(entry: Entry) -> str:
    """The id that the entry came with, else a digest of its kind and title."""
    if entry.id != entry_id(entry.kind, entry.title, entry.text):
        return f"id:{entry.id}"
    return _hash(f"{entry.kind}\n{entry.title}")


def keyed(found: Iterable[Entry]) -> dict[str, Entry]:
    """Entries of one file by their keys, in order; a title that stands again is counted."""
    by_key: dict[str, Entry] = {}
    for entry in found:
        key = first = key_of(entry)
        at = 2
        while key in by_key:
            key, at = f"{first}#{at}", at + 1
        by_key[key] = entry
    return by_key


def digest_of(entry: Entry) -> str:
    """Two entries that say the same, under whichever id, have one digest."""
    value = to_json(replace(entry, id="", successor=""))
    return _hash(json.dumps(value, sort_keys=True, ensure_ascii=False))


def words_of(entry: Entry) -> str:
    """A digest of the text alone: an entry that got a new title is still known by it."""
    return _hash(entry.text)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]
