"""Which observations are meant: conditions on dimensions and values, written as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nlp.metrics.observation import Json, Observation

TESTS = ("is", "in", "least", "most", "above", "below", "has", "present")
SHOWN = "值、值的列表，或 {least|most|above|below = 数}、{has = 值}、{present = true|false}"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: `test` is one of TESTS, `wanted` what is compared with; `other`: everybody but a group."""

    field: str
    test: str
    wanted: Any

    def holds(self, one: Observation) -> bool:
        """A missing value meets nothing but `present = false`; `other` turns the condition it holds around."""
        if self.test == "other":
            return not self.wanted.holds(one)
        found = one.get(self.field)
        if self.test == "present":
            return (found is not None) is bool(self.wanted)
        if found is None:
            return False
        if self.test == "has":
            return bool(self.wanted in found if isinstance(found, list | dict) else found == self.wanted)
        if self.test == "is":
            return _same(found, self.wanted)
        if self.test == "in":
            return any(_same(found, want) for want in self.wanted)
        if isinstance(found, bool) or not isinstance(found, int | float):
            return False
        return _compared(self.test, found, self.wanted)


def _same(found: Any, want: Any) -> bool:
    """Numbers are equal whatever their type; a flag is no number."""
    if type(found) is type(want):
        return bool(found == want)
    if isinstance(found, bool) or isinstance(want, bool):
        return found is want
    return isinstance(found, int | float) and isinstance(want, int | float) and found == want


def _compared(test: str, found: float, wanted: float) -> bool:
    if test == "least":
        return found >= wanted
    if test == "most":
        return found <= wanted
    return found > wanted if test == "above" else found < wanted


Where = tuple[Condition, ...]


def holds(where: Where, one: Observation) -> bool:
    """Whether every condition holds."""
    for condition in where:  # noqa: SIM110  (runs for every fact of a span: no generator)
        if not condition.holds(one):
            return False
    return True


def read(given: Mapping[str, Any]) -> Where:
    """Conditions from a table: a value, a list of values, or tests by name. Raises ValueError(field)."""
    found: list[Condition] = []
    for field, wanted in given.items():
        if isinstance(wanted, Mapping):
            if not wanted:
                raise ValueError(field)
            found.extend(_test(field, test, value) for test, value in wanted.items())
        elif isinstance(wanted, list):
            if not wanted or not all(isinstance(one, str | int | float) for one in wanted):
                raise ValueError(field)
            found.append(Condition(field, "in", tuple(wanted)))
        elif isinstance(wanted, str | int | float):
            found.append(Condition(field, "is", wanted))
        else:
            raise ValueError(field)
    return tuple(found)


def _test(field: str, test: str, value: Any) -> Condition:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    right = {"present": isinstance(value, bool), "has": isinstance(value, str)}.get(test, number)
    if test not in TESTS[2:] or not right:
        raise ValueError(f"{field}.{test}")
    return Condition(field, test, value)


def to_json(where: Where) -> Json:
    """As it is written."""
    told: Json = {}
    for one in where:
        if one.test in ("is", "in"):
            told[one.field] = list(one.wanted) if one.test == "in" else one.wanted
        else:
            told.setdefault(one.field, {})[one.test] = one.wanted
    return told
