"""Merge ranked lists by reciprocal rank (RRF: Cormack, Clarke and Büttcher, SIGIR 2009)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum

DAMPING = 60


def reciprocal_rank(
    lists: Iterable[tuple[Sequence[int], float]], damping: int = DAMPING
) -> list[tuple[int, float]]:
    """Items with the sum of `weight / (damping + rank)` over the lists, best first, ties in order of items.

    Each list is (items best first, weight). The order of the lists does not matter; an item repeated in one
    list counts at its best place.
    """
    parts: dict[int, list[float]] = {}
    for items, weight in lists:
        for rank, item in enumerate(dict.fromkeys(items), start=1):
            parts.setdefault(item, []).append(weight / (damping + rank))
    merged = [(item, fsum(found)) for item, found in parts.items()]
    return sorted(merged, key=lambda pair: (-pair[1], pair[0]))
