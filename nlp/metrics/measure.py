"""Observations to one number: additive pieces, so that the days add up to the week, and the ids that counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from nlp.metrics import interval
from nlp.metrics.definition import Metric, Repeat
from nlp.metrics.interval import Interval
from nlp.metrics.observation import Observation
from nlp.metrics.where import holds

PROMOTERS, DETRACTORS = 9, 6
"""NPS: the share of 9–10 less the share of 0–6 (Reichheld 2003)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A number with what it was made of. `value` is None of nothing; `ids` are the observations that counted."""

    value: float | None
    n: int
    numerator: float
    denominator: float
    interval: Interval | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    ids: tuple[str, ...] = ()


def contribution(metric: Metric, one: Observation) -> tuple[float, float] | None:
    """What an observation adds to numerator and denominator; None where it does not count."""
    if one.kind != metric.kind or not holds(metric.where, one):
        return None
    if metric.measure in ("share", "count"):
        hit = metric.measure == "count" or holds(metric.of, one)
        return float(hit), 1.0
    if metric.measure in ("distinct", "reach"):
        if one.get(str(metric.field)) is None:
            return None
        return float(metric.measure == "distinct" or holds(metric.of, one)), 1.0
    value = _number(one, metric.field)
    if value is None:
        return None
    if metric.measure == "ratio":
        over = _number(one, metric.over)
        return None if over is None else (value, over)
    if metric.measure == "nps":
        return float(value >= PROMOTERS) - float(value <= DETRACTORS), 1.0
    return value, 1.0


def _number(one: Observation, name: str | None) -> float | None:
    found = one.get(name or "")
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


@dataclass(slots=True)
class Tally:
    """Pieces of one number. Two tallies of different observations put together are the tally of all of them."""

    n: int = 0
    numerator: float = 0.0
    denominator: float = 0.0
    squares: float = 0.0
    numbers: list[float] = field(default_factory=list)
    names: dict[str, float] = field(default_factory=dict)
    parts: dict[str, float] = field(default_factory=dict)
    ids: list[str] | None = None

    def add(self, metric: Metric, one: Observation) -> bool:
        """Take in an observation; False where it does not count."""
        given = contribution(metric, one)
        if given is None:
            return False
        self.take(metric, one, given)
        return True

    def take(self, metric: Metric, one: Observation, given: tuple[float, float]) -> None:
        """Take in an observation by its contribution."""
        self.n += 1
        self.numerator += given[0]
        self.denominator += given[1]
        self.squares += given[0] * given[0]
        if metric.measure in ("median", "quantile"):
            self.numbers.append(given[0])
        if metric.measure in ("distinct", "reach"):
            name = str(one.get(str(metric.field)))
            self.names[name] = max(self.names.get(name, 0.0), given[0])
        inside = one.get(metric.split) if metric.split else None
        for name, value in inside.items() if isinstance(inside, dict) else ():
            self.parts[name] = self.parts.get(name, 0.0) + value
        if self.ids is not None:
            self.ids.append(one.id)

    def merge(self, other: Tally) -> None:
        """Take in what another tally holds."""
        self.n += other.n
        self.numerator += other.numerator
        self.denominator += other.denominator
        self.squares += other.squares
        self.numbers.extend(other.numbers)
        for name, value in other.names.items():
            self.names[name] = max(self.names.get(name, 0.0), value)
        for name, value in other.parts.items():
            self.parts[name] = self.parts.get(name, 0.0) + value
        if self.ids is not None:
            self.ids.extend(other.ids or ())

    def measured(self, metric: Metric) -> Measured:
        """The number. Shares and NPS come times 100 where the unit is % or points."""
        top, below = self.numerator, self.denominator
        if metric.measure in ("distinct", "reach"):
            top, below = sum(self.names.values()), float(len(self.names))
        value = self._value(metric, top, below)
        parts = {name: round(total / self.n, 6) for name, total in self.parts.items()} if self.n else {}
        return Measured(
            value, self.n, top, below, self._interval(metric, top, below), parts, tuple(self.ids or ())
        )

    def _value(self, metric: Metric, top: float, below: float) -> float | None:
        if metric.measure == "count":
            return float(self.n)
        if metric.measure == "distinct":
            return below
        if metric.measure == "sum":
            return top if self.n else None
        if metric.measure in ("median", "quantile"):
            return quantile(self.numbers, 0.5 if metric.measure == "median" else metric.q)
        if below == 0:
            return None
        return top / below * (100.0 if metric.measure == "nps" else metric.scale)

    def _interval(self, metric: Metric, top: float, below: float) -> Interval | None:
        if metric.measure in ("share", "reach"):
            found = interval.wilson(top, below)
            return None if found is None else (found[0] * metric.scale, found[1] * metric.scale)
        if metric.measure in ("mean", "nps"):
            scale = 100.0 if metric.measure == "nps" else metric.scale
            found = interval.mean(self.n, self.numerator, self.squares)
            return None if found is None else (found[0] * scale, found[1] * scale)
        return None


def quantile(values: Iterable[float], q: float) -> float | None:
    """Between two values in proportion (as PERCENTILE.INC of spreadsheets); None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = q * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def measure(metric: Metric, observations: Iterable[Observation]) -> Measured:
    """The number of these observations, with the ids that counted."""
    tally = Tally(ids=[])
    for one in annotated(metric.repeat, observations):
        tally.add(metric, one)
    return tally.measured(metric)


def from_parts(metric: Metric, parts: Mapping[str, Measured]) -> Measured:
    """A formula's number from those of the metrics it names; n is the smallest of theirs."""
    assert metric.formula is not None
    given = {name: parts[name].value for name in metric.formula.names}
    value = metric.formula.value(given)
    n = min((parts[name].n for name in given), default=0)
    known = {name: found for name, found in given.items() if found is not None}
    return Measured(value, n, 0.0, 0.0, None, known)


def annotated(rule: Repeat | None, observations: Iterable[Observation]) -> Iterable[Observation]:
    """Each observation told whether it repeats an earlier one (`is_repeat`) and is followed by one (`repeated`).

    Only those in the iterable are looked at: whoever asks for a span hands in what lies around it, too.
    """
    if rule is None:
        return observations
    every = sorted(observations, key=lambda one: (one.at, one.id))
    window = timedelta(days=rule.days)
    choices = [name.split("|") for name in rule.same]
    last: dict[tuple[str, ...], int] = {}
    repeats, repeated = bytearray(len(every)), bytearray(len(every))
    for place, one in enumerate(every):
        key = _same(choices, one)
        if key is None:
            continue
        earlier = last.get(key)
        if earlier is not None and one.at - every[earlier].at <= window:
            repeats[place] = repeated[earlier] = 1
        last[key] = place
    return (_marked(one, bool(repeats[place]), bool(repeated[place])) for place, one in enumerate(every))


def _marked(one: Observation, is_repeat: bool, repeated: bool) -> Observation:
    values = {**one.values, "is_repeat": is_repeat, "repeated": repeated}
    return Observation(
        one.id, one.kind, one.at, one.subject, one.agent, one.team, one.category, one.channel, one.region,
        one.customer, values,
    )  # fmt: skip


def _same(choices: list[list[str]], one: Observation) -> tuple[str, ...] | None:
    """What makes two contacts the same one; None where it cannot be said."""
    found = []
    for names in choices:
        for name in names:
            value = one.get(name)
            if value is not None:
                found.append(str(value))
                break
        else:
            return None
    return tuple(found)
