"""Two spans or two groups side by side: both numbers, the change in points and in percent, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

from nlp.metrics import interval
from nlp.metrics.definition import Metric
from nlp.metrics.interval import Interval
from nlp.metrics.measure import Measured, Tally


@dataclass(frozen=True, slots=True)
class Compared:
    """`delta` is now − before in the metric's unit (points of a share); `percent` is it relative to before."""

    now: Measured
    before: Measured
    delta: float | None
    percent: float | None
    interval: Interval | None
    p: float | None
    verdict: str

    @property
    def sure(self) -> bool:
        """Whether the interval of the change leaves out zero."""
        return _certain(self.interval)


def _certain(spread: Interval | None) -> bool:
    return spread is not None and (spread[0] > 0 or spread[1] < 0)


def compare(metric: Metric, now: Tally, before: Tally) -> Compared:
    """Compare two tallies of one metric."""
    one, other = now.measured(metric), before.measured(metric)
    return compare_measured(metric, one, other, _interval(metric, now, before), _p(metric, one, other))


def compare_measured(
    metric: Metric,
    now: Measured,
    before: Measured,
    sure: Interval | None = None,
    p: float | None = None,
) -> Compared:
    """Compare two numbers of one metric."""
    delta = percent = None
    if now.value is not None and before.value is not None:
        delta = now.value - before.value
        percent = 100.0 * delta / abs(before.value) if before.value else None
    return Compared(now, before, delta, percent, sure, p, _verdict(metric, delta, sure))


def _verdict(metric: Metric, delta: float | None, spread: Interval | None) -> str:
    """better | worse | same | unsure | unknown, by which way is better; a change chance may have made is unsure."""
    if delta is None or metric.better == "none":
        return "unknown"
    if delta == 0:
        return "same"
    if not _certain(spread):
        return "unsure"
    return "better" if (delta > 0) == (metric.better == "up") else "worse"


def _interval(metric: Metric, now: Tally, before: Tally) -> Interval | None:
    if metric.measure == "share":
        found = interval.difference(now.numerator, now.denominator, before.numerator, before.denominator)
        scale = metric.scale
    elif metric.measure in ("mean", "nps"):
        sums = ((one.n, one.numerator, one.squares) for one in (now, before))
        found = interval.means(next(sums), next(sums))
        scale = 100.0 if metric.measure == "nps" else metric.scale
    else:
        return None
    return None if found is None else (found[0] * scale, found[1] * scale)


def _p(metric: Metric, now: Measured, before: Measured) -> float | None:
    if metric.measure != "share":
        return None
    return interval.two_proportions(now.numerator, now.denominator, before.numerator, before.denominator)
