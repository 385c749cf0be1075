"""What a change is worth: declared formulas over inputs that are shown, and ranges over scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nlp.metrics.formula import Formula, FormulaError, parse
from nlp.metrics.observation import Json
from nlp.tables import Table, read_preset

PRESET = "roi"


@dataclass(frozen=True, slots=True)
class Input:
    """A number that is given; None as default must be."""

    code: str
    name: str
    unit: str
    default: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """A number that follows, by its formula over inputs and earlier lines."""

    code: str
    name: str
    unit: str
    formula: Formula


@dataclass(frozen=True, slots=True)
class Model:
    inputs: tuple[Input, ...]
    lines: tuple[Line, ...]
    version: str


class MissingInput(ValueError):
    """An input that must be given, or one that nobody knows."""

    def __init__(self, name: str, message: str, accepted: str) -> None:
        super().__init__(f"{name}: {message}（应为：{accepted}）")
        self.field, self.message, self.accepted = name, message, accepted


@lru_cache(maxsize=8)
def load_model(folder: Path | None = None) -> Model:
    """The cost model of `roi.toml`. Raises PolicyError."""
    preset = read_preset(PRESET, folder)
    table = preset.table
    table.only("version", "input", "line")
    inputs = tuple(_input(one) for one in table.tables("input"))
    known = {one.code for one in inputs}
    lines = []
    for one in table.tables("line"):
        line = _line(one)
        for name in line.formula.names:
            if name not in known:
                raise one.error("formula", f"没有 {name!r}", "输入，或前面的行")
        known.add(line.code)
        lines.append(line)
    return Model(inputs, tuple(lines), preset.digest[:12])


def _input(table: Table) -> Input:
    table.only("code", "name", "unit", "default")
    default = table.number("default", low=-1e12, high=1e12) if "default" in table.values else None
    return Input(table.text("code"), table.text("name"), table.text("unit"), default)


def _line(table: Table) -> Line:
    table.only("code", "name", "unit", "formula")
    try:
        formula = parse(table.text("formula"))
    except FormulaError as error:
        raise table.error("formula", str(error), "名称、数、+ - * / 与括号") from None
    return Line(table.text("code"), table.text("name"), table.text("unit"), formula)


def inputs_of(model: Model, given: Mapping[str, float], at: str = "inputs") -> dict[str, float]:
    """All inputs, the defaults filled in. Raises MissingInput."""
    known = {one.code: one for one in model.inputs}
    for code in given:
        if code not in known:
            raise MissingInput(f"{at}.{code}", "没有这个输入", "|".join(known))
    found: dict[str, float] = {}
    for code, one in known.items():
        value = given.get(code, one.default)
        if value is None:
            raise MissingInput(f"{at}.{code}", "缺少", f"{one.name}（{one.unit}）")
        found[code] = value
    return found


def worth(model: Model, inputs: Mapping[str, float]) -> dict[str, float | None]:
    """Every line; None where a divisor is zero."""
    known: dict[str, float | None] = dict(inputs)
    for line in model.lines:
        known[line.code] = line.formula.value(known)
    return {line.code: known[line.code] for line in model.lines}


def told(model: Model, given: Mapping[str, float], scenarios: Mapping[str, Mapping[str, float]]) -> Json:
    """The lines with their formulas, the inputs they were made with, and each line's range over the scenarios."""
    inputs = inputs_of(model, given)
    base = worth(model, inputs)
    cases = {
        name: worth(model, inputs_of(model, {**given, **change}, f"scenarios.{name}"))
        for name, change in scenarios.items()
    }
    every = [base, *cases.values()]
    return {
        "version": model.version,
        "inputs": [
            {"code": one.code, "name": one.name, "unit": one.unit, "value": inputs[one.code], "given": one.code in given}
            for one in model.inputs
        ],
        "lines": [
            {"code": line.code, "name": line.name, "unit": line.unit, "formula": line.formula.text,
             "value": _rounded(base[line.code]), "range": _range([one[line.code] for one in every])}
            for line in model.lines
        ],
        "scenarios": {
            name: {code: _rounded(value) for code, value in found.items()} for name, found in cases.items()
        },
    }  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _range(values: list[float | None]) -> list[float] | None:
    known = [round(value, 4) for value in values if value is not None]
    return [min(known), max(known)] if known else None
