"""What a node comes to: true, false or unknown, and the places that show it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nlp.quality.dialogue import Dialogue, absent
from nlp.transcript import Span


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in a turn, in normalised offsets; `end` WHOLE is the whole turn, ABSENT something missing there."""

    turn: int
    start: int
    end: int
    span: Span | None = None
    """Evidence that is known already, in offsets of the text as sent."""

    def __lt__(self, other: Hit) -> bool:
        return (self.turn, self.start, self.end) < (other.turn, other.start, other.end)


WHOLE, ABSENT = -1, -2


def whole(turn: int) -> Hit:
    return Hit(turn, 0, WHOLE)


def missing(turn: int) -> Hit:
    return Hit(turn, 0, ABSENT)


def evidence(dialogue: Dialogue, hit: Hit) -> Span:
    """The hit as a span of the text as sent, personal data masked."""
    if hit.span is not None:
        return hit.span
    if hit.end == ABSENT:
        return absent(hit.turn)
    return dialogue.whole(hit.turn) if hit.end == WHOLE else dialogue.span(hit.turn, hit.start, hit.end)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`state` None: it cannot be told, and `reason` says why. `hits` show the state as it is, absences too."""

    state: bool | None
    hits: tuple[Hit, ...] = ()
    reason: str = ""

    def flipped(self) -> Outcome:
        return self if self.state is None else replace(self, state=not self.state)


def unknown(reason: str) -> Outcome:
    return Outcome(None, (), reason)


def both(parts: list[Outcome]) -> Outcome:
    """All are true: false beats unknown, unknown beats true."""
    false = next((part for part in parts if part.state is False), None)
    if false is not None:
        return false
    open_ = next((part for part in parts if part.state is None), None)
    return open_ or Outcome(True, merged(parts))


def either(parts: list[Outcome], least: int = 1) -> Outcome:
    """At least `least` are true; where those that cannot be told would decide it, it cannot be told."""
    true = [part for part in parts if part.state is True]
    if len(true) >= least:
        return Outcome(True, merged(true))
    open_ = [part for part in parts if part.state is None]
    if open_ and len(true) + len(open_) >= least:
        return open_[0]
    return next(part for part in parts if part.state is False)


def merged(parts: list[Outcome]) -> tuple[Hit, ...]:
    """The hits of several outcomes in order of place, each once."""
    found = {(hit.turn, hit.start, hit.end): hit for part in parts for hit in part.hits}
    return tuple(found[place] for place in sorted(found))
