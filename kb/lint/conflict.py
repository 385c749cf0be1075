"""Two entries that may be given to one customer on one day, and answer the same question differently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from kb.entries import Entry
from kb.lint import tables
from kb.lint.base import Read
from kb.lint.facts import Fact
from kb.lint.likeness import alike, apart, least, odds
from kb.lint.quantities import Quantity

STRICT = frozenset({"floor", "off", "min", "max"})
"""What an amount does: one of another of these roles does not answer it."""


_SEASON = timedelta(days=100)
_PUBLIC = 1_000_000


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two statements of which at most one can be right; `likeness` 0…1 says how surely they meet."""

    one: Fact
    other: Fact
    likeness: float


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


def _one_kind(one: Fact, other: Fact) -> bool:
    return one.family == other.family or {one.family, other.family} == {"clock", "hours"}


def comparable(one: Fact, other: Fact) -> bool:
    """Whether two statements answer the same kind of question under conditions that can hold together."""
    if not _one_kind(one, other):
        return False
    if one.role != other.role and {one.role, other.role} <= STRICT:
        return False
    if one.example or other.example or one.family in tables.load().draft["skipped"]:
        return False
    if one.quantity is None and not one.object & other.object:
        return False
    if one.quantity and other.quantity and not of_one_size(one.quantity, other.quantity):
        return False
    return not apart(one, other)


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


def conflicts(left: Read, right: Read) -> Iterator[Conflict]:
    """Pairs of statements of two entries that differ, each the other's nearest."""
    near = _meetings(left, right)
    for (at, to), likeness in near.items():
        one, other = left.facts[at], right.facts[to]
        if (
            likeness < max(least(one.family), least(other.family))
            or not differs(one, other)
            or not comparable(one, other)
        ):
            continue
        rivals = {pair: value for pair, value in near.items() if (pair[0] == at) != (pair[1] == to)}
        if not any(
            _settles(left.facts[a], right.facts[b], value, likeness) for (a, b), value in rivals.items()
        ):
            yield Conflict(one, other, likeness)


def _settles(one: Fact, other: Fact, value: float, likeness: float) -> bool:
    """Whether a pair as near as `value` shows that another, of `likeness`, is none: nearer, or equal and near."""
    if differs(one, other):
        return value > likeness and comparable(one, other)
    return value > float(tables.load().compare["agrees"]) * likeness


def _meetings(left: Read, right: Read) -> dict[tuple[int, int], float]:
    """How surely each two statements of a kind speak of the same matter."""
    whole = alike(left.whole, right.whole)
    found: dict[tuple[int, int], float] = {}
    for at, one in enumerate(left.facts):
        for to, other in enumerate(right.facts):
            if _one_kind(one, other) and (one.quantity or one.object & other.object):
                found[at, to] = odds(alike(left.vectors[at], right.vectors[to]), whole)
    return found
