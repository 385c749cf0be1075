"""How far people agree, with each other and with the machine: Cohen's κ and Krippendorff's α."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

Weights = Literal["none", "linear", "quadratic"]
Metric = Literal["nominal", "ordinal", "interval"]


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's κ of `n` pairs; None where chance alone explains everything (all said the same one thing)."""

    value: float | None
    observed: float | None
    expected: float | None
    n: int


def kappa(
    pairs: Sequence[tuple[Hashable, Hashable]],
    weights: Weights = "none",
    order: Sequence[Hashable] | None = None,
) -> Kappa:
    """κ of two raters (Cohen 1960), weighed by the distance of places in `order` (Cohen 1968)."""
    n = len(pairs)
    if not n:
        return Kappa(None, None, None, 0)
    names = list(order) if order is not None else sorted({one for pair in pairs for one in pair}, key=str)
    place = {name: at for at, name in enumerate(names)}
    far = max(len(names) - 1, 1)

    def worth(one: Hashable, other: Hashable) -> float:
        if weights == "none":
            return float(one == other)
        gap = abs(place[one] - place[other]) / far
        return 1 - (gap if weights == "linear" else gap * gap)

    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    observed = sum(worth(one, other) for one, other in pairs) / n
    expected = sum(
        worth(one, other) * first[one] * second[other] for one in first for other in second
    ) / (n * n)  # fmt: skip
    value = None if expected >= 1 - 1e-12 else (observed - expected) / (1 - expected)
    return Kappa(value, observed, expected, n)


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's α over `n` pairable values in `units`; None where nothing varies."""

    value: float | None
    units: int
    n: int


def alpha(units: Sequence[Sequence[float | str | None]], metric: Metric = "nominal") -> Alpha:
    """α of any number of raters with gaps: one row for each unit, None where a rater said nothing.

    Krippendorff, Computing Krippendorff's Alpha-Reliability (2011). Ordinal and interval take numbers.
    """
    rows = [[one for one in unit if one is not None] for unit in units]
    rows = [row for row in rows if len(row) > 1]
    counts = Counter(one for row in rows for one in row)
    n = sum(counts.values())
    if not n:
        return Alpha(None, 0, 0)
    far = _distance(metric, counts)
    disagreed = sum(
        2 * sum(far(one, other) for one, other in combinations(row, 2)) / (len(row) - 1) for row in rows
    )
    chance = 2 * sum(
        counts[one] * counts[other] * far(one, other) for one, other in combinations(counts, 2)
    ) / (n - 1)  # fmt: skip
    return Alpha(None if chance == 0 else 1 - disagreed / chance, len(rows), n)


def _distance(
    metric: Metric, counts: Mapping[float | str, int]
) -> Callable[[float | str, float | str], float]:
    """The squared difference of two values under a metric."""
    if metric == "nominal":
        return lambda one, other: float(one != other)
    if metric == "interval":
        return lambda one, other: (float(one) - float(other)) ** 2
    order = sorted(counts, key=float)
    below, seen = {}, 0.0
    for name in order:  # the middle of the values that lie at or below it
        below[name] = seen + counts[name] / 2
        seen += counts[name]
    return lambda one, other: (below[one] - below[other]) ** 2
