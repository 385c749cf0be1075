"""The cost model: every line by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp.metrics.roi import MissingInput, load_model, told
from nlp.tables import PolicyError

MODEL = load_model()
INPUTS = {
    "conversations": 1000, "minutes_before": 10, "minutes_after": 7, "hourly_cost": 60, "complaints_before": 50,
    "complaints_after": 40, "complaint_cost": 100, "setup_cost": 24_000, "monthly_cost": 1000,
}  # fmt: skip


def lines(**change: float) -> dict[str, float | None]:
    return {one["code"]: one["value"] for one in told(MODEL, {**INPUTS, **change}, {})["lines"]}


def test_R173_minutes_saved_times_the_rate() -> None:
    """3 minutes of 1000 conversations are 3000 minutes, 50 hours, 3000 元; 10 complaints less are 1000 元."""
    found = lines()
    assert (found["minutes_saved"], found["labour_saved"], found["complaint_saved"]) == (3000, 3000, 1000)


def test_R174_the_return() -> None:
    """12 months: 48000 of benefit for 36000 of cost, 12000 net, a third; paid back after 24000/3000 = 8 months."""
    found = lines()
    assert (found["benefit"], found["cost"], found["net"]) == (48_000, 36_000, 12_000)
    assert (found["roi"], found["payback"], found["cost_per_benefit"]) == (33.3333, 8, 0.75)


def test_R175_ranges_over_scenarios() -> None:
    """9 or 5 minutes afterwards: 1000 or 5000 元 a month; the inputs and formulas stand beside it."""
    found = told(MODEL, INPUTS, {"谨慎": {"minutes_after": 9}, "乐观": {"minutes_after": 5}})
    labour = next(one for one in found["lines"] if one["code"] == "labour_saved")
    assert (labour["value"], labour["range"]) == (3000, [1000, 5000])
    assert labour["formula"] == "minutes_saved / 60 * hourly_cost"
    assert found["scenarios"]["谨慎"]["net"] == (1000 + 1000) * 12 - 36_000
    shown = {one["code"]: (one["value"], one["given"]) for one in found["inputs"]}
    assert (shown["minutes_after"], shown["months"]) == ((7, True), (12, False))


def test_a_division_by_nothing_is_unknown() -> None:
    """No cost has no return on it."""
    assert lines(setup_cost=0, monthly_cost=0)["roi"] is None


def test_inputs_are_asked_for_by_name(tmp_path: Path) -> None:
    """A missing one and a strange one; a formula over what is not there is refused with its place."""
    with pytest.raises(MissingInput) as caught:
        told(MODEL, {name: value for name, value in INPUTS.items() if name != "hourly_cost"}, {})
    assert caught.value.field == "inputs.hourly_cost"
    with pytest.raises(MissingInput) as caught:
        told(MODEL, INPUTS, {"a": {"joy": 1}})
    assert caught.value.field == "scenarios.a.joy"
    text = '[[input]]\ncode="a"\nname="甲"\nunit="元"\n[[line]]\ncode="b"\nname="乙"\nunit="元"\nformula="a + c"\n'
    (tmp_path / "roi.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as refused:
        load_model(tmp_path)
    assert refused.value.key == "line.0.formula"
