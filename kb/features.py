"""What speaks for a candidate: numbers computed alike for every entry, wherever it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.index import Rows, Vectors
from kb.postings import K1, B, Floats, Ints, Postings, inverse_frequency, ranges
from kb.query import Asked
from kb.segment import Segment
from kb.wording import wording

NAMES = (
    "exact",
    "dense_question",
    "dense_text",
    "cover_question",
    "cover_query",
    "cover_text",
    "cover_entry",
    "dense_entry",
    "keyword",
    "sound",
    "rank",
    "word_rank",
    "dense_lead",
    "cover_lead",
    "keyword_lead",
    "entry_lead",
    "cover_entry_lead",
    "dense_unsaid",
    "keyword_said",
    "keyword_parts",
    "early",
    "near",
    "known",
    "letters",
    "length",
)
"""Order of the columns; `cover` is the share of idf found, `lead` the distance to the best candidate.

`letters` is `sound` where no word of the query is known; `dense_unsaid` lets vectors weigh more where no entry has
the words of the query, `keyword_said` words where one has. `keyword_parts` is the part of `keyword` that single
characters and runs of letters bring; `early` and `near` say where the words stand (kb/wording.py)."""
ROWS_OF_ENTRY = 16
"""Passages of one entry that are looked at, beside those that were found."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Rarity of what was asked: `tokens` per token, `concepts` per concept, `sounds` per sound token; `known`
    is the share of it that some passage holds, `average` the tokens of a passage."""

    tokens: Floats
    concepts: Floats
    sounds: Floats
    known: float
    average: float


def rarity(asked: Asked, segments: Sequence[Segment]) -> Weights:
    """idf over all segments; what no passage holds counts as the rarest."""
    frequency, total = _frequency([s.words for s in segments], asked.tokens)
    idf = inverse_frequency(frequency, total) * asked.factors
    held = np.where(frequency > 0, idf, 0)
    best = np.maximum.reduceat(held, asked.concepts) if len(asked.concepts) else held
    missing = best <= 0
    concepts = np.where(missing, idf[asked.concepts], best) * asked.weights
    heard, total = _frequency([s.sounds for s in segments], asked.sounds)
    words = concepts[~asked.parts]
    whole = float(words.sum())
    return Weights(
        tokens=(held * np.repeat(asked.weights, _widths(asked))).astype(np.float32),
        concepts=concepts.astype(np.float32),
        sounds=inverse_frequency(heard, total),
        known=float(words[~missing[~asked.parts]].sum()) / whole if whole else 0.0,
        average=_average(segments),
    )


def _frequency(postings: Sequence[Postings], tokens: npt.NDArray[np.uint32]) -> tuple[Ints, int]:
    found = np.zeros(len(tokens), np.int64)
    for one in postings:
        found = found + one.frequency(tokens)
    return found, sum(one.size for one in postings)


def _average(segments: Sequence[Segment]) -> float:
    rows = sum(segment.words.size for segment in segments)
    return max(float(sum(segment.words.lengths.sum() for segment in segments)) / max(rows, 1), 1.0)


def _widths(asked: Asked) -> Ints:
    return np.diff(np.append(asked.concepts, len(asked.tokens)))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Per entry: the feature row, and the row of the passage that speaks most for it."""

    values: Floats
    passages: Rows


def of_entries(
    segment: Segment, entries: Ints, found: Rows, asked: Asked, weights: Weights, vector: Vectors | None
) -> Evidence:
    """Features `[n, len(NAMES)]` of `entries` (ascending places in `segment`); `rank` and leads are left 0."""
    starts, ends = segment.starts[entries], segment.starts[entries + 1]
    rows = ranges(starts, np.minimum(ends, starts + ROWS_OF_ENTRY))
    late = found[found - segment.starts[segment.owner[found]] >= ROWS_OF_ENTRY]
    rows = np.sort(np.concatenate((rows, late))) if len(late) else rows
    place = np.searchsorted(entries, segment.owner[rows])
    begin = np.searchsorted(place, np.arange(len(entries)))
    question = ~segment.answers[rows]

    counted = _held(segment.words, rows, asked.tokens)
    held = np.minimum(counted, 1)
    concepts = np.maximum.reduceat(held * asked.factors, asked.concepts, axis=1) if held.size else held
    whole = max(float(weights.concepts.sum()), 1e-6)
    cover = concepts @ weights.concepts / np.float32(whole) if held.size else np.zeros(len(rows), np.float32)
    at, known = segment.words.find(asked.tokens)
    own = np.zeros(len(at), np.float32)
    own[known] = segment.idf[at[known]]
    back = held @ own / np.maximum(segment.mass[rows], np.float32(1e-6))
    both = 2 * cover * back / np.maximum(cover + back, np.float32(1e-6))
    sound = np.minimum(_held(segment.sounds, rows, asked.sounds), 1) @ weights.sounds
    sound = sound / np.float32(max(float(weights.sounds.sum()), 1e-6))
    dense: Floats = np.zeros(len(rows), np.float32)
    centre: Floats = np.zeros(len(entries), np.float32)
    if vector is not None and segment.vectors is not None:
        stored = segment.vectors.vectors(rows)
        dense = stored @ vector
        whole_entry = np.add.reduceat(stored, begin, axis=0)
        centre = np.add.reduceat(dense, begin) / np.maximum(np.linalg.norm(whole_entry, axis=1), 1e-6)
    spread = np.maximum.reduceat(concepts, begin, axis=0) if held.size else concepts

    def top(values: npt.NDArray[Any], kept: npt.NDArray[np.bool_] | None = None) -> Floats:
        shown = values if kept is None else np.where(kept, values, 0)
        return np.maximum.reduceat(shown, begin).astype(np.float32)

    written = wording([segment.entries[at].text for at in entries], asked, weights.concepts)
    columns = {
        "exact": top((segment.keys[rows] == asked.key).astype(np.float32), question),
        "dense_question": top(dense, question),
        "dense_text": top(dense, ~question),
        "cover_question": top(both, question),
        "cover_query": top(cover),
        "cover_text": top(cover, ~question),
        "cover_entry": spread @ weights.concepts / whole if held.size else np.zeros(len(entries)),
        "dense_entry": centre,
        "sound": top(sound),
        "early": written.early,
        "near": written.near,
    }
    columns["keyword"], columns["keyword_parts"] = _keyword(
        segment.words, rows, begin, weights, counted, asked
    )
    values = np.zeros((len(entries), len(NAMES)), np.float32)
    for name, column in columns.items():
        values[:, NAMES.index(name)] = column
    values[:, NAMES.index("known")] = weights.known
    values[:, NAMES.index("letters")] = columns["sound"] * float(asked.letters or not weights.known)
    values[:, NAMES.index("length")] = min(len(asked.concepts) / 16, 1.0)
    strength = (dense + cover + both + sound).astype(np.float32)
    return Evidence(values, rows[_best_of(strength, place, begin)])


