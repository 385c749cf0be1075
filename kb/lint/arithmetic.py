"""Numbers worked out from others in the same text: sums, shares, what is left."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations

from kb.lint.quantities import Quantity

MOST = 8
"""Numbers that are tried; a text of more is a list."""


def derived(one: Quantity, amounts: Sequence[Quantity]) -> bool:
    """Whether `one` follows from other amounts of the text."""
    if one.low != one.high or one.family in ("duration", "clock", "hours", "date", "phone"):
        return False
    others = [other for other in amounts if other is not one and other.low == other.high][:MOST]
    alike = [other.low for other in others if other.family == one.family]
    for size in (2, 3):
        if any(_equal(sum(group), one.low) for group in combinations(alike, size)):
            return True
    if any(_equal(first - second, one.low) for first, second in permutations(alike, 2)):
        return True
    points = [other.low for other in others if other.family == "point" and other.low]
    if one.family == "money" and any(
        _equal(first / second * paid, one.low) for first, second in permutations(points, 2) for paid in alike
    ):
        return True
    return any(_share(one, first, second) for first, second in permutations(others, 2))


def _share(one: Quantity, first: Quantity, second: Quantity) -> bool:
    if one.family == "money":
        if first.family == "money" and second.family == "percent":
            return _equal(first.low * second.low / 100, one.low)
        return (
            first.family == "money"
            and second.family.startswith(("count", "floor"))
            and _equal(first.low * second.low, one.low)
        )
    if (
        one.family == "percent"
        and first.family == second.family
        and first.low
        and first.family.startswith("count")
    ):
        return _equal(second.low / first.low * 100, one.low)
    return False


def _equal(left: float, right: float) -> bool:
    return abs(left - right) < 0.005 * max(abs(right), 1.0)
