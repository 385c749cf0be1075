"""The best candidates that say something new, and why each of the others was not shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.dialogue import policy
from kb.retrieve import Candidate
from nlp import text as texts


@dataclass(frozen=True, slots=True)
class Rejected:
    """A candidate that was not shown, and why.

    `reason`: threshold, quality (what came of it kept it below the threshold), limit, duplicate (of a better one),
    already_said (the agent's own words), or a `filters.Refusal`.
    """

    entry_id: str
    title: str
    reason: str
    confidence: float | None = None


Ranked = list[tuple[Candidate, float]]
_key = lru_cache(maxsize=1 << 16)(texts.key)
"""Entries recur from request to request; their keys need not be made anew."""


@lru_cache(maxsize=1 << 15)
def pairs_of(text: str) -> frozenset[str]:
    """Pairs of neighbouring letters and digits."""
    return frozenset(texts.bigrams(texts.key(text)))


def _alike(one: frozenset[str], others: Iterable[frozenset[str]], least: float) -> bool:
    """Whether a text shares `least` of its pairs of characters with one of the others."""
    return any(one and other and len(one & other) >= least * len(one | other) for other in others)


def chosen(
    ranked: Ranked, least: float, limit: int, said: Sequence[frozenset[str]], disliked: frozenset[str]
) -> tuple[Ranked, list[Rejected]]:
    """The best `limit` that say something new; `said` are the agent's turns as pairs of characters."""
    again: dict[str, float] = policy()["again"]
    shown: Ranked = []
    rejected: list[Rejected] = []
    keys: set[str] = set()
    told: list[frozenset[str]] = []
    for candidate, sure in ranked:
        entry = candidate.entry
        key = _key(entry.text)
        reason = ""
        if key in keys:
            reason = "duplicate"
        elif sure < least:
            reason = "quality" if entry.id in disliked else "threshold"
        elif _alike(pairs_of(entry.text), said, again["said"]):
            reason = "already_said"
        elif _alike(pairs_of(entry.text), told, again["shown"]):
            reason = "duplicate"
        elif len(shown) >= limit:
            reason = "limit"
        if reason:
            rejected.append(Rejected(entry.known_as, entry.title, reason, round(sure, 4)))
        else:
            keys.add(key)
            told.append(pairs_of(entry.text))
            shown.append((candidate, sure))
    return shown, rejected
