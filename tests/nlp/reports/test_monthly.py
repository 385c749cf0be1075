"""The monthly form: two indicators a dimension, weights that sum to one, N/A that gives its weight away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nlp.reports.monthly import Figure, WeightsError, assess, varied
from nlp.reports.monthly_toml import read_monthly
from nlp.tables import PolicyError

FORM = read_monthly()
MONTH = {
    "inquiry_response": Figure(12.0, 40),  # 4
    "complaint_first_response": Figure(6.5, 10),  # 3
    "complaint_closure": Figure(0.95, 20),  # 4
    "record_completeness": Figure(1.0, 50),  # 5
    "praise": Figure(0.06, 50),  # 3
    "wording": Figure(0.95, 400),  # 5
    "first_contact_resolution": Figure(0.82, 50),  # 3
    "escalation_in_time": Figure(1.0, 4),  # 5
}
WEIGHTS = {"timeliness": 0.3, "process": 0.3, "attitude": 0.2, "resolution": 0.2}


def test_R112_four_dimensions_of_two_indicators() -> None:
    """The shipped form is the business's: four dimensions, two indicators each, the eight of the rows."""
    assert [len(FORM.under(one.code)) for one in FORM.dimensions] == [2, 2, 2, 2]
    assert {one.code for one in FORM.indicators} == set(MONTH)
    assert len(FORM.explain()) == 3


def test_R121_the_total_is_the_weighted_sum_of_the_dimensions() -> None:
    """(3.5·0.3 + 4.5·0.3 + 4·0.2 + 4·0.2) = 4.0, to 1e-9."""
    found = assess(varied(FORM, weights=WEIGHTS), MONTH)
    assert [part.points for part in found.parts] == [3.5, 4.5, 4.0, 4.0]
    assert found.points == pytest.approx(4.0, abs=1e-9)


def test_R121_what_is_not_measured_gives_its_weight_away() -> None:
    """Without praise the attitude is its wording, 5; without complaints and inquiries the weights are 3/7, 2/7, 2/7."""
    gone = {**MONTH, "praise": Figure(None, reason="没有服务客户")}
    found = assess(varied(FORM, weights=WEIGHTS), gone)
    assert found.parts[2].points == 5.0
    assert found.points == pytest.approx(3.5 * 0.3 + 4.5 * 0.3 + 5 * 0.2 + 4 * 0.2, abs=1e-9)
    assert found.parts[2].marked[0].why == "不可评：没有服务客户"
    quiet = {code: one for code, one in MONTH.items() if "response" not in code}
    found = assess(varied(FORM, weights=WEIGHTS), quiet)
    assert found.parts[0].points is None
    assert [part.weight for part in found.parts] == pytest.approx([0, 3 / 7, 2 / 7, 2 / 7], abs=1e-12)
    assert found.points == pytest.approx((4.5 * 3 + 4 * 2 + 4 * 2) / 7, abs=1e-9)
    assert assess(FORM, {}).points is None


def test_R121_how_two_indicators_make_a_dimension_is_an_option() -> None:
    """The mean unless set: the lowest, or weights of their own."""
    lowest = assess(varied(FORM, combine="lowest"), MONTH)
    assert [part.points for part in lowest.parts] == [3, 4, 3, 3]
    each = {code: 0.25 if at % 2 else 0.75 for at, code in enumerate(MONTH)}
    weighed = assess(varied(FORM, combine="weighted", indicator_weights=each), MONTH)
    assert [part.points for part in weighed.parts] == [3.75, 4.25, 3.5, 3.5]
    gone = assess(varied(FORM, combine="weighted", indicator_weights=each), {**MONTH, "praise": Figure(None)})
    assert gone.parts[2].points == 5.0


def test_R121_weights_sum_to_one(tmp_path: Path) -> None:
    """Weights that sum to something else are refused, in a call and in a site's own form."""
    with pytest.raises(WeightsError, match=r"dimensions 的权重之和是 1\.05"):
        varied(FORM, weights={"timeliness": 0.3})
    with pytest.raises(WeightsError, match=r"indicators\.timeliness"):
        varied(FORM, combine="weighted", indicator_weights={"inquiry_response": 0.5})
    shipped = Path("nlp/presets/monthly.toml").read_text(encoding="utf-8")
    (tmp_path / "monthly.toml").write_text(shipped.replace("weight = 0.25", "weight = 0.3"), encoding="utf-8")
    with pytest.raises(PolicyError, match="和为 1"):
        read_monthly(tmp_path)
    (tmp_path / "monthly.toml").write_text(shipped.replace('"ceil"', '"half"'), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"ceil\|floor\|nearest"):
        read_monthly(tmp_path)


def test_R113_a_site_without_a_floor_leaves_the_line_out(tmp_path: Path) -> None:
    """No floor in the file is no floor in the form, and the form says so."""
    shipped = Path("nlp/presets/monthly.toml").read_text(encoding="utf-8")
    (tmp_path / "monthly.toml").write_text(shipped.replace("floor = 1\n", ""), encoding="utf-8")
    form = read_monthly(tmp_path)
    assert form == replace(FORM, options=form.options, digest=form.digest)
    assert form.options.floor is None
    assert "最低分：不设最低分" in form.explain()
