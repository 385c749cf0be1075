"""R043, B11, B13 at the door: blanks are not sent, what is held back says why, feedback is learned from."""

from __future__ import annotations

import httpx

from tests.api.serving import Site, problem, say, start


def test_r043_a_blank_is_never_sent(bot: httpx.Client, agent: httpx.Client, editor: httpx.Client) -> None:
    """A script with an unfilled required slot is marked, not ready, and refused as sent and as a turn."""
    made = {"id": "script-blank", "kind": "script", "stage": "solve", "title": "彩灯保修登记话术",
            "text": "已为您登记彩灯保修，登记号{登记号}。", "slots": ["登记号"]}  # fmt: skip
    assert editor.post("/v1/kb/entries", json=made).status_code == 201
    reply = bot.post("/v1/suggest", json={"query": "彩灯保修登记话术"}).json()
    one = next(one for one in reply["suggestions"] if one["entry_id"] == "script-blank")
    assert one["ready"] is False
    assert "【请填写:登记号】" in one["text"]
    path = f"/v1/suggest/{reply['id']}/feedback"
    body = {"entry_id": "script-blank", "action": "sent"}
    problem(agent.post(path, json=body), 422, "invalid")
    problem(agent.post(path, json={**body, "final_text": one["text"]}), 422, "invalid")
    assert agent.post(path, json={**body, "final_text": "登记号 7。"}).status_code == 201
    conversation = start(bot, served_by="agent")
    turn = {"role": "agent", "text": one["text"]}
    problem(agent.post(f"/v1/conversations/{conversation}/turns", json=turn), 422, "invalid")
    filled = bot.post("/v1/suggest", json={"query": "彩灯保修登记话术", "variables": {"登记号": "A7"}}).json()
    assert next(x for x in filled["suggestions"] if x["entry_id"] == "script-blank")["ready"] is True
    editor.delete("/v1/kb/entries/script-blank")


def test_b11_held_back_says_why(bot: httpx.Client) -> None:
    """Every candidate that is not suggested is told with its reason, at most twenty."""
    reply = bot.post("/v1/suggest", json={"query": "退款多久到账", "limit": 1}).json()
    assert 0 < len(reply["held_back"]) <= 20
    assert {"limit"} <= {one["reason"] for one in reply["held_back"]}
    assert all(one["message"] for one in reply["held_back"])
    assert "pushed" not in reply
    far = bot.post("/v1/suggest", json={"query": "月球车租赁的价目表", "min_precision": 0.95}).json()
    assert far["abstained"]
    assert far["near_questions"]


def test_b13_feedback_is_learned_from(
    site: Site, bot: httpx.Client, agent: httpx.Client, supervisor: httpx.Client
) -> None:
    """What was sent before a question was asked again falls; the decision before it is replayed as it was."""
    conversation = start(bot, served_by="agent")
    reply = say(bot, conversation, "退款多久到账，我等了很久")
    first = reply["suggestions"][0]["entry_id"]
    path = f"/v1/suggest/{reply['suggestions_id']}/feedback"
    assert (
        agent.post(path, json={"entry_id": first, "action": "sent", "final_text": "请等待。"}).status_code
        == 201
    )
    say(bot, conversation, "退款多久到账，我等了很久！！")
    pushes = site.service.learned.refresh("shop")
    assert pushes[first] < 0
    told = bot.post("/v1/suggest", json={"query": "退款多久到账"}).json()
    shown = next(one for one in (*told["suggestions"],) if one["entry_id"] == first)
    assert {"name": "learned", "value": round(pushes[first], 4)} in shown["why"]["features"]
    for identity in (reply["suggestions_id"], told["id"]):
        assert supervisor.post(f"/v1/decisions/{identity}/replay").json()["result"] == "same"
