"""Before and after: the same figure over two spans of time, and whether the difference is more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance

LEAST = 10
"""Observations a side needs before a difference is called significant: fewer make the test itself unsure."""
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure before and after. `p` is two-sided; None where a side has too few observations to tell."""

    n_before: int
    n_after: int
    before: float | None
    after: float | None
    delta: float | None
    p: float | None

    @property
    def significant(self) -> bool:
        return self.p is not None and self.p < LEVEL


def rates(hits_before: int, n_before: int, hits_after: int, n_after: int) -> Compared:
    """Two shares: the test of two proportions with a pooled rate."""
    before = hits_before / n_before if n_before else None
    after = hits_after / n_after if n_after else None
    p = None
    if min(n_before, n_after) >= LEAST:
        pooled = (hits_before + hits_after) / (n_before + n_after)
        p = _two_sided(
            hits_after / n_after - hits_before / n_before,
            pooled * (1 - pooled) * (1 / n_before + 1 / n_after),
        )
    return Compared(n_before, n_after, before, after, _delta(before, after), p)


def means(before: Sequence[float], after: Sequence[float]) -> Compared:
    """Two means: Welch's statistic, read from the normal distribution."""
    first = fmean(before) if before else None
    second = fmean(after) if after else None
    p = None
    if min(len(before), len(after)) >= LEAST:
        spread = variance(before) / len(before) + variance(after) / len(after)
        p = _two_sided(fmean(after) - fmean(before), spread)
    return Compared(len(before), len(after), first, second, _delta(first, second), p)


def _delta(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _two_sided(difference: float, spread: float) -> float:
    if spread <= 0:
        return 1.0 if difference == 0 else 0.0
    return math.erfc(abs(difference) / math.sqrt(2 * spread))
