"""Customers are called back, promises are kept, and who comes again is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.serving import Site, crew, problem, say, start


@pytest.fixture(scope="module")
def people(site: Site) -> Iterator[dict[str, httpx.Client]]:
    with crew(site, "called", Q1="quality", S1="supervisor", A1="agent", A2="agent") as made:
        yield made


def tasks(client: httpx.Client, **more: Any) -> list[dict[str, Any]]:
    return list(client.get("/v1/follow-ups", params=more).json()["follow_ups"])


def test_closing_makes_a_task_and_a_dissatisfied_customer_reopens(people: dict[str, httpx.Client]) -> None:
    """R100: a close makes a call back in three days; 不满意 opens the conversation anew and counts in 二次投诉."""
    agent = people["A1"]
    conversation = start(agent, served_by="agent", agent={"id": "A1"})
    say(agent, conversation, "空调不制冷")
    say(agent, conversation, "已经给您约了师傅，明天 10 点上门", "agent")
    door = f"/v1/conversations/{conversation}"
    assert agent.post(f"{door}/handoff", json={"action": "close"}).json()["state"] == "closed"
    (task,) = [one for one in tasks(agent) if one["subject"] == conversation]
    assert (task["state"], task["owner"]) == ("open", "A1")
    wait = datetime.fromisoformat(task["due_at"]) - datetime.now(UTC)
    assert timedelta(days=2.9) < wait <= timedelta(days=3)
    outcome = f"/v1/follow-ups/{task['id']}/outcome"
    problem(agent.post(outcome, json={"outcome": "还行"}), 422, "invalid")
    assert agent.post(outcome, json={"outcome": "不满意", "remark": "师傅没来"}).json()["state"] == "done"
    assert agent.get(door).json()["state"] == "requested"
    again = [one for one in tasks(agent, state="open") if one["subject"] == conversation]
    assert [one["data"]["round"] for one in again] == [2]
    (repeat,) = [
        one
        for one in people["S1"].get("/v1/second-complaints").json()["second_complaints"]
        if one["subject"] == conversation
    ]
    assert repeat["data"]["why"] == "回访不满意"
    moves = f"/v1/cases/{repeat['id']}/moves"
    problem(people["S1"].post(moves, json={"move": "exempt", "fields": {"reason": "改约"}}), 422, "invalid")
    problem(
        people["S1"].post(f"/v1/follow-ups/{repeat['id']}/outcome", json={"outcome": "满意"}),
        404,
        "not_found",
    )
    exempt = {"reason": "客户 13812345678 改约", "clause": "SOP 4.2 客户原因改约"}
    exempted = people["S1"].post(moves, json={"move": "exempt", "fields": exempt})
    assert exempted.json()["state"] == "exempted"
    assert exempted.json()["data"]["reason"] == "客户 [手机号] 改约"  # whichever door the step came through
    assert "13812345678" not in people["S1"].get(f"/v1/cases/{repeat['id']}").text
    assert agent.post(f"/v1/follow-ups/{again[0]['id']}/outcome", json={"outcome": "满意"}).status_code == 200
    assert [one for one in tasks(agent, state="open") if one["subject"] == conversation] == []


def test_a_bot_alone_owes_no_call(people: dict[str, httpx.Client]) -> None:
    """R100: a conversation that no person served makes no task."""
    conversation = start(people["A1"])
    people["A1"].post(f"/v1/conversations/{conversation}/handoff", json={"action": "close"})
    assert [one for one in tasks(people["S1"]) if one["subject"] == conversation] == []


NOW = datetime.now(UTC).replace(microsecond=0)
"""Tasks are made of recent conversations only."""


def days_ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def scored(client: httpx.Client, name: str, text: str, **more: Any) -> Any:
    turns = [{"role": "customer", "text": "退款一直没到账"}, {"role": "agent", "text": text}]
    given = {
        "id": name,
        "turns": turns,
        "agent": {"id": "A2"},
        "started_at": days_ago(10),
        **more,
    }
    answer = client.post("/v1/quality/score", json={"transcript": given})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_promised_time_becomes_a_task(people: dict[str, httpx.Client]) -> None:
    """R047: “2小时内由张工” on escalation is a task due then, once; an escalation without a time is none, nor is history."""
    text = "这个没法当场解决，已升级给技术部，2小时内由张工联系您"
    for _ in range(2):
        scored(people["Q1"], "fu-1", text)
    (task,) = [one for one in tasks(people["S1"]) if one["subject"] == "fu-1"]
    assert task["data"]["promised_owner"] == "张工"
    assert task["owner"] == "A2"
    assert datetime.fromisoformat(task["due_at"]) == NOW - timedelta(days=10) + timedelta(hours=2)
    assert task["overdue"]
    scored(people["Q1"], "fu-2", "已升级给技术部，请您耐心等待")
    scored(people["Q1"], "fu-3", text, started_at=days_ago(400))
    assert [one for one in tasks(people["S1"]) if one["subject"] in ("fu-2", "fu-3")] == []


def test_a_second_complaint_is_tied_to_the_first(people: dict[str, httpx.Client]) -> None:
    """R097: the same customer with the same matter again is flagged once; another customer or matter is not."""
    sound = {"category": "complaint", "customer": {"id": "cust-7"}}
    scored(people["Q1"], "sc-1", "您好", **sound)
    scored(people["Q1"], "sc-2", "您好，请稍等", **{**sound, "started_at": days_ago(4)})
    scored(people["Q1"], "sc-3", "您好，请稍等。", category="complaint", customer={"id": "cust-8"})
    scored(people["Q1"], "sc-4", "您好，请稍等！", category="inquiry", customer={"id": "cust-7"})
    late = {**sound, "started_at": (NOW + timedelta(days=80)).isoformat()}
    scored(people["Q1"], "sc-5", "您好，请稍等？", **late)
    found = people["S1"].get("/v1/second-complaints").json()["second_complaints"]
    told = {one["subject"]: one["data"] for one in found if str(one["subject"]).startswith("sc-")}
    assert set(told) == {"sc-2"}
    assert (told["sc-2"]["first"], told["sc-2"]["days"]) == ("sc-1", 6)


def test_a_call_settles_what_the_record_left_open(people: dict[str, httpx.Client]) -> None:
    """R096: an unsolved record bars the appeal; the customer's 满意 when called back lifts that."""
    text = "这个不归我管，已升级给技术部，2小时内由张工联系您"
    result = scored(people["Q1"], "st-1", text, outcome={"resolved": False})
    door = f"/v1/quality/results/{result['id']}/appeals"
    given = {"items": ["forbidden_word"], "reason": "x"}
    problem(people["A2"].post(door, json=given), 409, "conflict")
    (task,) = [one for one in tasks(people["A2"]) if one["subject"] == "st-1"]
    people["A2"].post(f"/v1/follow-ups/{task['id']}/outcome", json={"outcome": "基本满意"})
    assert people["A2"].post(door, json=given).status_code == 201


def test_blame_before_solving_warns_on_the_desk(people: dict[str, httpx.Client]) -> None:
    """R096: an agent who blames before anything is solved is warned with the turn's answer."""
    conversation = start(people["A1"], served_by="agent", agent={"id": "A1"})
    say(people["A1"], conversation, "空调不制冷")
    told = say(people["A1"], conversation, "谁让您不看清楚说明", "agent")
    assert "blame_before_solving" in {alert["code"] for alert in told["alerts"]}
