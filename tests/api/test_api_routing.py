"""The routing door: one ticket, many tickets, corrections."""

from __future__ import annotations

from typing import Any

import httpx

from tests.api.serving import problem


def route(client: httpx.Client, text: str, **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/tickets/route", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_ticket_is_routed_in_the_contract_shape(bot: httpx.Client) -> None:
    """Category with path, priority with reasons, queue, automation, clocks, ladder and entities."""
    text = "我要投诉你们客服态度恶劣，再不处理我就打12315"
    reply = route(bot, text, ticket_id="T-1", customer={"id": "c1", "tier": "gold"})
    assert reply["category"]["path"][-1] == reply["category"]["code"]
    assert reply["category"]["path"][0] == "complaint"
    assert reply["priority"]["level"] in ("urgent", "critical")
    reason = next(one for one in reply["priority"]["reasons"] if one["code"] == "regulator")
    assert text[reason["start"] : reason["end"]] == reason["text"]
    assert set(reply["queue"]) >= {"code", "name"}
    assert reply["automation"] in ("auto", "suggest", "manual")
    assert set(reply["sla"]) >= {"policy", "first_response_due", "resolution_due"}
    assert reply["ladder"]
    assert set(reply["sentiment"]) >= {"polarity", "score", "emotion", "intensity"}
    assert set(reply["versions"]) == {"release", "models", "policy"}


def test_a_batch_answers_in_order(bot: httpx.Client) -> None:
    """A bad ticket of a batch is its own problem; the others are routed in their places."""
    tickets = [{"text": "我要退货"}, {"text": ""}, {"text": "怎么开发票"}, 5]
    results = bot.post("/v1/tickets/route-batch", json={"tickets": tickets}).json()["results"]
    assert [one.get("status") for one in results] == [None, 422, None, 422]
    assert results[1]["errors"][0]["field"] == "tickets.1.text"
    assert results[0]["category"]["path"][0] == "after_sales"
    too_many = [{"text": "x"}] * 1001
    assert bot.post("/v1/tickets/route-batch", json={"tickets": too_many}).status_code in (413, 422)


def test_a_repeated_ticket_is_named(bot: httpx.Client) -> None:
    """The same customer's same trouble is a duplicate of the first ticket."""
    text = "洗衣机送来就是坏的，门关不上，我要换一台"
    route(bot, text, ticket_id="D-1", customer={"id": "dup-customer"})
    again = route(bot, text + "！", ticket_id="D-2", customer={"id": "dup-customer"})
    assert [one["ticket_id"] for one in again["duplicates"]] == ["D-1"]
    other = route(bot, text, ticket_id="D-3", customer={"id": "someone-else"})
    assert other["duplicates"] == []


def test_a_correction_is_kept(bot: httpx.Client, agent: httpx.Client, admin: httpx.Client) -> None:
    """A correction is recorded by its actor; another name needs admin; unknown codes are refused."""
    route(bot, "发票抬头写错了", ticket_id="C-1")
    made = agent.post("/v1/tickets/C-1/corrections", json={"priority": "urgent"})
    assert made.status_code == 201, made.text
    assert made.json()["by"] == "A012"
    path = "/v1/tickets/C-1/corrections"
    problem(agent.post(path, json={"priority": "urgent", "by": "A099"}), 422, "invalid")
    assert admin.post(path, json={"priority": "urgent", "by": "A099"}).json()["by"] == "A099"
    problem(agent.post(path, json={"category": "nothing"}), 422, "invalid")
    problem(agent.post(path, json={}), 422, "invalid")
    problem(agent.post("/v1/tickets/none/corrections", json={"priority": "urgent"}), 404, "not_found")
