"""How sure a number is: intervals for shares, means and their differences, and for stratified samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

Z95 = 1.959963984540054
Interval = tuple[float, float]


def z_of(confidence: float) -> float:
    """Half-width of a two-sided interval in standard deviations: 0.95 → 1.96."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(hits: float, n: float, z: float = Z95) -> Interval | None:
    """95 % interval of a share (Wilson 1927), 0…1; None of nothing. Counts may be effective, so not whole."""
    if n <= 0:
        return None
    share, over = hits / n, z * z / n
    middle = (share + over / 2) / (1 + over)
    half = z / (1 + over) * math.sqrt(max(0.0, share * (1 - share) / n + over / (4 * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


def difference(hits: float, n: float, other_hits: float, other_n: float, z: float = Z95) -> Interval | None:
    """95 % interval of share − other share (Newcombe 1998, method 10), −1…1."""
    one, other = wilson(hits, n, z), wilson(other_hits, other_n, z)
    if one is None or other is None:
        return None
    p, q = hits / n, other_hits / other_n
    below = math.hypot(p - one[0], other[1] - q)
    above = math.hypot(one[1] - p, q - other[0])
    return p - q - below, p - q + above


def two_proportions(hits: float, n: float, other_hits: float, other_n: float) -> float | None:
    """Two-sided p value that both shares are the same (pooled z test); None where it cannot be said."""
    if n <= 0 or other_n <= 0:
        return None
    pooled = (hits + other_hits) / (n + other_n)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / other_n))
    if spread == 0:
        return None
    return math.erfc(abs(hits / n - other_hits / other_n) / spread / math.sqrt(2))


def variance(n: float, total: float, squares: float) -> float | None:
    """Sample variance from sums; None under two values."""
    return None if n < 2 else max(0.0, squares - total * total / n) / (n - 1)


def mean(n: float, total: float, squares: float, z: float = Z95) -> Interval | None:
    """95 % interval of a mean (normal)."""
    spread = variance(n, total, squares)
    if spread is None:
        return None
    half = z * math.sqrt(spread / n)
    return total / n - half, total / n + half


def means(a: tuple[float, float, float], b: tuple[float, float, float], z: float = Z95) -> Interval | None:
    """95 % interval of mean(a) − mean(b), each (n, total, squares) (Welch, normal)."""
    one, other = variance(*a), variance(*b)
    if one is None or other is None:
        return None
    half = z * math.sqrt(one / a[0] + other / b[0])
    delta = a[1] / a[0] - b[1] / b[0]
    return delta - half, delta + half


@dataclass(frozen=True, slots=True)
class Stratum:
    """One part of the whole: its size, how many of it were looked at, how many of those were hits."""

    size: int
    n: int
    hits: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share of the whole with its interval (0…1), from `n` looked at; `effective` is what they are worth."""

    share: float
    low: float
    high: float
    n: int
    effective: float

    def small(self, half_width: float) -> bool:
        """Whether the interval is wider than ± `half_width`: the sample does not tell enough."""
        return (self.high - self.low) / 2 > half_width


def stratified(strata: Sequence[Stratum], z: float = Z95) -> Estimate | None:
    """The share of the whole, each stratum weighed by its size, with a Wilson interval on the effective sample.

    The effective sample is the simple one of the same variance, finite parts counted. Strata that nobody looked at
    are left out of the whole; None where that is all of them.
    """
    seen = [one for one in strata if one.n > 0 and one.size > 0]
    whole = sum(one.size for one in seen)
    if not whole:
        return None
    share = sum(one.size / whole * one.hits / one.n for one in seen)
    spread = 0.0
    for one in seen:
        weight, part = one.size / whole, one.hits / one.n if one.n > 1 else share  # one alone knows no spread
        spread += weight * weight * part * (1 - part) / one.n * max(0.0, 1 - one.n / one.size)
    n = sum(one.n for one in seen)
    if n >= whole:  # everything was looked at: the share is known
        return Estimate(share, share, share, n, math.inf)
    effective = share * (1 - share) / spread if spread > 0 else float(n)
    interval = wilson(share * effective, effective, z)
    assert interval is not None
    return Estimate(share, *interval, n, effective)


def shown(estimate: Estimate) -> str:
    """Like 5.0% [3.9, 6.4]."""
    return f"{100 * estimate.share:.1f}% [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
