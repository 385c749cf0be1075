"""Live conversations: turns, their answers, and the handoff between bot and people."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.api.serving import OTHER, Site, problem, say, start


def test_opening_answers_with_the_state(bot: httpx.Client) -> None:
    """A conversation begins with the bot, or with an agent where one serves."""
    reply = bot.post("/v1/conversations", json={"conversation_id": "open-1"}).json()
    assert reply == {"id": "open-1", "conversation_id": "open-1", "state": "bot"}
    served = bot.post("/v1/conversations", json={"served_by": "agent", "agent": {"id": "A012"}}).json()
    assert served["state"] == "human"
    body = problem(bot.post("/v1/conversations", json={"conversation_id": "open-1"}), 409, "conflict")
    assert "open-1" in body["detail"]


def test_a_turn_is_answered_in_the_contract_shape(bot: httpx.Client) -> None:
    """A customer's question gets sentiment, course, handoff, suggestions, checklist and the decision head."""
    conversation = start(bot)
    reply = say(bot, conversation, "退款怎么还没到账？", turn_id="t1")
    assert reply["conversation_id"] == conversation
    assert reply["turn_id"] == "t1"
    assert set(reply["sentiment"]) == {"polarity", "score", "emotion", "intensity"}
    assert -1 <= reply["trajectory"]["value"] <= 1
    assert reply["handoff"]["state"] == "bot"
    assert reply["handoff"]["action"] in ("none", "offer")
    assert reply["suggestions"], reply
    assert reply["suggestions"][0]["release"] == reply["versions"]["release"]
    assert [one["stage"] for one in reply["checklist"]] == [
        "greeting", "comfort", "verify", "solve", "follow_up", "closing",
    ]  # fmt: skip
    assert reply["mode"] in ("full", "keyword_only", "rules_only")
    assert set(reply["versions"]) == {"release", "models", "policy"}
    assert reply["took_ms"] > 0


def test_the_same_turn_twice_is_one_turn(bot: httpx.Client) -> None:
    """The same turn_id gives the same bytes and one effect, also when both come at once."""
    conversation = start(bot)
    body = {"turn_id": "once", "role": "customer", "text": "我要退货"}
    with ThreadPoolExecutor(4) as pool:
        path = f"/v1/conversations/{conversation}/turns"
        answers = list(pool.map(lambda _: bot.post(path, json=body), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({json.dumps(answer.json(), sort_keys=True) for answer in answers}) == 1
    assert len(bot.get(f"/v1/conversations/{conversation}").json()["turns"]) == 1


def test_turns_at_once_are_all_kept(bot: httpx.Client) -> None:
    """Turns that arrive together are all kept, each with its own number."""
    conversation = start(bot)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: say(bot, conversation, f"第{n}句：退款到哪了"), range(16)))
    kept = bot.get(f"/v1/conversations/{conversation}").json()
    assert [turn["number"] for turn in kept["turns"]] == list(range(16))
    assert kept["turn_count"] == 16


def test_asking_for_a_person_hands_off(bot: httpx.Client, agent: httpx.Client) -> None:
    """A customer who asks for a person is offered one; the agent accepts, works, and closes."""
    conversation = start(bot)
    reply = say(bot, conversation, "别跟我说这些了，叫人工客服来！", turn_id="ask")
    assert reply["handoff"]["action"] in ("offer", "transfer")
    assert reply["handoff"]["reasons"][0]["code"] == "asked"
    assert reply["handoff"]["reasons"][0]["turn_id"] == "ask"
    assert reply["handoff"]["queue"]
    path = f"/v1/conversations/{conversation}/handoff"
    accepted = agent.post(path, json={"action": "accept"})
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["handoff"]["state"] in ("accepted", "human")
    told = problem(agent.post(path, json={"action": "request"}), 409, "conflict")
    assert accepted.json()["handoff"]["state"] in told["detail"]
    done = say(agent, conversation, "您好，我是客服，非常抱歉让您久等了", role="agent")
    assert {one["stage"] for one in done["checklist"] if one["done"]} >= {"greeting", "comfort"}
    assert done["suggestions"] == []
    assert agent.post(path, json={"action": "close"}).json()["state"] == "closed"
    problem(agent.post(path, json={"action": "accept"}), 409, "conflict")
    assert say(bot, conversation, "再问一下发票怎么开")["handoff"]["state"] == "bot", (
        "a customer who returns is served"
    )


