"""Entries of one kind that say the same to the same people in almost the same words."""

from __future__ import annotations

from kb.lint import tables
from kb.lint.base import Read
from kb.lint.conflict import together
from kb.lint.likeness import alike


def twins(one: Read, other: Read) -> bool:
    """Whether either could go: like texts, the same amounts, no condition that tells them apart."""
    compare = tables.load().compare
    likeness = alike(one.whole, other.whole)
    surely = one.entry.kind == other.entry.kind and one.amounts == other.amounts
    if likeness < (compare["twins"] if surely else compare["twins_surely"]) or not _same_amounts(one, other):
        return False
    if any(group in other.named and not one.named[group] & other.named[group] for group in one.named):
        return False
    for group in tables.load().conditions:
        if group.narrow and (group.name in one.everywhere) != (group.name in other.everywhere):
            return False
    return together(one, other)


def same(one: Read, other: Read) -> bool:
    """Whether title and text are the same, letter for letter."""
    return same_title(one, other) and one.text_key == other.text_key


def same_title(one: Read, other: Read) -> bool:
    """Whether two entries of a kind have one title for the same people."""
    first, second = one.entry, other.entry
    if (first.kind, first.audience, first.channel) != (second.kind, second.audience, second.channel):
        return False
    return one.title_key == other.title_key


def _same_amounts(one: Read, other: Read) -> bool:
    """Whether at least half of the amounts of both are the same."""
    return 2 * len(one.amounts & other.amounts) >= len(one.amounts | other.amounts)
