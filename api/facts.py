"""What the knowledge base stands for about the things an agent says: the sentences with numbers in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from kb.entries import Entry
from kb.knowledge import Knowledge
from kb.lint.quantities import quantities
from kb.query import Query
from kb.retrieve import retrieve
from kb.search import Filters, probability_of
from kb.segment import Encode
from nlp.quality.ports import Fact, Facts
from nlp.text import normalise, sentences

MOST = 40
"""Sentences looked up for one dialogue: its cost must stay bounded."""
SURE = 0.6
"""Confidence from which an entry is taken to be about the sentence."""
_NUMBER = re.compile(r"\d")


def numbered(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of `text` that state a number, in figures or in words."""
    return [(start, end) for start, end in sentences(text) if _states(text[start:end])]


def _states(sentence: str) -> bool:
    return _NUMBER.search(normalise(sentence)) is not None or bool(quantities(sentence))


def key_of(
    knowledge: Knowledge, sentence: str, encode: Encode | None, as_of: datetime | None
) -> tuple[str, float] | None:
    """Where the entry stands that a sentence is most surely about, with the confidence; None below `SURE`."""
    vector = encode([sentence])[0] if encode is not None and knowledge.has_vectors else None
    found = retrieve(knowledge, Query(sentence, (), vector), Filters(as_of=as_of)).candidates
    if not found:
        return None
    sure = round(probability_of(found[0]), 4)  # as a search tells it, without what it shows of a hit
    return (found[0].entry.id, sure) if sure >= SURE else None


def about(
    knowledge: Knowledge, sentence: str, encode: Encode | None, as_of: datetime | None
) -> tuple[Entry, float] | None:
    """The entry that a sentence is most surely about, with its confidence; None below `SURE`."""
    found = key_of(knowledge, sentence, encode, as_of)
    if found is None:
        return None
    entry = knowledge.entries[found[0]]
    return replace(entry, id=entry.known_as, successor=""), found[1]


def asked_of(said: Sequence[str]) -> list[str]:
    """The sentences that are looked up: the first that state a number."""
    return [text[start:end] for text in said for start, end in numbered(text)][:MOST]


def stated(entry: Entry) -> list[Fact]:
    """The facts of an entry: its sentences that state a number."""
    return [Fact(normalise(entry.text[start:end]), entry.known_as) for start, end in numbered(entry.text)]


def facts_about(knowledge: Knowledge, said: Sequence[str], encode: Encode | None) -> Facts | None:
    """The facts port of the scorer over the entries that `said` is about; None where nothing states a number."""
    asked = asked_of(said)
    if not asked or not knowledge.entries:
        return None

    @lru_cache(maxsize=2)  # several items of a form may ask
    def facts(as_of: datetime) -> tuple[Fact, ...]:
        found = [about(knowledge, sentence, encode, as_of) for sentence in asked]
        entries = {one[0].id: one[0] for one in found if one is not None}
        return tuple(fact for entry in entries.values() for fact in stated(entry))

    return facts