def test_two_agents_cannot_both_accept(bot: httpx.Client, agent: httpx.Client) -> None:
    """Of agents who accept at once, one gets the conversation."""
    conversation = start(bot)
    say(bot, conversation, "转人工")
    path = f"/v1/conversations/{conversation}/handoff"
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: agent.post(path, json={"action": "accept"}).status_code, range(6)))
    assert sorted(answers) == [200, *[409] * 5]


def test_personal_data_is_masked_everywhere(site: Site, bot: httpx.Client, agent: httpx.Client) -> None:
    """What a customer says of themselves is in no answer, no stored turn and no event."""
    conversation = start(bot)
    say(bot, conversation, "我的手机号是13800138000，叫人工来")
    kept = agent.get(f"/v1/conversations/{conversation}")
    assert "[手机号]" in kept.json()["turns"][0]["text"]
    assert "13800138000" not in kept.text
    found = [
        path for path in site.folder.rglob("*") if path.is_file() and b"13800138000" in path.read_bytes()
    ]
    assert found == []


def test_feedback_on_a_turns_suggestions(bot: httpx.Client, agent: httpx.Client) -> None:
    """Suggestions told with a turn take feedback by their id, and what was sent is not offered again."""
    conversation = start(bot)
    reply = say(bot, conversation, "退款多久到账")
    first = reply["suggestions"][0]["entry_id"]
    path = f"/v1/suggest/{reply['suggestions_id']}/feedback"
    assert agent.post(path, json={"entry_id": first, "action": "sent"}).status_code == 201
    again = say(bot, conversation, "退款多久到账")
    assert first not in [one["entry_id"] for one in again["suggestions"]]


def test_unknown_conversation_is_not_found(bot: httpx.Client, agent: httpx.Client) -> None:
    """A turn, a step or a look at a conversation that is not there is 404."""
    problem(
        bot.post("/v1/conversations/nope/turns", json={"role": "customer", "text": "在吗"}), 404, "not_found"
    )
    problem(agent.post("/v1/conversations/nope/handoff", json={"action": "accept"}), 404, "not_found")
    problem(bot.get("/v1/conversations/nope"), 404, "not_found")


def test_another_tenant_sees_nothing(site: Site, bot: httpx.Client) -> None:
    """Another tenant's conversation reads like a missing one, and its id can be used anew."""
    conversation = start(bot, conversation_id="shared-name")
    other = site.client("bot", OTHER)
    problem(other.get(f"/v1/conversations/{conversation}"), 404, "not_found")
    assert start(other, conversation_id="shared-name") == conversation


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "customer"}, "text"),
        ({"role": "customer", "text": ""}, "text"),
        ({"role": "customer", "text": "长" * 20_001}, "text"),
        ({"role": "customer", "text": 5}, "text"),
        ({"role": "boss", "text": "在吗"}, "role"),
        ({"role": "customer", "text": "在吗", "at": "昨天"}, "at"),
    ],
)
def test_a_bad_turn_names_its_field(bot: httpx.Client, body: dict[str, Any], field: str) -> None:
    """A turn that cannot be taken says which field is wrong and what would do."""
    conversation = start(bot)
    told = problem(bot.post(f"/v1/conversations/{conversation}/turns", json=body), 422, "invalid")
    assert told["errors"][0]["field"] == field
    assert told["errors"][0]["accepted"]


def test_opening_is_idempotent_by_key(bot: httpx.Client) -> None:
    """The same Idempotency-Key opens one conversation."""
    headers = {"Idempotency-Key": "open-once"}
    first = bot.post("/v1/conversations", json={"channel": "app"}, headers=headers)
    again = bot.post("/v1/conversations", json={"channel": "app"}, headers=headers)
    assert first.json() == again.json()
    changed = bot.post("/v1/conversations", json={"channel": "web"}, headers=headers)
    problem(changed, 422, "idempotency_mismatch")


def test_work_does_not_grow_with_the_conversation(site: Site, bot: httpx.Client) -> None:
    """What is remembered of a conversation stays bounded however long it gets."""
    conversation = start(bot)
    sizes = []
    for number in range(60):
        say(bot, conversation, f"第{number}次问：退款到哪了，订单金额{number}元")
        if number in (29, 59):
            from api.store import conversations

            kept = site.service.store.read(lambda reader: conversations.get(reader, "shop", conversation))
            assert kept is not None
            sizes.append(len(json.dumps(kept.state, ensure_ascii=False)))
    assert sizes[1] < sizes[0] * 1.2
