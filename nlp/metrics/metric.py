"""What a number means, as a value: its definition, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from nlp.metrics import where as conditions
from nlp.metrics.formula import Formula
from nlp.metrics.observation import Json, Kinds
from nlp.metrics.where import Where


@dataclass(frozen=True, slots=True)
class Repeat:
    """When a contact is one more of the same: within `days`, with the same values of `same`.

    A name in `same` may offer a second choice: `issue|category` is the issue where it is known.
    """

    days: float
    same: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A reference to hold a number against, with where it comes from."""

    value: float
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """A number beyond which something is to be done."""

    above: float | None
    below: float | None
    code: str
    text: str

    def rings(self, value: float | None) -> bool:
        if value is None:
            return False
        return (self.above is not None and value > self.above) or (
            self.below is not None and value < self.below
        )


@dataclass(frozen=True, slots=True)
class Metric:
    """One definition. `of` is what counts among `where`; shares are in percent where the unit is %."""

    code: str
    name: str
    unit: str
    about: str
    measure: str
    kind: str | None = None
    where: Where = ()
    of: Where = ()
    field: str | None = None
    over: str | None = None
    q: float = 0.5
    formula: Formula | None = None
    better: str = "none"
    least: int = 1
    reference: tuple[Line, ...] = ()
    alarm: Alarm | None = None
    repeat: Repeat | None = None
    split: str | None = None
    decimals: int = 2

    @property
    def scale(self) -> float:
        return 100.0 if self.unit == "%" else 1.0


@dataclass(frozen=True, slots=True)
class Board:
    """Metrics that are read together, by a dimension where one is named."""

    code: str
    name: str
    about: str
    metrics: tuple[str, ...]
    by: str | None


@dataclass(frozen=True, slots=True)
class Book:
    """The definitions in force on a day; `version` is the digest of their file, `since` the day they began.

    `peak`: how far above the mean an hour is one; `waiting_s`: a wait that is too long to offer, with handling times
    of the last `waiting_days`.
    """

    version: str
    since: date | None
    metrics: Mapping[str, Metric]
    boards: Mapping[str, Board]
    phases: Mapping[str, int]
    peak: float
    waiting_s: float
    waiting_days: int
    kinds: Kinds


def to_json(metric: Metric, book: Book) -> Json:
    """A definition as it is shown: enough to compute the number again by hand."""
    told: dict[str, Any] = {
        "code": metric.code, "name": metric.name, "unit": metric.unit, "about": metric.about, "kind": metric.kind,
        "measure": metric.measure, "better": metric.better, "least": metric.least,
        "where": conditions.to_json(metric.where) or None, "of": conditions.to_json(metric.of) or None,
        "field": metric.field, "over": metric.over, "q": metric.q if metric.measure == "quantile" else None,
        "formula": metric.formula.text if metric.formula else None,
        "uses": list(metric.formula.names) if metric.formula else None,
        "repeat": {"days": metric.repeat.days, "same": list(metric.repeat.same)} if metric.repeat else None,
        "split": metric.split,
        "reference": [{"value": one.value, "name": one.name, "source": one.source} for one in metric.reference],
    }  # fmt: skip
    told = {name: value for name, value in told.items() if value not in (None, [])}
    return {**told, "version": book.version, "since": book.since.isoformat() if book.since else None}
