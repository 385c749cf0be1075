"""What is said against what is known: a clause and a fact about the same thing with other numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from nlp.quality.ports import Fact
from nlp.text import bigrams

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
CLAUSE = re.compile(r"[^,。!?;:~…\s][^,。!?;:~…]*")
"""A clause of normalised text, without the mark that ends it."""
_SHARED = 0.6
"""Share of a clause's words that a fact about the same thing has."""

Parts = tuple[frozenset[str], frozenset[str]]


def numbers(text: str) -> frozenset[str]:
    """Numbers in figures."""
    return frozenset(_NUMBER.findall(text))


def _parts(text: str) -> Parts:
    """Numbers, and the bigrams of what is left without them."""
    return numbers(text), bigrams(_NUMBER.sub("", text))


_fact_parts = lru_cache(maxsize=1 << 14)(_parts)


def _differ(said: Parts, known: Parts) -> bool:
    return bool(
        known[0] and not said[0] & known[0] and said[1] and len(said[1] & known[1]) >= _SHARED * len(said[1])
    )


def contradicted(sentence: str, facts: Sequence[Fact]) -> Fact | None:
    """The fact about the same thing that knows other numbers than the sentence."""
    if not _NUMBER.search(sentence):
        return None
    said = _parts(sentence)
    return next((fact for fact in facts if _differ(said, _fact_parts(fact.text))), None)


class Known:
    """Many facts, found by the words they share with a clause: for asking of each clause which it contradicts."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = tuple(facts)
        self._parts = [_parts(fact.text) for fact in self.facts]
        held: dict[str, list[int]] = {}
        for at, (_, words) in enumerate(self._parts):
            for word in words:
                held.setdefault(word, []).append(at)
        self._held = {word: np.array(places, dtype=np.int32) for word, places in held.items()}

    def against(self, clause: str) -> frozenset[int]:
        """Places of the facts that the clause contradicts: those `contradicted` would find."""
        if not _NUMBER.search(clause):
            return frozenset()
        said = _parts(clause)
        places = [self._held[word] for word in said[1] if word in self._held]
        if not places:
            return frozenset()
        shared = np.bincount(np.concatenate(places))
        near = np.flatnonzero(shared >= _SHARED * len(said[1]))
        return frozenset(int(at) for at in near if _differ(said, self._parts[at]))
