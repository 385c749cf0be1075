"""Rectification, service records and the feedback register, through the doors."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from python_calamine import CalamineWorkbook

from api.case_door import lapse_all
from api.casework import Casework
from api.workflows import load_workflows
from tests.api.serving import Site, crew, problem

TENANT = "recorded"


@pytest.fixture(scope="module")
def people(site: Site) -> Iterator[dict[str, httpx.Client]]:
    with crew(
        site,
        TENANT,
        Q1="quality 质检",
        S1="supervisor 主管",
        S2="supervisor 主管 质检",
        A1="agent",
        A2="agent",
    ) as made:
        yield made


def scored(client: httpx.Client, name: str, **more: Any) -> Any:
    turns = [
        {"role": "customer", "text": "我买的冰箱不制冷了，想换一台"},
        {"role": "agent", "text": "这个不归我管。"},
        {"role": "agent", "text": "已经给您登记换新，48 小时内发出，运费我们承担。"},
    ]
    given = {"id": name, "turns": turns, "agent": {"id": "A1"}, "channel": "phone", **more}
    answer = client.post("/v1/quality/score", json={"transcript": given})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_violation_is_put_right_with_two_signatures(people: dict[str, httpx.Client]) -> None:
    """R122: opened from a violation in one call; closed only with 效果验证 and both sign-offs, by different people."""
    result = scored(people["Q1"], "rt-1")["id"]
    due = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    given = {"result_id": result, "item": "forbidden_word", "cause": "人员", "root_cause": "不熟悉转办流程",
             "measures": "培训并抽查一周", "owner": "A1", "due_at": due}  # fmt: skip
    made = people["S1"].post("/v1/rectifications", json=given)
    assert made.status_code == 201, made.text
    case = made.json()
    assert case["state"] == "fixing"
    assert [line["name"] for line in case["lines"]] == [
        "发现时间/渠道", "原因分类", "根因", "措施", "责任人", "计划/完成时间", "效果验证", "双签复核"
    ]  # fmt: skip
    assert case["fields"]["channel"] == "phone"
    assert case["fields"]["planned_at"][:16] == due[:16]
    again = people["S1"].post("/v1/rectifications", json=given)
    assert again.json()["id"] == case["id"]  # a violation is put right once
    moves = f"/v1/cases/{case['id']}/moves"
    finished = {"finished_at": datetime.now(UTC).isoformat()}
    problem(people["A1"].post(moves, json={"move": "finish", "fields": finished}), 422, "invalid")
    done = people["A1"].post(
        moves, json={"move": "finish", "fields": {**finished, "effect": "抽查 20 段无再犯"}}
    )
    assert done.json()["state"] == "verify"
    problem(people["S1"].post(moves, json={"move": "close"}), 409, "conflict")
    sign = f"/v1/cases/{case['id']}/approvals"
    assert people["S2"].post(sign, json={"role": "主管", "decision": "approve"}).status_code == 200
    problem(people["S1"].post(moves, json={"move": "close"}), 409, "conflict")
    problem(people["S2"].post(sign, json={"role": "质检", "decision": "approve"}), 409, "conflict")
    assert people["Q1"].post(sign, json={"role": "质检", "decision": "approve"}).status_code == 200
    assert people["S1"].post(moves, json={"move": "close"}).json()["state"] == "closed"
    told = people["S1"].get(f"/v1/rectifications/{case['id']}").json()
    assert told["fields"]["effect"] == "抽查 20 段无再犯"
    assert "主管 S2" in told["fields"]["sign_offs"]
    assert "质检 Q1" in told["fields"]["sign_offs"]


def test_a_rectification_needs_a_violation(people: dict[str, httpx.Client]) -> None:
    """R122: an item that was not failed, a cause that is none of the form's, half a plan: each is named."""
    result = scored(people["Q1"], "rt-2")["id"]
    given = {"result_id": result, "item": "forbidden_word", "cause": "人员"}
    told = problem(people["S1"].post("/v1/rectifications", json={**given, "item": "rude"}), 422, "invalid")
    assert told["errors"][0]["field"] == "item"
    told = problem(people["S1"].post("/v1/rectifications", json={**given, "cause": "天气"}), 422, "invalid")
    assert told["errors"][0]["accepted"] == "人员|流程|系统|产品|外部"
    told = problem(people["S1"].post("/v1/rectifications", json={**given, "owner": "A1"}), 422, "invalid")
    assert {one["field"] for one in told["errors"]} == {"root_cause", "measures", "due_at"}
    problem(people["A1"].post("/v1/rectifications", json=given), 403, "forbidden")
    waiting = scored(people["Q1"], "rt-3", outcome={"resolved": False})["id"]
    problem(people["S1"].post("/v1/rectifications", json={**given, "result_id": waiting}), 409, "conflict")


