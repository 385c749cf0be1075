"""The monthly form as data: `monthly.toml` read into frozen values, checked against the site's metrics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nlp.metrics.definition import Metric, load_book
from nlp.reports.monthly import COMBINES, Combine, Dimension, Indicator, MonthlyForm, WeightsError, check
from nlp.reports.steps import ROUNDINGS, Better, Options, Rounding, Steps
from nlp.tables import Table, read_preset

NAME = "monthly"
UNITS = {"minutes": "秒", "share": "%"}
"""The unit of a metric that an indicator of this unit scores."""
_KEYS = (
    "code", "name", "dimension", "unit", "best", "step", "better", "weight", "metric", "problem", "told",
)  # fmt: skip


def read_monthly(folder: Path | None = None) -> MonthlyForm:
    """The site's `monthly.toml` where there is one, else the preset. Raises PolicyError."""
    preset = read_preset(NAME, folder)
    table = preset.table
    table.only("version", "name", "options", "dimension", "indicator")
    options = table.table("options")
    options.only("rounding", "floor", "top", "combine")
    dimensions = tuple(
        Dimension(one.text("code"), one.text("name"), one.number("weight", high=1.0))
        for one in table.tables("dimension")
    )
    codes, known = tuple(one.code for one in dimensions), load_book(folder).metrics
    form = MonthlyForm(
        name=table.text("name"),
        version=table.text("version"),
        digest=preset.digest[:12],
        options=_options(options),
        combine=_combine(options),
        dimensions=dimensions,
        indicators=tuple(_indicator(one, codes, known) for one in table.tables("indicator")),
    )
    try:
        return check(form)
    except WeightsError as error:
        raise table.error(error.field, str(error), "和为 1 的权重") from None


def _options(table: Table) -> Options:
    rounding: Rounding = next(
        one for one in ROUNDINGS if one == table.text("rounding", "ceil", choices=ROUNDINGS)
    )
    floor = table.number("floor", low=-1000.0) if "floor" in table.values else None
    return Options(rounding, floor, table.number("top", 5.0))


def _combine(table: Table) -> Combine:
    return next(one for one in COMBINES if one == table.text("combine", "mean", choices=COMBINES))


def _indicator(table: Table, dimensions: tuple[str, ...], known: Mapping[str, Metric]) -> Indicator:
    table.only(*_KEYS)
    metric = table.text("metric")
    if metric not in known or known[metric].unit != UNITS[table.text("unit", choices=tuple(UNITS))]:
        raise table.error(
            "metric", f"不能是 {metric[:40]!r}", "metrics.toml 里的指标，单位与 unit 相配（秒或 %）"
        )
    better: Better = "down" if table.text("better", choices=("up", "down")) == "down" else "up"
    return Indicator(
        table.text("code"),
        table.text("name"),
        table.text("dimension", choices=dimensions),
        Steps(
            table.number("best"), table.number("step", low=1e-6), better,
            table.text("unit", choices=tuple(UNITS)),
        ),
        metric,
        table.text("problem"),
        table.text("told", "against", choices=("for", "against")) == "for",
        table.number("weight", high=1.0) if "weight" in table.values else None,
    )  # fmt: skip
