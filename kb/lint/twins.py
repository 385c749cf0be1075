"""Entries of one kind that say the same to the same people in almost the same words."""

from __future__ import annotations

from kb.lint import tables
from kb.lint.base import Read
from kb.lint.conflict import together
from kb.lint.facts import cases
from kb.lint.likeness import alike
from nlp.text import key, normalise


def twins(one: Read, other: Read) -> bool:
    """Whether either could go: like texts, the same amounts, no condition that tells their titles apart."""
    if one.entry.kind != other.entry.kind or one.entry.stage != other.entry.stage:
        return False
    if _amounts(one) != _amounts(other) or not together(one.entry, other.entry):
        return False
    mine, theirs = cases(normalise(one.entry.title)), cases(normalise(other.entry.title))
    if any(group in mine and group in theirs and not mine[group] & theirs[group] for group in mine):
        return False
    mine, theirs = (cases(normalise(f"{read.entry.title}\n{read.entry.text}")) for read in (one, other))
    if any(
        group.narrow and (group.name in mine) != (group.name in theirs) for group in tables.load().conditions
    ):
        return False
    return alike(one.whole, other.whole) >= float(tables.load().compare["twins"])


def same(one: Read, other: Read) -> bool:
    """Whether title and text are the same, letter for letter."""
    return same_title(one, other) and key(one.entry.text) == key(other.entry.text)


def same_title(one: Read, other: Read) -> bool:
    """Whether two entries of a kind have one title for the same people."""
    first, second = one.entry, other.entry
    if (first.kind, first.audience, first.channel) != (second.kind, second.audience, second.channel):
        return False
    return key(first.title) == key(second.title)


def _amounts(read: Read) -> set[tuple[str, float, float]]:
    return {
        (fact.quantity.unit, fact.quantity.low, fact.quantity.high)
        for fact in read.facts
        if fact.quantity is not None
    }
