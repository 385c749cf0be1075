"""From verdicts to points: what the scorer adds up, and what is added up again when people overrule a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlp.quality.items import Form
from nlp.quality.result import DimensionScore, ItemScore, Verdict

_FULL = 100.0
_UNGRADED = ("na", "未评")


@dataclass(frozen=True, slots=True)
class Points:
    """What a form makes of one verdict for each of its items."""

    score: float
    grade: str
    grade_name: str
    veto: bool
    dimensions: tuple[DimensionScore, ...]
    items: tuple[ItemScore, ...]


def points_of(form: Form, verdicts: Sequence[Verdict]) -> Points:
    """Points, veto and grade; `verdicts` stand in the order of the form's items."""
    dimensions, items = _dimensions(form, verdicts)
    veto = any(i.veto and v.result == "fail" for i, v in zip(form.items, verdicts, strict=True))
    graded = any(item.max > 0 for item in items)
    points = 0.0 if veto else sum(item.points for item in items) if graded else _FULL
    grade = next((g for g in form.grades if points >= g.least - 1e-9), form.grades[-1])
    code, name = (grade.code, grade.name) if graded or veto else _UNGRADED
    return Points(min(_FULL, max(0.0, points)), code, name, veto, tuple(dimensions), tuple(items))


def _dimensions(form: Form, verdicts: Sequence[Verdict]) -> tuple[list[DimensionScore], list[ItemScore]]:
    """Points with the share of inapplicable items passed on: within the dimension first, then between them."""
    live = [
        sum(
            i.points
            for i, v in zip(form.items, verdicts, strict=True)
            if i.dimension == d.code and v.result != "na"
        )
        for d in form.dimensions
    ]
    total = sum(d.points for d, points in zip(form.dimensions, live, strict=True) if points > 0)
    items: list[ItemScore] = []
    dimensions: list[DimensionScore] = []
    share: dict[str, float] = {}
    for dimension, points in zip(form.dimensions, live, strict=True):
        whole = _FULL * dimension.points / total if points > 0 else 0.0
        share[dimension.code] = whole / points if points > 0 else 0.0
    for item, found in zip(form.items, verdicts, strict=True):
        most = 0.0 if found.result == "na" else item.points * share[item.dimension]
        lost = 0.0
        if found.result == "fail":
            each = item.points if item.each is None else item.each
            lost = min(most, each * found.findings * share[item.dimension])
        items.append(
            ItemScore(
                item.code,
                item.name,
                item.dimension,
                found.result,
                most - lost,
                most,
                found.reason,
                found.evidence,
            )
        )
    for dimension in form.dimensions:
        own = [item for item in items if item.dimension == dimension.code]
        most = sum(item.max for item in own)
        dimensions.append(
            DimensionScore(
                dimension.code, dimension.name, sum(item.points for item in own), most, most / _FULL
            )
        )
    return dimensions, items
