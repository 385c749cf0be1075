"""Which entries something in the business concerns: by tag, by what they speak of, by id."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from kb.entries import Entry
from nlp.text import normalise


def concerned(
    entries: Iterable[Entry], tags: Collection[str], entities: Collection[str], entry_ids: Collection[str]
) -> list[Entry]:
    """Entries with one of the tags, that mention one of the entities, or are named; in order of ids."""
    wanted, named = {normalise(tag) for tag in tags}, set(entry_ids)
    spoken = [normalise(entity) for entity in entities]
    found: dict[str, Entry] = {}
    for entry in entries:
        hit = entry.known_as in named or bool(wanted & {normalise(tag) for tag in entry.tags})
        if not hit and spoken:
            said = normalise("\n".join((entry.title, *entry.similar, entry.text)))
            hit = any(entity in said for entity in spoken)
        if hit and not entry.successor:
            found[entry.id] = entry
    return [found[name] for name in sorted(found)]