def test_forms_are_printed_and_counted(people: dict[str, httpx.Client]) -> None:
    """R122: the same lines as a page and as a workbook, in which nothing is a formula."""
    result = scored(people["Q1"], "rt-4")["id"]
    given = {"result_id": result, "item": "forbidden_word", "cause": "流程", "channel": "=1+1<b> 13812345678"}
    assert people["S1"].post("/v1/rectifications", json=given).status_code == 201
    page = people["S1"].get("/v1/rectifications", params={"format": "html"}).text
    assert "服务问题整改跟踪表" in page
    assert "=1+1&lt;b&gt;" in page
    assert "+00:00" not in page
    book = people["S1"].get("/v1/rectifications", params={"format": "xlsx"}).content
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert rows[0][0] == "发现时间/渠道"
    assert str(rows[1][0]).endswith("/ =1+1<b> [手机号]")
    found = datetime.strptime(str(rows[1][0])[:16], "%Y-%m-%d %H:%M").replace(
        tzinfo=ZoneInfo("Asia/Shanghai")
    )
    assert abs((datetime.now(UTC) - found).total_seconds()) < 600  # the site's clock, to the minute


def test_a_service_record_is_filled_confirmed_and_reviewed(people: dict[str, httpx.Client]) -> None:
    """R123, R125: filled from the transcript with its places, corrected by the agent with the distance kept."""
    result = scored(people["Q1"], "sr-1", customer={"tier": "vip"})["id"]
    made = people["A1"].post("/v1/quality/records/service", json={"result_id": result})
    assert made.status_code == 201, made.text
    record = made.json()
    assert record["fields"]["customer_type"] == "VIP客户"
    assert record["fields"]["problem"].startswith("我买的冰箱不制冷了")
    assert record["references"]["problem"]["turn"] == 0
    assert record["lines"][0]["name"] == "客户类型"
    problem(people["A2"].post("/v1/quality/records/service", json={"result_id": result}), 404, "not_found")
    door = f"/v1/quality/records/service/{record['id']}"
    told = problem(
        people["A1"].post(f"{door}/confirm", json={"fields": {"satisfaction": "极好"}}), 422, "invalid"
    )
    assert told["errors"][0]["accepted"] == "非常满意|满意|一般|不满意|非常不满意"
    before = record["fields"]["result"]
    fixed = {"satisfaction": "满意", "result": before + "好", "problem": "冰箱不制冷，想换新"}
    confirmed = people["A1"].post(f"{door}/confirm", json={"fields": fixed})
    assert confirmed.status_code == 200, confirmed.text
    after = confirmed.json()
    assert (after["edits"]["result"], after["edits"]["satisfaction"], after["edits"]["step1"]) == (1, 2, 0)
    assert set(after["references"]) == {"step1"}  # what the agent wrote is nobody's sentence
    reviewed = people["S1"].post(f"/v1/cases/{record['id']}/moves", json={"move": "review"})
    assert reviewed.json()["state"] == "reviewed"
    today = datetime.now(UTC).date()
    span = {
        "since": (today - timedelta(days=1)).isoformat(),
        "until": (today + timedelta(days=1)).isoformat(),
    }
    counted = people["S1"].get("/v1/quality/records/completeness", params=span).json()
    assert (counted["complete"], counted["records"], counted["rate"]) == (1, 1, 1.0)
    form = people["A1"].get("/v1/quality/records/forms/service").json()
    assert form["options"]["satisfaction"][0] == "非常满意"


def test_feedback_sounds_the_alarm_when_it_is_late(site: Site, people: dict[str, httpx.Client]) -> None:
    """R124: five sources, four types, a planned time; past it the clock sounds the alarm; a call back ends it."""
    soon = datetime.now(UTC) + timedelta(hours=1)
    given = {"text": "希望退款发短信，电话 13800138000", "source": "电话", "type": "建议", "expectation": "每次都发",
             "department": "产品部", "planned_at": soon.isoformat()}  # fmt: skip
    made = people["A1"].post("/v1/quality/records/feedback", json=given)
    assert made.status_code == 201, made.text
    assert "13800138000" not in made.text
    assert not made.json()["alarm"]
    for name in ("source", "type"):
        told = problem(
            people["A1"].post("/v1/quality/records/feedback", json={**given, name: "传真"}), 422, "invalid"
        )
        assert told["errors"][0]["field"] == name
    late = Casework(load_workflows(), clock=lambda: soon + timedelta(minutes=1))
    lapse_all(late, site.service.store)
    (told,) = people["S1"].get("/v1/quality/records/feedback").json()["feedback"]
    assert (told["state"], told["alarm"]) == ("overdue", True)
    moves = f"/v1/cases/{told['id']}/moves"
    result = {"result": "已上线短信", "finished_at": datetime.now(UTC).isoformat()}
    assert people["A1"].post(moves, json={"move": "finish", "fields": result}).json()["state"] == "handled"
    problem(
        people["A1"].post(moves, json={"move": "call_back", "fields": {"satisfaction": "好"}}), 422, "invalid"
    )
    done = people["A1"].post(moves, json={"move": "call_back", "fields": {"satisfaction": "满意"}})
    assert done.json()["state"] == "done"
    (told,) = people["S1"].get("/v1/quality/records/feedback").json()["feedback"]
    assert [line["name"] for line in told["lines"]] == [
        "反馈来源", "反馈类型", "客户期望", "责任部门", "计划/实际时间", "处理结果", "二次回访满意度"
    ]  # fmt: skip
    assert told["fields"]["satisfaction"] == "满意"
