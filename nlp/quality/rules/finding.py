"""Where an atom hits among the turns it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from nlp.entities import entities
from nlp.quality.dialogue import Dialogue
from nlp.quality.known import contradicted
from nlp.quality.rules import likeness, numbers
from nlp.quality.rules.atoms import (
    TURN_MEASURES,
    Breach,
    Entities,
    Measure,
    Mood,
    Repeats,
    Similar,
    Stage,
    Suspected,
    Tagged,
    Template,
    Untrue,
    Words,
)
from nlp.quality.rules.outcome import Hit, Outcome, missing, unknown, whole
from nlp.quality.rules.tree import Leaf
from nlp.quality.wording import clauses


@dataclass(frozen=True, slots=True)
class Looking:
    """The turns an atom is given, and where it is missed when it does not hit."""

    dialogue: Dialogue
    turns: tuple[int, ...]
    place: int
    as_of: datetime


Breaches = Callable[[Looking, Breach], Outcome]
"""What one of the form's other checks comes to."""


def find(leaf: Leaf, looking: Looking, breach: Breaches) -> Outcome:
    """What the atom of a leaf comes to."""
    match leaf.atom:
        case Words():
            return _of(looking, _words(looking, leaf.path))
        case Similar() as atom:
            return _of(looking, likeness.similar(looking.dialogue, looking.turns, atom))
        case Entities() as atom:
            return _of(looking, _entities(looking, atom))
        case Mood() as atom:
            return _mood(looking, atom)
        case Suspected() as atom:
            return _suspected(looking, atom)
        case Stage() as atom:
            return _of(looking, _stage(looking, atom))
        case Untrue():
            return _untrue(looking)
        case Repeats() as atom:
            return _of(looking, likeness.repeated(looking.dialogue, looking.turns, atom))
        case Template() as atom:
            return _template(looking, atom)
        case Tagged() as atom:
            return _tagged(looking, atom)
        case Measure() as atom:
            return _measure(looking, atom)
        case Breach() as atom:
            return breach(looking, atom)


def _of(looking: Looking, hits: Iterator[Hit]) -> Outcome:
    found = tuple(hits)
    return Outcome(True, found) if found else Outcome(False, (missing(looking.place),))


def _words(looking: Looking, path: str) -> Iterator[Hit]:
    for turn in looking.turns:
        for start, end in looking.dialogue.hits[turn].get(path, ()):
            yield Hit(turn, start, end)


def _stage(looking: Looking, atom: Stage) -> Iterator[Hit]:
    for turn in looking.turns:
        for start, end in looking.dialogue.staged(turn).get(atom.stage, ()):
            yield Hit(turn, start, end)


def _entities(looking: Looking, atom: Entities) -> Iterator[Hit]:
    dialogue = looking.dialogue
    for turn in looking.turns:
        told = [(one.type, one.start, one.end) for one in dialogue.personal(turn)]
        named = entities(dialogue.transcript.turns[turn].text)
        told += [
            (one.type, one.start, one.end) for one in named if one.type not in ("order_no", "tracking_no")
        ]
        for start, end in sorted({(a, b) for kind, a, b in told if kind in atom.types}):
            yield Hit(turn, start, end, dialogue.sent(turn, start, end))


def _mood(looking: Looking, atom: Mood) -> Outcome:
    moods = looking.dialogue.moods
    if not any(turn in moods for turn in looking.turns):
        return unknown("没有这些话轮的情感判断")
    hits = [
        whole(turn)
        for turn in looking.turns
        if (mood := moods.get(turn)) is not None
        and mood.intensity >= atom.at_least
        and (not atom.polarity or mood.polarity == atom.polarity)
        and (not atom.emotions or mood.emotion in atom.emotions)
    ]
    return _of(looking, iter(hits))


def _suspected(looking: Looking, atom: Suspected) -> Outcome:
    heard = [(turn, looking.dialogue.suspects(turn)) for turn in looking.turns]
    known = [(turn, suspects) for turn, suspects in heard if suspects is not None]
    if not known:
        return unknown("没有听这些话轮的模型")
    hits = [
        Hit(turn, start, end)
        for turn, suspects in known
        for start, end, share in suspects.get(atom.label, ())
        if share >= atom.at_least
    ]
    return _of(looking, iter(hits))


def _untrue(looking: Looking) -> Outcome:
    dialogue = looking.dialogue
    facts = tuple(dialogue.facts(looking.as_of)) if dialogue.facts else ()
    if not facts:
        return unknown("没有当日的知识可以核对")
    hits = [
        Hit(turn, *clause.span())
        for turn in looking.turns
        for clause in clauses(dialogue.texts[turn])
        if contradicted(clause.group(), facts)
    ]
    return _of(looking, iter(hits))


def _template(looking: Looking, atom: Template) -> Outcome:
    copies = list(likeness.copies(looking.dialogue, looking.turns, atom))
    share = len(copies) / len(looking.turns)
    told = f"套话占 {share:.0%}"
    if copies and share >= atom.share:
        return Outcome(True, tuple(copies), told)
    return Outcome(False, (missing(looking.place),), told)


def _tagged(looking: Looking, atom: Tagged) -> Outcome:
    extra = looking.dialogue.transcript.extra
    given = next(
        (extra[name] for name in ("tags", "categories") if isinstance(extra.get(name), list | tuple)), None
    )
    if given is None:
        return unknown("会话没有带标签")
    return Outcome(any(str(one) in atom.tags for one in given), (missing(looking.place),))


def _measure(looking: Looking, atom: Measure) -> Outcome:
    if atom.name in TURN_MEASURES:
        known = list(numbers.of_turns(looking.dialogue, looking.turns, atom.name))
        if not known:
            return unknown(f"无法计算{TURN_MEASURES[atom.name]}")
        return _of(looking, (whole(turn) for turn, value in known if atom.bounds.hold(value)))
    value = numbers.of_dialogue(looking.dialogue, looking.turns, atom.name)
    if value is None:
        return unknown(f"无法计算{numbers.name_of(atom.name)}")
    told = f"{numbers.name_of(atom.name)} {value:g}"
    return Outcome(atom.bounds.hold(value), (whole(looking.place),), told)
