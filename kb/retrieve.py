"""Candidates of a query from the three indexes, fused, with the features that speak for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kb import confidence, features
from kb.entries import Entry
from kb.filters import Filters, refusal
from kb.fusion import DAMPING, reciprocal_rank
from kb.index import Allowed, Rows, Scores, Vectors, best
from kb.knowledge import Knowledge
from kb.misspelt import heard
from kb.postings import Floats, ranges
from kb.query import Asked, Query, analysed
from kb.segment import Segment

Mode = Literal["hybrid", "keyword_only"]
POOL = 50
"""Rows taken from each index, and entries whose features are computed."""
SPARE = 30
"""Rows taken beyond `POOL` so that a few hidden ones among them cost no second search."""
_NO_ROWS = np.empty(0, np.int64)
WEAK_COVER = 0.5
"""Below this share of the query's idf in the best passage by words, sounds are asked too."""
KEYWORD_SHARE, SOUND_SHARE, DENSE_SHARE = 1.0, 0.8, 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that may be shown: `logit` of the model, features in order of `features.NAMES`, best passage."""

    entry: Entry
    logit: float
    values: tuple[float, ...]
    passage: int


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Candidates best first, entries among the first that the filters hid, and the model that judged."""

    asked: Asked
    candidates: tuple[Candidate, ...]
    hidden: tuple[Entry, ...]
    mode: Mode


@dataclass(frozen=True, slots=True)
class _Found:
    segment: int
    rows: Rows
    scores: Scores


def retrieve(knowledge: Knowledge, query: Query, filters: Filters, explain: bool = False) -> Retrieved:
    """Search all indexes; filters come before ranking. With `explain`, `hidden` says what they kept back."""
    asked = heard(analysed(query, knowledge.lexicon), knowledge.segments)
    weights = features.rarity(asked, knowledge.segments)
    view = knowledge.view(filters)
    searches = [_by_words(knowledge, asked, weights, view, filters)]
    if len(asked.sounds) and (asked.letters or _weak(searches[0], weights)):
        searches.append(_by_sound(knowledge, asked, weights, view, filters))
    vector = query.vector if knowledge.has_vectors and not _misspelt(asked, weights, searches) else None
    if vector is not None:
        searches.append(_by_meaning(knowledge, vector, view, filters))
    offsets = _offsets(knowledge.segments)
    lists = [(_entries(knowledge, s.found, offsets), s.share) for s in searches]
    fused = reciprocal_rank(lists)[:POOL]
    by_words = {code: DAMPING / (DAMPING + rank) for rank, code in enumerate(dict.fromkeys(lists[0][0]))}
    hidden: tuple[Entry, ...] = ()
    if explain:
        open_lists = [(_entries(knowledge, s.open, offsets), s.share) for s in searches]
        shown = {code for code, _ in fused}
        hidden = _hidden(
            knowledge, [c for c, _ in reciprocal_rank(open_lists)[:POOL] if c not in shown], filters
        )
    found = [
        np.unique(
            np.concatenate(
                [part.rows for s in searches for part in s.found if part.segment == at] or [_NO_ROWS]
            )
        )
        for at in range(len(knowledge.segments))
    ]
    mode: Mode = "keyword_only" if vector is None else "hybrid"
    candidates = _scored(knowledge, vector, asked, weights, fused, by_words, found, offsets, mode)
    return Retrieved(asked, candidates, hidden, mode)


@dataclass(frozen=True, slots=True)
class _Search:
    """One index's rows after the filters (`found`) and before them (`open`)."""

    share: float
    found: tuple[_Found, ...]
    open: tuple[_Found, ...]


def _by_words(
    k: Knowledge, asked: Asked, w: features.Weights, view: Sequence[Allowed], f: Filters
) -> _Search:
    scores = [segment.words.score(asked.tokens, w.tokens) for segment in k.segments]
    return _select(k, scores, view, f, KEYWORD_SHARE)


def _by_sound(
    k: Knowledge, asked: Asked, w: features.Weights, view: Sequence[Allowed], f: Filters
) -> _Search:
    scores = [segment.sounds.score(asked.sounds, w.sounds) for segment in k.segments]
    return _select(k, scores, view, f, SOUND_SHARE)


def _weak(search: _Search, weights: features.Weights) -> bool:
    best_score = max((float(part.scores[0]) for part in search.found if len(part.scores)), default=0.0)
    return best_score < WEAK_COVER * float(weights.concepts.sum())


def _select(
    k: Knowledge, scores: Sequence[Scores], view: Sequence[Allowed], f: Filters, share: float
) -> _Search:
    found: list[_Found] = []
    opened: list[_Found] = []
    for at, (segment, values, allowed) in enumerate(zip(k.segments, scores, view, strict=True)):
        rows = np.flatnonzero(values > 0)
        opened.append(_Found(at, *best(rows, values[rows], POOL)))
        if allowed.mask[opened[-1].rows].all() and not f.exclude:
            found.append(opened[-1])
            continue
        if not allowed.everything:
            rows = rows[allowed.mask[rows]]
        barred = _barred(k, segment, at, f)
        if len(barred):
            rows = rows[~np.isin(rows, barred)]
        found.append(_Found(at, *best(rows, values[rows], POOL)))
    return _Search(share, tuple(found), tuple(opened))


