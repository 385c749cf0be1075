"""The suggestion door: scripts for a dialogue, feedback, and the check of a draft."""

from __future__ import annotations

from typing import Any

import httpx

from tests.api.serving import problem, say, start


def issues(client: httpx.Client, text: str, **more: Any) -> dict[str, dict[str, Any]]:
    answer = client.post("/v1/drafts/check", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    return {issue["code"]: issue for issue in answer.json()["issues"]}


def test_a_question_gets_scripts(bot: httpx.Client) -> None:
    """Suggestions carry entry, release, confidence, source and reasons."""
    reply = bot.post("/v1/suggest", json={"query": "退款多久到账"}).json()
    assert reply["abstained"] is False
    first = reply["suggestions"][0]
    assert first["entry_id"] == "faq-refund"
    assert set(first) >= {"release", "kind", "stage", "title", "text", "slots", "confidence", "source", "why"}
    confidences = [one["confidence"] for one in reply["suggestions"]]
    assert confidences == sorted(confidences, reverse=True)


def test_a_conversation_is_enough(bot: httpx.Client) -> None:
    """With the id of a live conversation its turns need not be sent."""
    conversation = start(bot)
    say(bot, conversation, "空调安装要收钱吗")
    reply = bot.post("/v1/suggest", json={"conversation_id": conversation}).json()
    assert "faq-install" in [one["entry_id"] for one in reply["suggestions"]]
    problem(bot.post("/v1/suggest", json={"conversation_id": "nowhere"}), 404, "not_found")
    problem(bot.post("/v1/suggest", json={}), 422, "invalid")


def test_too_many_turns_are_refused(bot: httpx.Client) -> None:
    """More turns than the site allows are too large."""
    turns = [{"role": "customer", "text": "在吗"}] * 201
    problem(bot.post("/v1/suggest", json={"turns": turns}), 413, "too_large")


def test_feedback_knows_its_suggestion(bot: httpx.Client, agent: httpx.Client) -> None:
    """Feedback counts on what was suggested, and on nothing else."""
    reply = bot.post("/v1/suggest", json={"query": "怎么开发票"}).json()
    path = f"/v1/suggest/{reply['id']}/feedback"
    made = agent.post(path, json={"entry_id": reply["suggestions"][0]["entry_id"], "action": "helpful"})
    assert made.status_code == 201, made.text
    problem(agent.post(path, json={"entry_id": "faq-elsewhere", "action": "helpful"}), 422, "invalid")
    problem(agent.post(path, json={"entry_id": "x", "action": "liked"}), 422, "invalid")
    problem(
        agent.post("/v1/suggest/sg_none/feedback", json={"entry_id": "x", "action": "sent"}), 404, "not_found"
    )


def test_a_draft_is_held_to_the_rules(agent: httpx.Client) -> None:
    """A stock refusal and an empty promise are found with their exact spans."""
    text = "这个不归我管，我们会尽快处理的。"
    found = issues(agent, text)
    assert {"forbidden_word", "promise_without_time"} <= set(found)
    for issue in found.values():
        assert text[issue["start"] : issue["end"]] == issue["text"]
        assert issue["severity"] in ("high", "medium", "low")


def test_a_draft_is_held_to_the_handbook(agent: httpx.Client) -> None:
    """Another number than the entry's is found with the entry and what it says; the right one is not (B10)."""
    wrong = issues(agent, "您好，确认收货后 72 小时内开出电子普通发票。")["wrong_fact_risk"]
    assert wrong["entry_id"] == "faq-invoice"
    assert wrong["expected"] == "24 小时"
    assert wrong["text"] == "72 小时"
    assert "wrong_fact_risk" not in issues(agent, "您好，确认收货后 24 小时内开出电子普通发票。")
    assert "wrong_fact_risk" not in issues(agent, "您好，确认收货后 1 天内开出电子普通发票。")


def test_a_draft_is_held_to_the_conversation(bot: httpx.Client, agent: httpx.Client) -> None:
    """Personal data is found, and so is the agent's own sentence said again."""
    told = issues(agent, "您的电话13800138000我记下了")["privacy_leak"]
    assert (told["text"], told["type"]) == ("[手机号]", "mobile")
    conversation = start(bot, served_by="agent")
    say(bot, conversation, "退款怎么还没到")
    say(agent, conversation, "请您耐心等待，退款会原路返回到您的账户", role="agent")
    say(bot, conversation, "到底什么时候到")
    again = issues(agent, "请您耐心等待，退款会原路返回到您的账户", conversation_id=conversation)
    assert "template_repeat" in again
    assert issues(agent, "您好，很高兴为您服务", conversation_id=start(bot)) == {}
    problem(
        agent.post("/v1/drafts/check", json={"text": "您好", "conversation_id": "none"}), 404, "not_found"
    )
    problem(agent.post("/v1/drafts/check", json={"text": ""}), 422, "invalid")
