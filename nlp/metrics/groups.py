"""The same number for each part of the whole: by who, what, where and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo

from nlp.metrics.definition import Book, Metric
from nlp.metrics.measure import Measured, Tally, annotated
from nlp.metrics.observation import DIMENSIONS, Observation

UNKNOWN = "未知"
TIMES = ("hour", "day", "week", "month", "quarter", "year")
"""`hour` is the hour of the day; a week is named by its Monday."""
Keys = Callable[[Observation], Sequence[str]]


def keys_of(by: str, zone: tzinfo) -> Keys:
    """Which groups an observation falls into: one, or several where the value is a list."""
    if by in TIMES:
        return lambda one: (_moment(by, one, zone),)

    def keys(one: Observation) -> Sequence[str]:
        found = one.get(by)
        if isinstance(found, list):
            return [str(each) for each in dict.fromkeys(found)] or (UNKNOWN,)
        if isinstance(found, bool):
            return (str(found).lower(),)
        return (UNKNOWN,) if found is None or found == "" else (str(found),)

    return keys


def _moment(by: str, one: Observation, zone: tzinfo) -> str:
    at = one.at.astimezone(zone)
    if by == "hour":
        return f"{at:%H}:00"
    if by == "week":
        return f"{at - timedelta(days=at.weekday()):%Y-%m-%d}"
    if by == "quarter":
        return f"{at.year}-Q{(at.month + 2) // 3}"
    return at.strftime({"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[by])


def accepted(metric: Metric, book: Book) -> list[str]:
    """What a metric can be grouped by."""
    values = book.kinds.kinds[metric.kind].values if metric.kind else {}
    groupable = [
        one.name for one in values.values() if one.form in ("text", "texts", "flag") or "|" in one.form
    ]
    return [*DIMENSIONS[1:], *TIMES, *groupable]


@dataclass(frozen=True, slots=True)
class Group:
    """One part: its key, its number, its share of what counted (percent; only where the parts do not overlap)."""

    key: str
    measured: Measured
    share: float | None


def grouped(
    metric: Metric, observations: Iterable[Observation], by: str, zone: tzinfo, keep: bool = False
) -> dict[str, Tally]:
    """A tally for each part, in no order; `keep` remembers the ids."""
    keys = keys_of(by, zone)
    tallies: dict[str, Tally] = {}
    for one in annotated(metric.repeat, observations):
        for key in keys(one):
            tally = tallies.get(key)
            if tally is None:
                tally = Tally(ids=[] if keep else None)
            if tally.add(metric, one):
                tallies[key] = tally
    return tallies


def groups(metric: Metric, tallies: Mapping[str, Tally], by: str, overlapping: bool = False) -> list[Group]:
    """Parts in order: times as they come, others by how many counted, the unknown last."""
    order = sorted(tallies) if by in TIMES else sorted(tallies, key=lambda key: (-tallies[key].n, key))
    named = [key for key in order if key != UNKNOWN] + [key for key in order if key == UNKNOWN]
    parts = shares([tallies[key].n for key in named])
    return [
        Group(key, tallies[key].measured(metric), None if overlapping else share)
        for key, share in zip(named, parts, strict=True)
    ]


def shares(counts: Sequence[int]) -> list[float]:
    """Percent with two decimals that add up to exactly 100 (largest remainders); all zero of nothing."""
    total = sum(counts)
    if not total:
        return [0.0 for _ in counts]
    whole = [count * 10_000 // total for count in counts]
    rest = [count * 10_000 % total for count in counts]
    for place in sorted(range(len(counts)), key=lambda at: (-rest[at], at))[: 10_000 - sum(whole)]:
        whole[place] += 1
    return [part / 100 for part in whole]


@dataclass(frozen=True, slots=True)
class Driver:
    """How far a part moves the whole: (its number − the whole's) × its share of what counted. They add up to 0."""

    key: str
    n: int
    value: float | None
    impact: float


def drivers(metric: Metric, tallies: Mapping[str, Tally]) -> list[Driver]:
    """Parts by how much they pull the number down or up, the strongest first."""
    whole = Tally()
    for tally in tallies.values():
        whole.merge(tally)
    overall = whole.measured(metric)
    if overall.value is None or not overall.denominator:
        return []
    found = []
    for key, tally in tallies.items():
        one = tally.measured(metric)
        moved = (
            0.0 if one.value is None else (one.value - overall.value) * one.denominator / overall.denominator
        )
        found.append(Driver(key, one.n, one.value, moved))
    return sorted(found, key=lambda one: (-abs(one.impact), one.key))


def peaks(tallies: Mapping[str, Tally], factor: float) -> list[str]:
    """Keys with at least `factor` times the mean number of observations."""
    mean = sum(tally.n for tally in tallies.values()) / len(tallies) if tallies else 0.0
    return [key for key in sorted(tallies) if mean and tallies[key].n >= factor * mean]
