"""From verdicts to points: what the scorer adds up, and what is added up again when people overrule a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlp.quality.items import Form, Item
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
    veto = any((i.veto and v.result == "fail") or v.veto for i, v in zip(form.items, verdicts, strict=True))
    graded = any(d.max > 0 for d in dimensions)
    earned = sum(item.points for item, row in zip(items, form.items, strict=True) if row.bonus)
    plain = sum(dimension.points for dimension in dimensions) if graded else _FULL
    points = 0.0 if veto else min(_FULL, max(0.0, plain) + min(form.bonus_most, earned))
    grade = next((g for g in form.grades if points >= g.least - 1e-9), form.grades[-1])
    code, name = (grade.code, grade.name) if graded or veto else _UNGRADED
    return Points(points, code, name, veto, tuple(dimensions), tuple(items))


def _dimensions(form: Form, verdicts: Sequence[Verdict]) -> tuple[list[DimensionScore], list[ItemScore]]:
    """Points with the share of inapplicable items passed on: within the dimension first, then between them."""
    pairs = list(zip(form.items, verdicts, strict=True))
    live = [
        sum(i.points for i, v in pairs if i.dimension == d.code and v.result != "na" and not i.bonus)
        for d in form.dimensions
    ]
    total = sum(d.points for d, points in zip(form.dimensions, live, strict=True) if points > 0)
    share = {
        dimension.code: _FULL * dimension.points / total / points if points > 0 else 0.0
        for dimension, points in zip(form.dimensions, live, strict=True)
    }
    closed = {i.dimension for i, v in pairs if i.section_veto and v.result == "fail"}
    items = [_item(i, v, 1.0 if i.bonus else share[i.dimension], i.dimension in closed) for i, v in pairs]
    dimensions = []
    for dimension in form.dimensions:
        own = [
            score
            for score, (item, _) in zip(items, pairs, strict=True)
            if item.dimension == dimension.code and not item.bonus
        ]
        most = sum(score.max for score in own)
        points = sum(score.points for score in own)
        dimensions.append(DimensionScore(dimension.code, dimension.name, points, most, most / _FULL))
    return dimensions, items


def _item(item: Item, found: Verdict, share: float, closed: bool) -> ItemScore:
    most = 0.0 if found.result == "na" else item.points * share
    lost = 0.0
    if found.share is not None:
        lost = most * (1.0 - found.share)
    elif found.result == "fail":
        each = item.points if item.each is None else item.each
        lost = min(most, each * found.findings * share)
    if closed and not item.bonus:
        lost = most
    return ItemScore(
        item.code,
        item.name,
        item.dimension,
        found.result,
        most - lost,
        most,
        found.reason,
        found.evidence,
        found.answer,
        found.share,
        found.veto,
    )
