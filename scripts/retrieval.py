"""Ways of searching a collection, for measuring: what the service does, and each of its indexes alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kb import features
from kb.entries import Entry
from kb.filters import Filters
from kb.index import Scores
from kb.knowledge import Knowledge, build
from kb.query import Asked, Query, analysed
from kb.retrieve import retrieve
from nlp.encode import Encoder
from nlp.evaluate.retrieval import Rank

DEPTH = 10
POOL = 200
"""Passages taken from an index alone before they are joined by document."""


def ways(documents: Mapping[str, str], encoder: Encoder | None) -> dict[str, Rank]:
    """`hybrid` (or `keyword_only`), then `keyword`, `sound` and `dense` alone over one knowledge base."""
    entries = [Entry(id=name, kind="manual", title="", text=text) for name, text in documents.items()]
    version = "" if encoder is None else encoder.version
    knowledge = build(entries, version, None if encoder is None else encoder.encode, "V1.0")

    def joined(queries: Sequence[str]) -> list[list[str]]:
        vectors = None if encoder is None else encoder.encode(queries)
        found = []
        for at, text in enumerate(queries):
            query = Query(text, (), None if vectors is None else vectors[at])
            candidates = retrieve(knowledge, query, Filters()).candidates
            found.append([candidate.entry.id for candidate in candidates[:DEPTH]])
        return found

    every: dict[str, Rank] = {"hybrid" if encoder is not None else "keyword_only": joined}
    every["keyword"] = _alone(
        knowledge, lambda asked, weights, k: k.segments[0].words.score(asked.tokens, weights.tokens)
    )
    every["sound"] = _alone(
        knowledge, lambda asked, weights, k: k.segments[0].sounds.score(asked.sounds, weights.sounds)
    )
    if encoder is not None:
        every["dense"] = _meaning(knowledge, encoder)
    return every


def _alone(knowledge: Knowledge, score: Callable[[Asked, features.Weights, Knowledge], Scores]) -> Rank:
    segment = knowledge.segments[0]

    def rank(queries: Sequence[str]) -> list[list[str]]:
        found = []
        for text in queries:
            asked = analysed(Query(text), knowledge.lexicon)
            values = score(asked, features.rarity(asked, knowledge.segments), knowledge)
            rows = np.flatnonzero(values > 0)
            order = rows[np.argsort(-values[rows], kind="stable")][:POOL]
            found.append(_documents(knowledge, segment.owner[order].tolist()))
        return found

    return rank


def _meaning(knowledge: Knowledge, encoder: Encoder) -> Rank:
    segment = knowledge.segments[0]

    def rank(queries: Sequence[str]) -> list[list[str]]:
        found = []
        for vector in encoder.encode(queries):
            assert segment.vectors is not None
            rows, _ = segment.vectors.search(vector, POOL)
            found.append(_documents(knowledge, segment.owner[rows].tolist()))
        return found

    return rank


def _documents(knowledge: Knowledge, places: Sequence[int]) -> list[str]:
    """Distinct documents of ranked passages, best first."""
    names = dict.fromkeys(knowledge.segments[0].entries[place].id for place in places)
    return list(names)[:DEPTH]