def _misspelt(asked: Asked, weights: features.Weights, searches: Sequence[_Search]) -> bool:
    """Letters or characters none of which are known but which sound like something that is: no meaning in them."""
    if weights.known or len(searches) < 2:
        return False
    heard = max((float(part.scores[0]) for part in searches[1].found if len(part.scores)), default=0.0)
    return asked.letters or heard > float(weights.sounds.sum())


def _by_meaning(k: Knowledge, vector: Vectors, view: Sequence[Allowed], f: Filters) -> _Search:
    found: list[_Found] = []
    opened: list[_Found] = []
    for at, (segment, allowed) in enumerate(zip(k.segments, view, strict=True)):
        if segment.vectors is None:
            continue
        barred = _barred(k, segment, at, f)
        rows, scores = segment.vectors.search(vector, POOL + SPARE)
        opened.append(_Found(at, rows[:POOL], scores[:POOL]))
        seen = allowed.mask[rows]
        if seen.sum() < min(
            POOL + len(barred), allowed.count
        ):  # too many hidden ones among the first: ask again
            rows, scores = segment.vectors.search(vector, POOL + len(barred), allowed)
        else:
            rows, scores = rows[seen], scores[seen]
        kept = ~np.isin(rows, barred)
        found.append(_Found(at, rows[kept][:POOL], scores[kept][:POOL]))
    return _Search(DENSE_SHARE, tuple(found), tuple(opened))


def _barred(k: Knowledge, segment: Segment, at: int, filters: Filters) -> Rows:
    """Rows of the excluded entries of a segment."""
    if not filters.exclude:
        return _NO_ROWS
    if at == 0:
        places = [k.places[i] for i in filters.exclude if i in k.places]
    else:
        places = [n for n, entry in enumerate(segment.entries) if entry.id in filters.exclude]
    chosen = np.array(sorted(places), np.int64)
    return ranges(segment.starts[chosen], segment.starts[chosen + 1])


def _offsets(segments: Sequence[Segment]) -> tuple[int, ...]:
    return (0, *(len(segment.entries) for segment in segments[:-1]))


def _entries(knowledge: Knowledge, parts: Sequence[_Found], offsets: Sequence[int]) -> list[int]:
    """Entry codes (offset of the segment + place in it) best first over all segments."""
    codes = [knowledge.segments[p.segment].owner[p.rows] + offsets[p.segment] for p in parts]
    if len(codes) == 1:
        return [int(code) for code in codes[0]]
    scores = np.concatenate([p.scores for p in parts]) if parts else np.empty(0, np.float32)
    order = np.argsort(-scores, kind="stable")
    return [int(code) for code in np.concatenate(codes)[order]] if parts else []


def _hidden(knowledge: Knowledge, codes: Sequence[int], filters: Filters) -> tuple[Entry, ...]:
    base = len(knowledge.segments[0].entries)
    found: list[Entry] = []
    for code in codes:
        segment, place = (0, code) if code < base else (1, code - base)
        entry = knowledge.segments[segment].entries[place]
        if knowledge.live[segment][place] and refusal(entry, filters) is not None:
            found.append(entry)
    return tuple(found)


def _scored(
    knowledge: Knowledge,
    vector: Vectors | None,
    asked: Asked,
    weights: features.Weights,
    fused: Sequence[tuple[int, float]],
    by_words: Mapping[int, float],
    found: Sequence[Rows],
    offsets: Sequence[int],
    mode: Mode,
) -> tuple[Candidate, ...]:
    if not fused:
        return ()
    entries: list[Entry] = []
    passages: list[int] = []
    parts: list[Floats] = []
    ranks: list[float] = []
    word_ranks: list[float] = []
    share = dict(fused)
    codes = np.array(sorted(share), np.int64)
    for at, segment in enumerate(knowledge.segments):
        upper = offsets[at] + len(segment.entries)
        own = codes[(codes >= offsets[at]) & (codes < upper)]
        if not len(own):
            continue
        places = own - offsets[at]
        hit_rows = found[at][np.isin(segment.owner[found[at]], places)]
        evidence = features.of_entries(segment, places, hit_rows, asked, weights, vector)
        entries.extend(segment.entries[place] for place in places)
        passages.extend(int(p) for p in evidence.passages - segment.starts[places])
        parts.append(evidence.values)
        ranks.extend(share[code] for code in own.tolist())
        word_ranks.extend(by_words.get(code, 0.0) for code in own.tolist())
    values = features.complete(
        np.concatenate(parts), np.array(ranks, np.float32), np.array(word_ranks, np.float32)
    )
    logits = confidence.load()[mode].logits(values)
    order = sorted(range(len(entries)), key=lambda n: (-float(logits[n]), entries[n].id))
    shown = values.tolist()
    return tuple(Candidate(entries[n], float(logits[n]), tuple(shown[n]), passages[n]) for n in order)
