"""Step scores: the form's tables at their boundaries, and what is between them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nlp.reports.monthly_toml import read_monthly
from nlp.reports.steps import Options, Steps

FORM = read_monthly()
TABLES = {
    "R113": ("inquiry_response", {0: 5, 10.0: 5, 12.0: 4, 14: 3, 16: 2, 18: 1, 45: 1}),
    "R114": ("complaint_first_response", {0: 5, 5: 5, 6: 4, 7: 3, 8: 2, 9: 1, 60: 1}),
    "R115": ("complaint_closure", {1.0: 5, 0.95: 4, 0.90: 3, 0.85: 2, 0.80: 1, 0.0: 1}),
    "R116": ("record_completeness", {1.0: 5, 0.95: 4, 0.90: 3, 0.85: 2, 0.80: 1, 0.0: 1}),
    "R117": ("praise", {0.25: 5, 0.10: 5, 0.08: 4, 0.06: 3, 0.04: 2, 0.02: 1, 0.0: 1}),
    "R118": ("wording", {1.0: 5, 0.95: 5, 0.92: 4, 0.89: 3, 0.86: 2, 0.83: 1, 0.5: 1}),
    "R119": ("first_contact_resolution", {1.0: 5, 0.90: 5, 0.85: 4, 0.80: 3, 0.75: 2, 0.70: 1, 0.1: 1}),
    "R120": ("escalation_in_time", {1.0: 5, 0.95: 4, 0.90: 3, 0.85: 2, 0.80: 1, 0.0: 1}),
}


def _steps(code: str) -> Steps:
    return next(one.steps for one in FORM.indicators if one.code == code)


@pytest.mark.parametrize("rounding", ["ceil", "floor", "nearest"])
@pytest.mark.parametrize("row", sorted(TABLES))
def test_R113_R114_R115_R116_R117_R118_R119_R120_boundaries(row: str, rounding: str) -> None:
    """At the boundaries of the form every rounding gives the form's own points."""
    code, table = TABLES[row]
    options = replace(FORM.options, rounding=rounding)
    assert {value: _steps(code).points(value, options) for value in table} == table


@pytest.mark.parametrize(
    ("rounding", "at"),
    [
        ("ceil", {10.1: 4, 11.0: 4, 11.9: 4, 12.1: 3}),
        ("floor", {10.1: 5, 11.0: 5, 11.9: 5, 12.1: 4}),
        ("nearest", {10.1: 5, 10.9: 5, 11.0: 4, 11.9: 4, 12.1: 4, 12.9: 4, 13.0: 3}),
    ],
)
def test_R113_between_the_boundaries(rounding: str, at: dict[float, float]) -> None:
    """10.1 minutes are 4 points where a part of a step counts, 5 where only whole or nearest steps do."""
    options = replace(FORM.options, rounding=rounding)
    assert {value: _steps("inquiry_response").points(value, options) for value in at} == at


@pytest.mark.parametrize("share", range(101))
def test_R115_shares_count_in_decimals(share: int) -> None:
    """A share reads as its decimal: no step is lost to binary fractions."""
    lost = -(-(100 - share) // 5)
    assert _steps("complaint_closure").points(share / 100, FORM.options) == max(1, 5 - lost)


def test_R113_the_floor_is_an_option() -> None:
    """The scale stops at one; without a floor the formula goes on."""
    steps = _steps("inquiry_response")
    assert steps.points(30, FORM.options) == 1
    assert steps.points(30, Options("ceil", None)) == -5
    assert steps.points(30, Options("ceil", 0.0)) == 0


def test_R113_points_are_explained() -> None:
    """Each score says by which rule it came about."""
    steps = _steps("inquiry_response")
    assert steps.rule(FORM.options) == "≤10 分钟 得 5 分，每超 2 分钟 减 1 分；不足一步按一步计；最低 1 分"
    assert steps.explain(10.0, FORM.options) == "10.0 分钟 达到 10 分钟，得 5 分"
    assert (
        steps.explain(10.1, FORM.options)
        == "10.1 分钟 超出 10 分钟 共 0.05 步（不足一步按一步计），减 1 分，得 4 分"
    )
    assert steps.explain(40, FORM.options).endswith("，到最低分为止得 1 分")
    assert (
        _steps("praise").rule(replace(FORM.options, rounding="floor", floor=None))
        == "≥10% 得 5 分，每低 2% 减 1 分；满一步才扣分，不足一步不扣；不设最低分"
    )
