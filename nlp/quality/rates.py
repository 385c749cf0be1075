"""Rates with intervals from stratified samples: how often something happens, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Stratum:
    """`size` conversations, of which `seen` were looked at and `hits` of those had it."""

    size: int
    seen: int
    hits: int


@dataclass(frozen=True, slots=True)
class Rate:
    """A share 0…1 with its interval; `thin` where fewer were seen than the site asks for."""

    value: float
    low: float
    high: float
    seen: int
    size: int
    thin: bool

    def words(self) -> str:
        """Such as `5.0% [3.9, 6.4]`."""
        return f"{self.value:.1%} [{self.low * 100:.1f}, {self.high * 100:.1f}]"


def wilson(share: float, number: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share seen in `number` draws (Wilson 1927); nothing seen says nothing."""
    if number <= 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    middle = share + z * z / (2 * number)
    spread = z * sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    whole = 1 + z * z / number
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def rate_of(strata: Sequence[Stratum], least: int = 30, confidence: float = 0.95) -> Rate | None:
    """The share in the whole, each stratum weighed by its size; None where none was looked at.

    Variance of a stratified sample without replacement, Σ W² (1 − f) p(1 − p)/(n − 1) (Cochran 1977, 5.6); a stratum
    seen once borrows the spread of the whole. The interval is Wilson's with the effective number of draws that this
    variance is worth (Franco, Little, Louis, Slud 2019). Strata nobody looked at are left out of the whole.
    """
    looked = [one for one in strata if one.seen]
    size, seen = sum(one.size for one in looked), sum(one.seen for one in looked)
    if not seen:
        return None
    share = sum(one.size / size * one.hits / one.seen for one in looked)
    if size == seen:
        return Rate(share, share, share, seen, size, seen < least)
    spread = share * (1 - share)
    variance = sum(
        (one.size / size) ** 2 * (1 - one.seen / one.size) * _spread(one, spread) for one in looked
    )
    number = spread / variance if spread > 0 and variance > 0 else float(seen)
    low, high = wilson(share, number, confidence)
    return Rate(share, low, high, seen, size, seen < least)


def _spread(one: Stratum, pooled: float) -> float:
    """Estimated variance of one draw's mean in a stratum, less the finite correction."""
    if one.seen == 1:
        return pooled
    share = one.hits / one.seen
    return share * (1 - share) / (one.seen - 1)
