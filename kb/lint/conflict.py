"""Two entries that may be given to one customer on one day, and answer the same question differently."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from kb.entries import Entry
from kb.lint import tables
from kb.lint.base import Base, Read, limits
from kb.lint.evidence import Meeting, Rival, cheap, dear, meet, weights
from kb.lint.facts import Fact
from kb.lint.likeness import alike
from kb.lint.quantities import Quantity

_SEASON = timedelta(days=100)
_PUBLIC = 1_000_000
_TELLING = 3
"""Pairs of characters that a sentence must have to tell what it is about."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two statements of which at most one can be right; `odds` (log) that they speak of one matter, and whether they
    leave no doubt."""

    one: Fact
    other: Fact
    odds: float
    sure: bool


def together(left: Read, right: Read) -> bool:
    """Whether one customer can be told both on one day, as rules of the same rank."""
    one, other = left.entry, right.entry
    if one.kind == "case" or other.kind == "case":
        return False
    if one.audience and other.audience and not one.audience & other.audience:
        return False
    if one.channel and other.channel and not one.channel & other.channel:
        return False
    if _season(one) != _season(other):
        return False  # a rule for a season stands beside the general one
    for first, second in ((one, other), (other, one)):
        if first.effective_to and second.effective_from and first.effective_to <= second.effective_from:
            return False
    if one.kind == other.kind == "manual" or (left.codes and right.codes):
        return bool(left.codes & right.codes)
    return True


def _season(entry: Entry) -> bool:
    if entry.effective_from is None or entry.effective_to is None:
        return False
    return entry.effective_to - entry.effective_from <= _SEASON


def differs(one: Fact, other: Fact) -> bool:
    """Whether two statements of one family say different things; a range leaves room for what is in it."""
    if one.quantity is None or other.quantity is None:
        return one.value != other.value
    if one.quantity.same(other.quantity):
        return False
    if one.family != other.family:  # a moment and opening hours
        moment, span = (one, other) if one.family == "clock" else (other, one)
        return (
            moment.quantity is not None
            and span.quantity is not None
            and (moment.quantity.low not in (span.quantity.low, span.quantity.high))
        )
    ranged = [
        fact.quantity for fact in (one, other) if fact.quantity and fact.quantity.low < fact.quantity.high
    ]
    if one.family == "hours" or len(ranged) != 1:
        return True
    return not (one.quantity.within(other.quantity) or other.quantity.within(one.quantity))


def one_kind(one: Fact, other: Fact) -> bool:
    return one.family == other.family or {one.family, other.family} == {"clock", "hours"}


def comparable(one: Fact, other: Fact) -> bool:
    """Whether two statements answer the same kind of question in amounts of one size."""
    if one.example or other.example or one.family in tables.load().draft["skipped"]:
        return False
    return one.quantity is None or other.quantity is None or of_one_size(one.quantity, other.quantity)


def of_one_size(one: Quantity, other: Quantity) -> bool:
    """Numbers of different length, minutes beside years: answers to different questions."""
    if one.family == "phone":  # a public number is no hotline of ours
        return (one.low < _PUBLIC) == (other.low < _PUBLIC)
    ratio = float(tables.load().compare["ratio"])
    if one.family.startswith("count") or one.family in ("date", "clock", "hours", "percent"):
        return True
    if one.unit != other.unit:  # a working day is a day and its share of the weekend
        days = [amount.high if amount.unit == "working" else amount.high / 24 for amount in (one, other)]
        return max(days) <= ratio * max(min(days), 1e-9)
    return max(one.high, other.high) <= ratio * max(min(one.high, other.high), 1e-9)


def conflicts(left: Read, right: Read, base: Base, rival: Rival) -> Iterator[Conflict]:
    """Pairs of statements of two entries that differ, as surely as the fitted weights say."""
    mine = weights(base.encode is not None)
    for met, found in weighed(left, right, base, rival):
        odds = mine.odds(found)
        if verbatim(met, found):
            odds = max(odds, mine.sure)
        if odds >= mine.least:
            yield Conflict(met.one, met.other, odds, odds >= mine.sure)


def verbatim(met: Meeting, found: Mapping[str, float]) -> bool:
    """Whether two sentences are the same but for their value, under titles of which one says all that the other does."""
    same = met.one.wide == met.other.wide and len(met.one.wide) >= _TELLING
    return same and found["title"] >= 1.0 - 1e-9 and not (found["narrow"] or found["goods"] or found["apart"])


def weighed(
    left: Read, right: Read, base: Base, rival: Rival, every: bool = False
) -> Iterator[tuple[Meeting, dict[str, float]]]:
    """Differing statements and what speaks for their being one matter; of those that cannot reach the odds only
    where `every` is asked for."""
    mine = weights(base.encode is not None)
    least = mine.least - mine.reaches
    found = meetings(left, right, mine.dense)
    equal = [met for met in found if not differs(met.one, met.other)]
    for met in found:
        if not differs(met.one, met.other) or not comparable(met.one, met.other):
            continue
        told = cheap(met, base)
        if every or mine.odds(told) >= least or verbatim(met, told):
            yield met, told | dear(met, equal, rival)


def meetings(left: Read, right: Read, weight: float) -> list[Meeting]:
    """Statements of a kind in two entries; what is not a number must share what it is about."""
    whole = alike(left.whole, right.whole)
    return [
        meet(left, at, right, to, whole, weight)
        for at, one in enumerate(left.facts)
        for to, other in enumerate(right.facts)
        if one_kind(one, other) and (_share(one, other) or not differs(one, other))
    ]


def _share(one: Fact, other: Fact) -> bool:
    """Whether two answers name one thing; amounts and payers may leave it out."""
    return one.quantity is not None or one.family == "payer" or bool(one.object & other.object)


class Nearest:
    """The nearest of each statement, looked up once; `live` says which entries count."""

    def __init__(self, base: Base, live: Callable[[Entry], bool]) -> None:
        self._base, self._live = base, live
        self._known: dict[tuple[str, int], list[tuple[float, str, Fact]]] = {}

    def __call__(self, read: Read, at: int, beside: str, against: Fact) -> float:
        """How near the nearest is in any entry but the statement's own and `beside`; one that says what `against`
        says is no rival of it: a rule may stand in many entries, and one that differs contradicts them all."""
        key = read.entry.id, at
        if key not in self._known:
            self._known[key] = self._ranked(read, at)
        return max(
            (
                likeness
                for likeness, entry_id, fact in self._known[key]
                if entry_id != beside and differs(against, fact)
            ),
            default=0.0,
        )

    def _ranked(self, read: Read, at: int) -> list[tuple[float, str, Fact]]:
        """The nearest statement of each entry that may speak of the same."""
        base, fact = self._base, read.facts[at]
        weight = weights(base.encode is not None).dense
        most, common = limits()
        found = []
        for entry_id in base.near(fact.family, read.vectors[at], most, common):
            other = base.reads[entry_id]
            if entry_id == read.entry.id or not self._live(other.entry) or other.entry.kind == "case":
                continue
            whole = alike(read.whole, other.whole)
            near = [
                (meet(read, at, other, to, whole, weight).likeness, entry_id, theirs)
                for to, theirs in enumerate(other.facts)
                if one_kind(fact, theirs) and _share(fact, theirs)
            ]
            if near:
                found.append(max(near, key=lambda one: one[0]))
        return found
