"""CAPABILITY suggest: from the course of a conversation to ranked scripts and answers, or to silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import numpy as np

from kb import confidence
from kb.dialogue import Question, Said, needed_stage, policy, question_of, stage_bonus, unmasked
from kb.entries import Entry, Kind
from kb.filters import Filters, refusal
from kb.knowledge import Knowledge
from kb.query import Asked, analysed, ask
from kb.retrieve import POOL, Candidate, Retrieved, retrieve
from kb.search import Why, threshold, why
from kb.segment import Encode
from kb.slots import FilledSlot, fill, from_turns
from nlp import text as texts

NEAR = 5


@dataclass(frozen=True, slots=True)
class SuggestRequest:
    """What is known when a suggestion is asked for.

    `query` replaces the question read from `turns`; `stage` is a filter, otherwise the stage needed is inferred
    from `done_stages` (what the agent's turns have covered; None: unknown) and `mood` (−1…1). `min_precision`
    0…1; `sent_ids` were sent before and are not offered again; entries of the kinds `unless_overdue` are held
    back once their review is overdue.
    """

    turns: Sequence[Said] = ()
    query: str | None = None
    stage: str | None = None
    kinds: frozenset[str] = frozenset()
    channel: str | None = None
    audience: frozenset[str] | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    limit: int = 5
    min_precision: float | None = None
    as_of: datetime | None = None
    sent_ids: frozenset[str] = frozenset()
    done_stages: frozenset[str] | None = None
    mood: float | None = None
    unless_overdue: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Source:
    title: str
    section: str
    url: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A script or answer ready to send but for its unfilled slots, which `text` marks."""

    entry_id: str
    release: str
    kind: Kind
    stage: str | None
    title: str
    text: str
    slots: tuple[FilledSlot, ...]
    confidence: float
    source: Source
    why: Why


@dataclass(frozen=True, slots=True)
class Rejected:
    """A candidate that was not shown. `reason`: threshold, limit, duplicate, or a `filters.Refusal`."""

    entry_id: str
    title: str
    reason: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Suggested:
    """`abstained` when nothing is sure enough: then `near_questions` are titles close to what was asked.

    `stage` is the stage taken as needed, `threshold` the least confidence that was shown.
    """

    suggestions: tuple[Suggestion, ...]
    abstained: bool
    near_questions: tuple[str, ...]
    rejected: tuple[Rejected, ...]
    stage: str | None
    threshold: float


def suggest(knowledge: Knowledge, request: SuggestRequest, encode: Encode | None) -> Suggested:
    """Rank what an agent could say next; every candidate is either suggested or rejected with its reason."""
    question = Question(unmasked(request.query)) if request.query else question_of(request.turns)
    needed = request.stage or needed_stage(question, request.done_stages, request.mood)
    filters = Filters(
        kinds=request.kinds,
        stages=frozenset({request.stage}) if request.stage else frozenset(),
        audience=request.audience,
        channel=request.channel,
        as_of=request.as_of,
        exclude=request.sent_ids,
        unless_overdue=request.unless_overdue,
    )
    own = encode if knowledge.has_vectors else None
    query = ask(question.text, own, question.context)
    found = retrieve(knowledge, query, filters, explain=True)
    # what was sent in the words of a text about to be replaced was sent
    ranked = [
        pair
        for pair in _ranked(found, needed, request.done_stages)
        if pair[0].entry.successor not in request.sent_ids
    ]
    silent = not question.text or question.greeting or question.farewell
    if needed and (silent or request.stage):
        base = float(policy()["without_query" if silent else "without_match"])
        if request.stage:  # those that match are no worse than those that do not
            ranked = [(candidate, max(sure, base)) for candidate, sure in ranked]
        ranked += _of_stage(knowledge, needed, filters, {c.entry.id for c, _ in ranked}, base)
        ranked.sort(key=lambda pair: -pair[1])
    first, later = float(policy()["least_together"]), float(policy()["least_confidence"])
    if request.min_precision is not None:
        asked_for = threshold(found.mode, request.min_precision)
        first = later = max(first, asked_for)
    together = sum(sure for _, sure in ranked[: request.limit])  # equal scripts share one probability
    least = later if together >= first else first
    shown, rejected = _chosen(ranked, least, request.limit)
    rejected.extend(Rejected(e.known_as, e.title, refusal(e, filters) or "limit") for e in found.hidden)
    asked = found.asked if question.text else analysed(query, knowledge.lexicon)
    variables = {**from_turns(turn.text for turn in request.turns), **request.variables}
    return Suggested(
        suggestions=tuple(_suggestion(knowledge, c, sure, asked, variables) for c, sure in shown),
        abstained=not shown,
        near_questions=() if shown else _near(ranked),
        rejected=tuple(rejected),
        stage=needed,
        threshold=least,
    )


Ranked = list[tuple[Candidate, float]]
_key = lru_cache(maxsize=1 << 16)(texts.key)
"""Entries recur from request to request; their keys need not be made anew."""


def _ranked(found: Retrieved, needed: str | None, done: frozenset[str] | None) -> Ranked:
    if not found.candidates:
        return []
    bonus = [stage_bonus(candidate.entry.stage, needed, done) for candidate in found.candidates]
    values = np.array([candidate.values for candidate in found.candidates], np.float32)
    logits = confidence.load()[found.mode].logits(values, np.array(bonus, np.float32))
    sure = confidence.probability(logits).tolist()
    ranked = list(zip(found.candidates, sure, strict=True))
    return sorted(ranked, key=lambda pair: (-pair[1], pair[0].entry.id))


def _of_stage(knowledge: Knowledge, stage: str, filters: Filters, known: set[str], base: float) -> Ranked:
    """Scripts offered with confidence `base` for their stage alone."""
    logit = float(np.log(base / (1 - base)))
    found: Ranked = []
    for segment, live in zip(knowledge.segments, knowledge.live, strict=True):
        for entry in (segment.entries[at] for at in np.flatnonzero(live)):
            if entry.stage == stage and entry.id not in known and refusal(entry, filters) is None:
                found.append((Candidate(entry, logit, (), 0), base))
            if len(found) >= POOL:
                return found
    return found


def _chosen(ranked: Ranked, least: float, limit: int) -> tuple[Ranked, list[Rejected]]:
    shown: Ranked = []
    rejected: list[Rejected] = []
    said: set[str] = set()
    for candidate, sure in ranked:
        entry = candidate.entry
        key = _key(entry.text)
        reason = ""
        if key in said:
            reason = "duplicate"
        elif sure < least:
            reason = "threshold"
        elif len(shown) >= limit:
            reason = "limit"
        if reason:
            rejected.append(Rejected(entry.known_as, entry.title, reason, round(sure, 4)))
        else:
            said.add(key)
            shown.append((candidate, sure))
    return shown, rejected


def _near(ranked: Ranked) -> tuple[str, ...]:
    titles = dict.fromkeys(candidate.entry.title for candidate, _ in ranked)
    return tuple(titles)[:NEAR]


def _suggestion(
    knowledge: Knowledge, candidate: Candidate, sure: float, asked: Asked, variables: Mapping[str, object]
) -> Suggestion:
    entry: Entry = candidate.entry
    filled = fill(entry, variables)
    reasons = why(candidate, asked) if candidate.values else Why((), 0.0, 0.0, 0.0, (("stage", 1.0),))
    return Suggestion(
        entry_id=entry.known_as,
        release=knowledge.release,
        kind=entry.kind,
        stage=entry.stage,
        title=entry.title,
        text=filled.text,
        slots=filled.slots,
        confidence=round(sure, 4),
        source=Source(entry.source or entry.title, entry.section, entry.url),
        why=reasons,
    )