def _keyword(
    words: Postings, rows: Rows, begin: Ints, weights: Weights, counted: Floats, asked: Asked
) -> tuple[Floats, Floats]:
    """BM25 of each entry as one document, over what a document with every token would get at most, 0…1; and the
    part of it that parts of words bring."""
    most = float(weights.concepts.sum()) * (K1 + 1)
    if not counted.size or most <= 0:
        return np.zeros(len(begin), np.float32), np.zeros(len(begin), np.float32)
    frequency = np.add.reduceat(counted, begin, axis=0)
    length = np.add.reduceat(words.lengths[rows], begin) / weights.average
    slope = K1 * (1 - B + B * length)[:, None]
    each = frequency * (K1 + 1) / (frequency + slope) / most
    parts = np.repeat(asked.parts, _widths(asked))
    return (each @ weights.tokens).astype(np.float32), (each @ (weights.tokens * parts)).astype(np.float32)


def _held(postings: Postings, rows: Rows, tokens: npt.NDArray[np.uint32]) -> Floats:
    """How often each row holds each token, `[rows, tokens]`."""
    found = np.zeros((len(rows), len(tokens)), np.float32)
    at, known = postings.find(tokens)
    wanted = np.flatnonzero(known)
    if not len(wanted) or not len(rows):
        return found
    order = wanted[np.argsort(at[wanted], kind="stable")]
    sorted_at = at[order]
    begin, end = postings.held_starts[rows], postings.held_starts[rows + 1]
    spans = ranges(begin, end)
    held = postings.held[spans]
    row = np.repeat(np.arange(len(rows)), end - begin)
    place = np.minimum(np.searchsorted(sorted_at, held), len(sorted_at) - 1)
    hit = sorted_at[place] == held
    found[row[hit], order[place[hit]]] = postings.counts[spans[hit]]
    for first, again in pairwise(order):
        if at[first] == at[again]:  # one token asked twice (as a word and as a variant): both columns say so
            found[:, again] = found[:, first]
    return found


def _best_of(values: Floats, place: Ints, begin: Ints) -> Ints:
    order = np.lexsort((-values, place))
    return order[begin]


def complete(values: Floats, ranks: Floats, word_ranks: Floats) -> Floats:
    """Fill in what depends on the other candidates: ranks fused and by words (best is 1), leads (best is 0)."""
    if not len(values):
        return values
    full = values.copy()
    full[:, NAMES.index("rank")] = ranks / max(float(ranks.max()), 1e-9)
    full[:, NAMES.index("word_rank")] = word_ranks
    dense = np.maximum(values[:, NAMES.index("dense_question")], values[:, NAMES.index("dense_text")])
    full[:, NAMES.index("dense_lead")] = dense - dense.max()
    for lead, of in (
        ("cover_lead", "cover_query"),
        ("keyword_lead", "keyword"),
        ("entry_lead", "dense_entry"),
        ("cover_entry_lead", "cover_entry"),
    ):
        column = values[:, NAMES.index(of)]
        full[:, NAMES.index(lead)] = column - column.max()
    said = float(values[:, NAMES.index("cover_query")].max())
    full[:, NAMES.index("dense_unsaid")] = values[:, NAMES.index("dense_entry")] * (1 - said)
    full[:, NAMES.index("keyword_said")] = values[:, NAMES.index("keyword")] * said
    return full
