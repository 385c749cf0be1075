"""Metrics read from data, with the versions in force day by day; every complaint names its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from nlp.metrics import formula as formulas
from nlp.metrics import where as conditions
from nlp.metrics.formula import Formula
from nlp.metrics.metric import Alarm, Board, Book, Line, Metric, Repeat, to_json
from nlp.metrics.observation import DIMENSIONS, Kinds, load_kinds
from nlp.metrics.where import Where
from nlp.tables import PolicyError, Table, read_preset

__all__ = [
    "Alarm",
    "Board",
    "Book",
    "Line",
    "Metric",
    "Repeat",
    "book_on",
    "days_of_change",
    "load_book",
    "to_json",
]

PRESET = "metrics"
MEASURES = (
    "share", "mean", "median", "quantile", "sum", "count", "distinct", "reach", "nps", "ratio", "formula",
)  # fmt: skip
BETTER = ("up", "down", "none")
ANNOTATED = ("repeated", "is_repeat")
"""Values that `repeat` adds to each observation."""
_KEYS = (
    "code", "name", "unit", "about", "kind", "where", "measure", "of", "field", "over", "q", "formula", "better",
    "least", "reference", "alarm", "repeat", "split", "decimals",
)  # fmt: skip


def days_of_change(folder: Path | None) -> list[date]:
    """Days on which another version of the definitions begins, in order. Raises PolicyError."""
    found = []
    for path in [] if folder is None else folder.glob(f"{PRESET}.from-*.toml"):
        try:
            found.append(date.fromisoformat(path.name[len(PRESET) + 6 : -5]))
        except ValueError:
            raise PolicyError(path.name, "文件名", "日期无法识别", f"{PRESET}.from-2026-12-01.toml") from None
    return sorted(found)


def book_on(folder: Path | None, day: date) -> Book:
    """The definitions in force on a day. Raises PolicyError."""
    since = max((one for one in days_of_change(folder) if one <= day), default=None)
    return load_book(folder, since)


@lru_cache(maxsize=64)
def load_book(folder: Path | None = None, since: date | None = None) -> Book:
    """Read `metrics.toml`, the version that began on `since` (None: the undated one). Raises PolicyError."""
    preset = read_preset(PRESET, folder, since)
    table, kinds = preset.table, load_kinds(folder)
    table.only("version", "metric", "board", "phases", "peak", "waiting")
    metrics = {metric.code: metric for metric in (_metric(one, kinds) for one in table.tables("metric"))}
    _check_formulas(metrics, table)
    boards = [_board(one, metrics, kinds) for one in table.tables("board", required=False)]
    months = table.table("phases")
    phases = {name: int(months.number(name, low=1, high=120)) for name in months.values}
    named = {board.code: board for board in boards}
    peak = table.number("peak", low=1, high=100)
    waiting = table.table("waiting")
    waiting.only("limit_s", "days")
    limit, days = waiting.number("limit_s"), int(waiting.number("days", low=1, high=365))
    return Book(preset.digest[:12], since, metrics, named, phases, peak, limit, days, kinds)


def _metric(table: Table, kinds: Kinds) -> Metric:
    table.only(*_KEYS)
    measure = table.text("measure", choices=MEASURES)
    kind = None if measure == "formula" else table.text("kind", choices=tuple(kinds.kinds))
    read = _Reader(table, kinds, kind)
    needs_field = measure in ("mean", "median", "quantile", "sum", "distinct", "reach", "nps", "ratio")
    return Metric(
        code=table.text("code"),
        name=table.text("name"),
        unit=table.text("unit"),
        about=table.text("about"),
        measure=measure,
        kind=kind,
        where=read.where("where"),
        of=read.where("of", required=measure in ("share", "reach")),
        field=read.name("field") if needs_field else None,
        over=read.name("over") if measure == "ratio" else None,
        q=table.number("q", 0.5, 0, 1) if measure == "quantile" else 0.5,
        formula=_formula(table) if measure == "formula" else None,
        better=table.text("better", "none", BETTER),
        least=int(table.number("least", 1, 1, 1e6)),
        reference=tuple(
            Line(one.number("value", low=-1e9), one.text("name"), one.text("source"))
            for one in table.tables("reference", required=False)
        ),
        alarm=_alarm(table),
        repeat=_repeat(table, read),
        split=read.name("split") if "split" in table.values else None,
        decimals=int(table.number("decimals", 2, 0, 6)),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads names of values, so that a misspelt one is refused rather than never met."""

    table: Table
    kinds: Kinds
    kind: str | None

    def _known(self, name: str) -> bool:
        values = self.kinds.kinds[self.kind].values if self.kind else {}
        return name in DIMENSIONS or name in ANNOTATED or name.split(".", maxsplit=1)[0] in values

    def name(self, key: str) -> str:
        given = self.table.text(key)
        if not self._known(given):
            raise self.table.error(key, f"{self.kind} 没有 {given!r}", "维度，或 observations.toml 里的值")
        return given

    def where(self, key: str, required: bool = False) -> Where:
        table = self.table.table(key, required)
        try:
            found = conditions.read(table.values)
        except ValueError as error:
            raise self.table.error(key, f"{error} 的条件写法不对", conditions.SHOWN) from None
        for one in found:
            if not self._known(one.field):
                raise table.error(one.field, f"{self.kind} 没有这个值", "维度，或 observations.toml 里的值")
        return found


def _formula(table: Table) -> Formula:
    try:
        return formulas.parse(table.text("formula"))
    except formulas.FormulaError as error:
        raise table.error("formula", str(error), "其他指标的编码、数、+ - * / 与括号") from None


def _alarm(table: Table) -> Alarm | None:
    if "alarm" not in table.values:
        return None
    alarm = table.table("alarm")
    alarm.only("above", "below", "code", "text")
    limits = [alarm.number(key, low=-1e9) if key in alarm.values else None for key in ("above", "below")]
    return Alarm(limits[0], limits[1], alarm.text("code"), alarm.text("text"))


def _repeat(table: Table, read: _Reader) -> Repeat | None:
    if "repeat" not in table.values:
        return None
    rule = table.table("repeat")
    rule.only("days", "same")
    same = rule.texts("same")
    for name in same:
        for one in name.split("|"):
            if not read._known(one):
                raise rule.error("same", f"没有 {one!r}", "维度，或 observations.toml 里的值")
    return Repeat(rule.number("days", low=0, high=3650), same)


def _check_formulas(metrics: Mapping[str, Metric], table: Table) -> None:
    """Every name of a formula is another metric, and none leads back to itself."""

    def walk(code: str, above: tuple[str, ...]) -> None:
        if code not in metrics or code in above:
            raise table.error("metric", f"{above[0]} 的公式里的 {code!r} 不存在或绕回自己", "其他指标的编码")
        formula = metrics[code].formula
        for name in formula.names if formula else ():
            walk(name, (*above, code))

    for code, metric in metrics.items():
        for name in metric.formula.names if metric.formula else ():
            walk(name, (code,))


def _board(table: Table, metrics: Mapping[str, Metric], kinds: Kinds) -> Board:
    table.only("code", "name", "about", "metrics", "by")
    codes = table.texts("metrics")
    for code in codes:
        if code not in metrics:
            raise table.error("metrics", f"没有指标 {code!r}", "|".join(metrics))
    by = table.text("by") if "by" in table.values else None
    return Board(table.text("code"), table.text("name"), table.text("about"), codes, by)
