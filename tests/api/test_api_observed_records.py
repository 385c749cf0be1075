"""What people put on record moves the monthly form: the record of a conversation, the customer called back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api import casework
from api.daily import score_day
from api.report_base import window
from tests.api.reporting import DATE, tenant
from tests.api.serving import Site, say, start

TURNS = [
    {"role": "customer", "text": "我的退款怎么还没到账，都十天了"},
    {"role": "agent", "text": "非常抱歉让您久等，我马上帮您核实，请提供订单号。"},
    {"role": "customer", "text": "尾号 2217"},
    {"role": "agent", "text": "已经为您提交退款加急，财务会在 24 小时内处理，明天给您回电确认。"},
]


def _lines(site: Site, name: str) -> dict[str, Any]:
    told = site.client("supervisor", name).get("/v1/reports/monthly-form", params={"date": DATE}).json()
    return {one["code"]: one for part in told["dimensions"] for one in part["indicators"]}


def test_R116_records_of_people_count(site: Site) -> None:
    """A record that lacks one of the three fields is incomplete; confirmed with all of them it is complete."""
    name = tenant(site, "onrecord")
    body = {
        "id": "oc-1", "turns": TURNS, "category": "complaint", "started_at": "2026-11-18T10:00:00+08:00",
        "agent": {"id": f"agent-{name}"}, "outcome": {"resolved": True},
    }  # fmt: skip
    scored = site.client("quality", name).post("/v1/quality/score", json={"transcript": body}).json()
    assert _lines(site, name)["complaint_closure"]["told"] == "0.0%"
    agent = site.client("agent", name)
    record = agent.post("/v1/quality/records/service", json={"result_id": scored["id"]}).json()
    assert _lines(site, name)["record_completeness"]["told"] == ("0.0%" if record["missing"] else "100.0%")
    gaps = dict.fromkeys(record["missing"], "已补")
    whole = agent.post(f"/v1/quality/records/service/{record['id']}/confirm", json={"fields": gaps}).json()
    assert whole["missing"] == []
    assert _lines(site, name)["record_completeness"]["told"] == "100.0%"


def test_R115_a_satisfied_customer_called_back_closes_the_complaint(site: Site) -> None:
    """A live complaint, scored by the daily job, is open until the call: then it is solved and followed up, 100 %."""
    name = tenant(site, "calledback")
    bot, agent, supervisor = (site.client(scope, name) for scope in ("bot", "agent", "supervisor"))
    talk = start(bot, customer={"id": "c1"})
    say(bot, talk, "我要投诉你们客服态度太差，骂人，再不处理我就找12315")
    say(agent, talk, "非常抱歉，我马上为您登记处理", "agent")
    assert agent.post(f"/v1/conversations/{talk}/handoff", json={"action": "close"}).status_code == 200
    zone = ZoneInfo("Asia/Shanghai")
    today = datetime.now(zone)
    work = casework.make(site.folder / "policy")
    score_day(work, site.service, name, window("daily", today.date(), zone))
    calls = supervisor.get("/v1/cases", params={"kind": "follow_up"}).json()["cases"]
    (call,) = [one for one in calls if one["subject"] == talk]
    params = {"date": today.date().isoformat()}
    before = supervisor.get("/v1/reports/monthly-form", params=params).json()
    assert _closure(before)["n"] == 0  # nobody knows how it ended
    done = {"move": "finish", "fields": {"outcome": "满意"}}
    answer = supervisor.post(f"/v1/cases/{call['id']}/moves", json=done)
    assert answer.status_code == 200, answer.text
    after = _closure(supervisor.get("/v1/reports/monthly-form", params=params).json())
    assert (after["told"], after["n"], after["points"]) == ("100.0%", 1, 5.0)


def _closure(told: dict[str, Any]) -> dict[str, Any]:
    lines = [one for part in told["dimensions"] for one in part["indicators"]]
    found: dict[str, Any] = next(one for one in lines if one["code"] == "complaint_closure")
    return found


@pytest.mark.parametrize(("hours", "promise", "told"), [(0, "48 小时", "100.0%"), (2, "1 小时", "0.0%")])
def test_R120_an_escalation_is_in_time_when_its_promise_was_kept(
    site: Site, hours: int, promise: str, told: str
) -> None:
    """Handed on with a time: unknown until somebody calls; called before the time it is in time, after it late."""
    name = tenant(site, f"promised{hours}")
    began = datetime.now(ZoneInfo("Asia/Shanghai")).replace(microsecond=0) - timedelta(hours=hours)
    text = f"这个问题我无法当场解决，已经升级给技术主管，{promise}内给您回电。"
    turns = [
        {"role": "customer", "text": "空调修了三次还没修好，怎么办"},
        {"role": "agent", "text": text, "at": began.isoformat()},
    ]
    body = {"id": "es-1", "turns": turns, "agent": {"id": "A1"}, "started_at": began.isoformat()}
    assert (
        site.client("quality", name).post("/v1/quality/score", json={"transcript": body}).status_code == 200
    )
    supervisor, params = site.client("supervisor", name), {"date": began.date().isoformat()}

    def line() -> tuple[str, int]:
        form = supervisor.get("/v1/reports/monthly-form", params=params).json()
        lines = [one for part in form["dimensions"] for one in part["indicators"]]
        found = next(one for one in lines if one["code"] == "escalation_in_time")
        return found["told"], found["n"]

    assert line() == ("不可评", 0)
    calls = supervisor.get("/v1/cases", params={"kind": "follow_up"}).json()["cases"]
    (call,) = [one for one in calls if one["subject"] == "es-1"]
    done = {"move": "finish", "fields": {"outcome": "基本满意"}}
    assert supervisor.post(f"/v1/cases/{call['id']}/moves", json=done).status_code == 200
    assert line() == (told, 1)


def test_R137_a_word_on_the_score_takes_back_nothing_else(site: Site) -> None:
    """What was learnt of a conversation after it was scored stands when its points are ruled on."""
    name = tenant(site, "learnt")
    began = datetime.now(ZoneInfo("Asia/Shanghai")).replace(microsecond=0)
    turns = [
        {"role": "customer", "text": "我要投诉，空调修了三次还没修好"},
        {
            "role": "agent",
            "text": "不归我管，已经升级给技术主管，48 小时内给您回电。",
            "at": began.isoformat(),
        },
    ]
    body = {
        "id": "l-1", "turns": turns, "category": "complaint", "started_at": began.isoformat(),
        "agent": {"id": "A1"}, "outcome": {"resolved": False, "follow_up": False},
    }  # fmt: skip
    scored = site.client("quality", name).post("/v1/quality/score", json={"transcript": body}).json()
    supervisor, params = site.client("supervisor", name), {"date": began.date().isoformat()}

    def closure() -> str:
        told = supervisor.get("/v1/reports/monthly-form", params=params).json()
        return str(_closure(told)["told"])

    assert closure() == "0.0%"
    calls = supervisor.get("/v1/cases", params={"kind": "follow_up"}).json()["cases"]
    (call,) = [one for one in calls if one["subject"] == "l-1"]
    done = {"move": "finish", "fields": {"outcome": "满意"}}
    assert supervisor.post(f"/v1/cases/{call['id']}/moves", json=done).status_code == 200
    assert closure() == "100.0%"
    ruling = {"items": {"forbidden_word": "pass"}, "reason": "误判"}
    assert supervisor.post(f"/v1/quality/results/{scored['id']}/review", json=ruling).status_code in (
        200,
        201,
    )
    assert closure() == "100.0%"
