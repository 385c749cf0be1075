"""CAPABILITY suggest: from the course of a conversation to ranked scripts and answers, or to silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from kb import confidence
from kb.chosen import Ranked, Rejected, chosen, pairs_of
from kb.dialogue import Question, Said, needed_stage, policy, question_of, stage_bonus, unmasked
from kb.entries import Entry, Kind
from kb.filters import Filters, refusal
from kb.knowledge import Knowledge
from kb.query import Asked, analysed, ask
from kb.retrieve import POOL, Candidate, Retrieved, retrieve
from kb.search import Why, threshold, why
from kb.segment import Encode
from kb.slots import FilledSlot, fill, from_turns

__all__ = ["Rejected", "Source", "SuggestRequest", "Suggested", "Suggestion", "ranking", "suggest"]

NEAR = 5


@dataclass(frozen=True, slots=True)
class SuggestRequest:
    """What is known when a suggestion is asked for.

    `query` replaces the question read from `turns`; `stage` is a filter, otherwise the stage needed is inferred
    from `done_stages` (what the agent's turns have covered; None: unknown) and `mood` (−1…1). `min_precision`
    0…1; `sent_ids` were sent before and are not offered again; entries of the kinds `unless_overdue` are held
    back once their review is overdue. `priors` are pushes of the ranking score by entry id (kb/learned.py).
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
    priors: Mapping[str, float] = field(default_factory=dict)


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
        pair for pair in _ranked(found, needed, request) if pair[0].entry.successor not in request.sent_ids
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
    said = tuple(pairs_of(turn.text) for turn in request.turns if turn.role == "agent")
    disliked = _disliked(found, needed, request, least)
    shown, rejected = chosen(ranked, least, request.limit, said, disliked)
    rejected.extend(Rejected(e.known_as, e.title, refusal(e, filters) or "limit") for e in found.hidden)
    asked = found.asked if question.text else analysed(query, knowledge.lexicon)
    variables = {**from_turns(turn.text for turn in request.turns), **request.variables}
    return Suggested(
        suggestions=tuple(
            _suggestion(knowledge, c, sure, asked, variables, _pushes(c.entry, needed, request))
            for c, sure in shown
        ),
        abstained=not shown,
        near_questions=() if shown else _near(ranked),
        rejected=tuple(rejected),
        stage=needed,
        threshold=least,
    )


def _ranked(found: Retrieved, needed: str | None, request: SuggestRequest, learned: bool = True) -> Ranked:
    if not found.candidates:
        return []
    bonus = [
        sum(push for name, push in _pushes(candidate.entry, needed, request) if learned or name != "learned")
        for candidate in found.candidates
    ]
    values = np.array([candidate.values for candidate in found.candidates], np.float32)
    logits = confidence.load()[found.mode].logits(values, np.array(bonus, np.float32))
    sure = confidence.probability(logits).tolist()
    ranked = list(zip(found.candidates, sure, strict=True))
    return sorted(ranked, key=lambda pair: (-pair[1], pair[0].entry.id))


def ranking(knowledge: Knowledge, request: SuggestRequest, encode: Encode | None) -> list[Entry]:
    """Entries in the order in which `suggest` weighs them, before any is held back: for measuring."""
    question = Question(unmasked(request.query)) if request.query else question_of(request.turns)
    needed = request.stage or needed_stage(question, request.done_stages, request.mood)
    query = ask(question.text, encode if knowledge.has_vectors else None, question.context)
    filters = Filters(as_of=request.as_of, exclude=request.sent_ids)
    found = retrieve(knowledge, query, filters)
    return [candidate.entry for candidate, _ in _ranked(found, needed, request)]


def _pushes(entry: Entry, needed: str | None, request: SuggestRequest) -> tuple[tuple[str, float], ...]:
    """What moves an entry in the order beside its evidence: its stage, whom it is made for, what came of it."""
    own: dict[str, float] = policy()["personal"]
    pushes = {
        "stage": stage_bonus(entry.stage, needed, request.done_stages),
        "audience": own["audience"] if entry.audience & (request.audience or frozenset()) else 0.0,
        "channel": own["channel"]
        if request.channel is not None and request.channel in entry.channel
        else 0.0,
        "learned": request.priors.get(entry.known_as, 0.0),
    }
    return tuple((name, round(float(push), 4)) for name, push in pushes.items() if push)


def _disliked(found: Retrieved, needed: str | None, request: SuggestRequest, least: float) -> frozenset[str]:
    """Entries that would be sure enough but for what came of them."""
    if not any(request.priors.get(candidate.entry.known_as, 0) < 0 for candidate in found.candidates):
        return frozenset()
    without = _ranked(found, needed, request, learned=False)
    return frozenset(c.entry.id for c, sure in without if sure >= least)


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


def _near(ranked: Ranked) -> tuple[str, ...]:
    titles = dict.fromkeys(candidate.entry.title for candidate, _ in ranked)
    return tuple(titles)[:NEAR]


def _suggestion(
    knowledge: Knowledge,
    candidate: Candidate,
    sure: float,
    asked: Asked,
    variables: Mapping[str, object],
    pushes: tuple[tuple[str, float], ...],
) -> Suggestion:
    entry: Entry = candidate.entry
    filled = fill(entry, variables)
    reasons = why(candidate, asked) if candidate.values else Why((), 0.0, 0.0, 0.0, (("stage", 1.0),))
    if candidate.values:
        reasons = replace(reasons, features=(*reasons.features, *pushes))
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
