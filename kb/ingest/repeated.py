"""Lines that several documents of a site share: what a download site or a template put around all of them."""

from __future__ import annotations

from collections.abc import Iterable

from kb.entries import Entry
from kb.ingest.boilerplate import line_key

DOCUMENTS = 2
"""Other documents that must have a line before a new one loses it: with it, three."""


def repeated_lines(entries: Iterable[Entry]) -> frozenset[str]:
    """Keys of the lines that stand in `DOCUMENTS` documents of `entries` or more; a document is told by its source."""
    sources: dict[str, set[str]] = {}
    for entry in entries:
        if entry.kind == "manual" and entry.source:
            for line in (*entry.text.split("\n"), *entry.title.split(" / ")[1:]):
                key = line_key(line)
                if key:
                    sources.setdefault(key, set()).add(entry.source)
    return frozenset(key for key, found in sources.items() if len(found) >= DOCUMENTS)
