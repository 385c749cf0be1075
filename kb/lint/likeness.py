"""How surely two statements speak of the same matter."""

from __future__ import annotations

import math
from collections.abc import Callable

from kb.lint import tables
from kb.lint.facts import Fact, Terms

_NEAR, _TITLE, _WIDE = 1.0, 0.8, 0.5
Rarity = Callable[[str], float]
"""How much a term tells: rare ones most."""
Vector = dict[str, float]
"""What each term around a statement weighs; unit length."""


def rarity(count: int, entries: int) -> float:
    """Of a term that `count` of `entries` have."""
    return math.log((entries + 1) / (count + 0.5))


def vector(fact: Fact, rare: Rarity) -> Vector:
    """What each term around a statement weighs; the kind of amount counts as a term."""
    found: Vector = {f"#{fact.family}": max(_NEAR * rare(f"#{fact.family}"), 0.0)}
    for layer, weight in ((fact.wide, _WIDE), (fact.title, _TITLE), (fact.near, _NEAR)):
        for term in layer:
            found[term] = max(weight * rare(term), found.get(term, 0.0))
    size = math.sqrt(sum(weight * weight for weight in found.values())) or 1.0
    return {term: weight / size for term, weight in found.items()}


def weighed(words: Terms, rare: Rarity) -> Vector:
    """The terms of a whole text by how much they tell; unit length."""
    found = {term: rare(term) for term in words}
    size = math.sqrt(sum(weight * weight for weight in found.values())) or 1.0
    return {term: weight / size for term, weight in found.items()}


def alike(one: Vector, other: Vector) -> float:
    """Cosine of what surrounds two statements, 0…1."""
    small, large = (one, other) if len(one) <= len(other) else (other, one)
    total = 0.0
    for term in small.keys() & large.keys():
        total += small[term] * large[term]
    return total


def apart(one: Fact, other: Fact) -> str:
    """The condition that tells two statements apart; "" where none does."""
    for group in tables.load().conditions:
        if _sets_apart(group, one, other) or _excepts(group, one, other):
            return group.name
    return ""


def _excepts(group: tables.Condition, one: Fact, other: Fact) -> bool:
    if one.family not in group.special:
        return False
    mine, theirs = _reached(one, group), _reached(other, group)
    return bool((_told(one, group) and not theirs) or (_told(other, group) and not mine))


def apart_by(one: Fact, other: Fact) -> frozenset[str]:
    """The names of all conditions that tell two statements apart."""
    return frozenset(group.name for group in tables.load().conditions if _sets_apart(group, one, other))


def _sets_apart(group: tables.Condition, one: Fact, other: Fact) -> bool:
    """Whether both name a case of the group and none is shared, or only one names a rule of its own."""
    if group.families and one.family not in group.families:
        return False
    mine, theirs = _reached(one, group), _reached(other, group)
    if mine and theirs and not mine & theirs:
        return True
    return group.narrow and bool(mine) != bool(theirs)


def _reached(fact: Fact, group: tables.Condition) -> frozenset[int] | None:
    """The cases of a group that can set a statement apart."""
    if not group.reach:
        return fact.cases.get(group.name)
    own = fact.own.get(group.name)
    return own or (fact.titled.get(group.name) if group.reach == "title" else None)


def _told(fact: Fact, group: tables.Condition) -> frozenset[int] | None:
    """The cases of a group that the text itself names, those of the title left out where the other has none."""
    found = fact.cases.get(group.name)
    return None if found == fact.titled.get(group.name) else found
