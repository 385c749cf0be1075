"""The monthly form: dimensions of step-scored indicators, their weights, and the points with every word explained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from nlp.reports.steps import ROUNDED, Options, Steps

Combine = Literal["mean", "weighted", "lowest"]
COMBINES: tuple[Combine, ...] = get_args(Combine)
COMBINED = {
    "mean": "维度得分取其可评指标的平均",
    "weighted": "维度得分按指标权重加权，不可评的指标把权重让给其余指标",
    "lowest": "维度得分取其最低的指标",
}
_SUM = 1e-9


class WeightsError(ValueError):
    """Weights that do not sum to one; names where they stand."""

    def __init__(self, field: str, total: float) -> None:
        super().__init__(f"{field} 的权重之和是 {total:g}，应为 1")
        self.field, self.total = field, total


@dataclass(frozen=True, slots=True)
class Indicator:
    """A line of the form: the metric it scores; `problem` names what counts against it, or for it (`tells_for`)."""

    code: str
    name: str
    dimension: str
    steps: Steps
    metric: str
    problem: str
    tells_for: bool = False
    weight: float | None = None

    @property
    def scale(self) -> float:
        """What a number of its metric is divided by: seconds to minutes, percent to a share."""
        return 60.0 if self.steps.unit == "minutes" else 100.0


@dataclass(frozen=True, slots=True)
class Dimension:
    code: str
    name: str
    weight: float


@dataclass(frozen=True, slots=True)
class MonthlyForm:
    """What the form asks for; `version` is the preset's own, `digest` that of its bytes."""

    name: str
    version: str
    digest: str
    options: Options
    combine: Combine
    dimensions: tuple[Dimension, ...]
    indicators: tuple[Indicator, ...]

    def under(self, dimension: str) -> tuple[Indicator, ...]:
        return tuple(one for one in self.indicators if one.dimension == dimension)

    def explain(self) -> tuple[str, ...]:
        """The declared options in words, as printed with every form."""
        low = "不设最低分" if self.options.floor is None else f"最低 {self.options.floor:g} 分"
        return (
            f"不足一步：{ROUNDED[self.options.rounding]}（{self.options.rounding}）",
            f"最低分：{low}",
            f"{COMBINED[self.combine]}（{self.combine}）；综合得分 = Σ 维度得分 × 权重；整个维度不可评时，权重按比例让给其余维度",
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """What an indicator came to: its value of `n` things counted, or None with the reason; some ids to look at."""

    value: float | None
    n: int = 0
    reason: str = ""
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Marked:
    """An indicator with its points; None where it is N/A, `why` says so either way."""

    indicator: Indicator
    measured: Figure
    points: float | None
    why: str


@dataclass(frozen=True, slots=True)
class Part:
    """A dimension: its points, and the weight it has once what is N/A has given its own away."""

    dimension: Dimension
    points: float | None
    weight: float
    marked: tuple[Marked, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """A filled form; `points` is the weighted sum, None where nothing could be measured."""

    form: MonthlyForm
    points: float | None
    parts: tuple[Part, ...]


def check(form: MonthlyForm) -> MonthlyForm:
    """The form itself, where its weights sum to one. Raises WeightsError."""
    _sums("dimensions", [one.weight for one in form.dimensions])
    if form.combine == "weighted":
        for one in form.dimensions:
            _sums(f"indicators.{one.code}", [each.weight or 0.0 for each in form.under(one.code)])
    return form


def _sums(field: str, weights: list[float]) -> None:
    if abs(math.fsum(weights) - 1) > _SUM:
        raise WeightsError(field, math.fsum(weights))


def varied(
    form: MonthlyForm,
    options: Options | None = None,
    combine: Combine | None = None,
    weights: Mapping[str, float] | None = None,
    indicator_weights: Mapping[str, float] | None = None,
) -> MonthlyForm:
    """The form under other options or weights. Raises WeightsError."""
    own, each = weights or {}, indicator_weights or {}
    return check(
        replace(
            form,
            options=options or form.options,
            combine=combine or form.combine,
            dimensions=tuple(replace(one, weight=own.get(one.code, one.weight)) for one in form.dimensions),
            indicators=tuple(replace(one, weight=each.get(one.code, one.weight)) for one in form.indicators),
        )
    )


def assess(form: MonthlyForm, found: Mapping[str, Figure]) -> Assessment:
    """Fill the form; an indicator nobody measured is N/A."""
    parts = [_part(form, one, found) for one in form.dimensions]
    able = math.fsum(part.dimension.weight for part in parts if part.points is not None)
    shared = tuple(
        replace(part, weight=part.dimension.weight / able if part.points is not None and able else 0.0)
        for part in parts
    )
    counted = [part for part in shared if part.points is not None and part.weight]
    total = math.fsum((part.points or 0.0) * part.weight for part in counted) if counted else None
    return Assessment(form, total, shared)


def _part(form: MonthlyForm, dimension: Dimension, found: Mapping[str, Figure]) -> Part:
    marked = tuple(_mark(form, one, found.get(one.code)) for one in form.under(dimension.code))
    return Part(dimension, _combined(form.combine, marked), dimension.weight, marked)


def _mark(form: MonthlyForm, indicator: Indicator, measured: Figure | None) -> Marked:
    measured = measured or Figure(None, reason="没有数据来源")
    if measured.value is None:
        return Marked(indicator, measured, None, f"不可评：{measured.reason or '没有数据'}")
    points = indicator.steps.points(measured.value, form.options)
    return Marked(indicator, measured, points, indicator.steps.explain(measured.value, form.options))


def _combined(combine: Combine, marked: tuple[Marked, ...]) -> float | None:
    able = [(one.points, one.indicator.weight or 0.0) for one in marked if one.points is not None]
    if not able:
        return None
    if combine == "lowest":
        return min(points for points, _ in able)
    weighed = math.fsum(weight for _, weight in able)
    if combine == "weighted" and weighed:
        return math.fsum(points * weight for points, weight in able) / weighed
    return math.fsum(points for points, _ in able) / len(able)
