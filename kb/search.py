"""CAPABILITY search: what the handbook says to a query, with the reasons and how sure we are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kb import confidence, features
from kb.entries import Kind
from kb.filters import Filters, refusal
from kb.highlight import LONGEST, Highlight, common, highlights
from kb.index import Vectors
from kb.knowledge import Knowledge
from kb.passages import passages_of
from kb.query import Asked, Query
from kb.retrieve import Candidate, Mode, retrieve
from nlp import text as texts

__all__ = ["Filters", "Highlight", "Hit", "Why", "refusal", "search", "threshold", "why"]


@dataclass(frozen=True, slots=True)
class Why:
    """What spoke for a hit: the words found, cosine, keyword and sound scores (0…1), features as (name, value)."""

    matched: tuple[str, ...]
    dense: float
    keyword: float
    sound: float
    features: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that answers with probability `confidence`; `passage` is the text of it that was found.

    `key` is where it stands in `Knowledge.entries`: another than `entry_id` for a text about to be replaced.
    """

    entry_id: str
    key: str
    kind: Kind
    title: str
    text: str
    passage: str
    confidence: float
    why: Why
    highlights: tuple[Highlight, ...]


def search(
    knowledge: Knowledge,
    query: str | Query,
    vector: Vectors | None = None,
    filters: Filters = Filters(),  # noqa: B008 (frozen)
    limit: int = 5,
    min_precision: float | None = None,
) -> tuple[Hit, ...]:
    """The best `limit` entries, most probable first.

    `vector` is the encoded query `[dim]`, None for keyword search. With `min_precision` only hits above the
    confidence at which held-out answers were that precise are returned: none means "no answer".
    """
    asked = query if isinstance(query, Query) else Query(query, (), vector)
    found = retrieve(knowledge, asked, filters)
    least = 0.0 if min_precision is None else threshold(found.mode, min_precision)
    hits: list[Hit] = []
    for candidate in found.candidates[: max(limit, 0)]:
        sure = probability_of(candidate)
        if sure >= least:
            hits.append(_hit(candidate, found.asked, sure))
    return tuple(hits)


def threshold(mode: Mode, precision: float) -> float:
    """The least confidence for a precision (0…1); above 1 when it was never reached."""
    return confidence.load()[mode].threshold(precision)


def probability_of(candidate: Candidate) -> float:
    return float(confidence.probability(np.array([candidate.logit], np.float32))[0])


def why(candidate: Candidate, asked: Asked) -> Why:
    """The reasons of a candidate."""
    values = dict(zip(features.NAMES, candidate.values, strict=True))
    return Why(
        matched=matched(candidate, asked),
        dense=round(max(values["dense_question"], values["dense_text"]), 4),
        keyword=round(values["keyword"], 4),
        sound=round(values["sound"], 4),
        features=tuple((name, round(value, 4)) for name, value in values.items() if value),
    )


_plain = lru_cache(maxsize=1 << 14)(texts.normalise)


def matched(candidate: Candidate, asked: Asked) -> tuple[str, ...]:
    """Parts of the query that stand in the entry, longest first."""
    entry = candidate.entry
    whole = _plain("\n".join((entry.title, *entry.similar, entry.text[:LONGEST])))
    return tuple(sorted(common(asked, whole), key=len, reverse=True)[:12])


def _hit(candidate: Candidate, asked: Asked, sure: float) -> Hit:
    entry = candidate.entry
    return Hit(
        entry_id=entry.known_as,
        key=entry.id,
        kind=entry.kind,
        title=entry.title,
        text=entry.text,
        passage=passages_of(entry)[candidate.passage].text,
        confidence=round(sure, 4),
        why=why(candidate, asked),
        highlights=highlights(entry.title, entry.text, asked),
    )
