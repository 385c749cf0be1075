"""The monthly form of a month worked out by hand, its options, its remarks and its refusals."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import pytest
import python_calamine

from nlp.metrics.observation import Observation
from tests.api.reporting import DATE, tenant
from tests.api.serving import Site, problem
from tests.nlp.reports.worked import conversation

NAME = "monthlyform"


def _month() -> list[Observation]:
    """20 conversations: 10 inquiries, 6 complaints, 4 of after-sales.

    Inquiries: eight answered in 600 s, two in 1,320 s: mean 744 s, 12.4 minutes, 2 steps: 3 points.
    Complaints: first response 240 s five times, 660 s once: mean 310 s, 5 1/6 minutes, 1 step: 4 points.
    Closure: five of six solved and called back, 83.3 %: 4 steps, 1 point. Records: 19 of 20 complete, 95 %: 4 points.
    Praise: 2 of 20, 10 %: 5 points. Wording: 10 of 10 nineteen times, 5 of 10 once, 195 of 200, 97.5 %: 5 points.
    Solved at once: 18 customers, one came again within the week, one was not solved, so 16 of 18, 88.9 %: 4 points.
    Escalated: 3 of 4 in time, 75 %: 1 point.
    """
    made = []
    for n in range(20):
        values: dict[str, Any] = {"record_complete": n != 3, "praised": n in (0, 1), "quote": f"第{n}件事"}
        if n < 10:
            values |= {"path": ["inquiry"], "response_s": 1320.0 if n in (3, 4) else 600.0}
        elif n < 16:
            values |= {
                "path": ["complaint"], "complained": True, "first_response_s": 660.0 if n == 15 else 240.0,
                "resolved": True, "follow_up": n != 15,
            }  # fmt: skip
        else:
            values |= {"path": ["after_sales"], "escalated": True, "escalated_in_time": n != 19}
        if n == 4:
            values |= {"failed": ["closing", "greeting"], "passed": 5}
        made.append(conversation(f"m{n}", n % 5, **values))
    return made


def _contacts() -> list[Observation]:
    """Who came again, in a tenant of its own: 18 customers, c0 comes twice, c1 is not solved."""
    made = [conversation(f"f{n}", 0, path=["other"], issue=f"i{n}", resolved=n != 1) for n in range(18)]
    from dataclasses import replace

    told = [replace(one, customer=f"c{n}") for n, one in enumerate(made)]
    again = conversation("f0-again", 3, path=["other"], issue="i0", resolved=True)
    return [*told, replace(again, customer="c0")]


@pytest.fixture(scope="module")
def own(site: Site) -> Site:
    tenant(site, NAME, _month())
    tenant(site, f"{NAME}-fcr", _contacts())
    return site


def _form(own: Site, name: str = NAME, **params: str) -> dict[str, Any]:
    answer = own.client("supervisor", name).get("/v1/reports/monthly-form", params={"date": DATE, **params})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _lines(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["code"]: one for part in told["dimensions"] for one in part["indicators"]}


def test_R112_R113_to_R120_the_form_of_a_worked_month(own: Site) -> None:
    """Eight indicators from the facts, scored by their steps; what nobody can tell is N/A with its reason."""
    told = _form(own)
    assert [len(part["indicators"]) for part in told["dimensions"]] == [2, 2, 2, 2]
    lines = _lines(told)
    assert {code: (one["told"], one["n"], one["points"]) for code, one in lines.items()} == {
        "inquiry_response": ("12.4 分钟", 10, 3.0), "complaint_first_response": ("5.2 分钟", 6, 4.0),
        "complaint_closure": ("83.3%", 6, 1.0), "record_completeness": ("95.0%", 20, 4.0),
        "praise": ("10.0%", 20, 5.0), "wording": ("97.5%", 20, 5.0),
        "first_contact_resolution": ("不可评", 0, None), "escalation_in_time": ("75.0%", 4, 1.0),
    }  # fmt: skip
    assert lines["first_contact_resolution"]["why"].startswith("不可评：本月没有可计的会话")
    assert (
        lines["inquiry_response"]["why"]
        == "12.4 分钟 超出 10 分钟 共 1.2 步（不足一步按一步计），减 2 分，得 3 分"
    )
    assert [part["points"] for part in told["dimensions"]] == [3.5, 2.5, 5.0, 1.0]
    assert told["points"] == pytest.approx(3.0, abs=1e-9)
    assert told["options"][0] == "不足一步：不足一步按一步计（ceil）"


def test_R119_who_comes_again_was_not_solved_at_once(own: Site) -> None:
    """16 of 18: one came again for the same within a week, one was not solved; 88.9 % is one step."""
    line = _lines(_form(own, f"{NAME}-fcr"))["first_contact_resolution"]
    assert (line["told"], line["n"], line["points"]) == ("88.9%", 18, 4.0)
    assert line["remark"]["count"] == 2


def test_R112_remarks_tell_the_typical_problem_and_lead_to_it(own: Site) -> None:
    """备注: how many conversations, what most of them failed, and the way to the worst."""
    lines = _lines(_form(own))
    slow = lines["inquiry_response"]["remark"]
    assert slow["text"] == "2 段响应超过标准，最常见：未使用结束语（1 段）；如“第3件事”"
    assert [one["conversation"] for one in slow["conversations"]] == ["m3", "m4"]
    assert slow["conversations"][0]["link"] == "/supervisor#/quality/talk/qs_m3"
    assert lines["wording"]["remark"]["text"] == "1 段有规则未通过，最常见：未使用结束语（1 段）；如“第4件事”"
    assert lines["praise"]["remark"]["text"] == "2 段得到表扬；如“第0件事”"
    assert lines["complaint_closure"]["remark"]["count"] == 1
    assert lines["complaint_first_response"]["events"] == (
        "/v1/metrics/complaint_first_response/events?from=2026-11-01&to=2026-11-30"
    )
    events = own.client("supervisor", NAME).get(lines["complaint_first_response"]["events"]).json()
    assert len(events["events"]) == 6
    page = own.client("supervisor", NAME).get(
        "/v1/reports/monthly-form", params={"date": DATE, "format": "html"}
    )
    assert '<a href="/supervisor#/quality/talk/qs_m3" target="_top">m3</a>' in page.text


def test_R113_R121_options_are_tried_and_printed(own: Site) -> None:
    """Under floor rounding 12.4 minutes lose one step only; the words on the form change with the options."""
    supervisor, way = own.client("supervisor", NAME), "/v1/reports/monthly-form"
    body = {"rounding": "floor", "unbounded": True, "combine": "lowest"}
    told = supervisor.post(way, params={"date": DATE}, json=body).json()
    lines = _lines(told)
    assert lines["inquiry_response"]["points"] == 4.0
    assert lines["escalation_in_time"]["points"] == 0.0  # 5 steps
    assert [part["points"] for part in told["dimensions"]] == [4.0, 2.0, 5.0, 0.0]
    assert told["options"] == [
        "不足一步：满一步才扣分，不足一步不扣（floor）", "最低分：不设最低分",
        "维度得分取其最低的指标（lowest）；综合得分 = Σ 维度得分 × 权重；整个维度不可评时，权重按比例让给其余维度",
    ]  # fmt: skip
    assert _lines(_form(own))["inquiry_response"]["points"] == 3.0  # nothing was kept
    weights = {"timeliness": 0.4, "process": 0.3, "attitude": 0.2, "resolution": 0.1}
    told = supervisor.post(way, params={"date": DATE}, json={"weights": weights}).json()
    assert told["points"] == pytest.approx(0.4 * 3.5 + 0.3 * 2.5 + 0.2 * 5 + 0.1 * 1, abs=1e-9)


def test_R121_weights_that_do_not_sum_to_one_are_refused(own: Site) -> None:
    """422 names the weights; so it does a dimension the form does not have, and an option it does not know."""
    supervisor, way = own.client("supervisor", NAME), "/v1/reports/monthly-form"
    wrong = problem(supervisor.post(way, json={"weights": {"timeliness": 0.5}}), 422, "invalid")
    assert wrong["errors"][0]["field"] == "weights"
    assert "1.25" in wrong["errors"][0]["message"]
    each = {"combine": "weighted", "indicator_weights": {"praise": 0.4, "wording": 0.4}}
    wrong = problem(supervisor.post(way, json=each), 422, "invalid")
    assert wrong["errors"][0]["field"].startswith("indicator_weights.")
    problem(supervisor.post(way, json={"weights": {"speed": 1}}), 422, "invalid")
    problem(supervisor.post(way, json={"rounding": "half"}), 422, "invalid")
    problem(own.client("agent", NAME).get(way), 403, "forbidden")


def test_R112_the_same_form_as_page_and_workbook(own: Site) -> None:
    """Every value and point of the form stands in the page and in the workbook; a team's form is its own."""
    told, params = _form(own), {"date": DATE}
    supervisor = own.client("supervisor", NAME)
    page = supervisor.get("/v1/reports/monthly-form", params={**params, "format": "html"}).text
    cells = [html.unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", page)]
    book = supervisor.get("/v1/reports/monthly-form", params={**params, "format": "xlsx"}).content
    rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    for one in _lines(told).values():
        points = "—" if one["points"] is None else str(one["points"])
        at = cells.index(one["name"])
        assert cells[at + 1 : at + 5] == [one["rule"], one["told"], str(one["n"]), points]
        (row,) = [row for row in rows if one["name"] in row[:4] and one["rule"] in row]
        assert [str(cell) for cell in row[3:7]] == [one["rule"], one["told"], str(float(one["n"])), points]
    assert _form(own, team="乙组")["points"] is None
    assert _form(own, team="甲组")["points"] == told["points"]
