"""The door of the lint, and the publish that it keeps back."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import load_settings
from tests.api.serving import SHOP, make_keys, problem, say, start

Reviewed = tuple[TestClient, dict[str, dict[str, str]]]


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    """A site where a draft is published on purpose, and the headers of two of its keys."""
    app = create_app(load_settings(data=tmp_path_factory.mktemp("reviewed"), publishing="reviewed"))
    with TestClient(app) as client:
        secrets = app.state.service.store.write(make_keys)
        yield (
            client,
            {scope: {"Authorization": f"Bearer {secrets[SHOP, scope]}"} for scope in ("editor", "admin")},
        )


def test_the_door_tells_issues_and_counts(editor: httpx.Client, agent: httpx.Client) -> None:
    """Issues with places in both entries, and how many of each severity; editors only."""
    reply = editor.get("/v1/kb/lint").json()
    assert set(reply) == {"release", "entries", "issues", "counts"}
    errors = [one for one in reply["issues"] if one["severity"] == "error"]
    assert reply["counts"]["error"] == len(errors)  # other tests write into this handbook too
    problem(agent.get("/v1/kb/lint"), 403, "forbidden")


def test_errors_keep_a_draft_back(reviewed: Reviewed) -> None:
    """A draft that contradicts itself is refused with the issues; an admin may force it, with a reason."""
    client, keys = reviewed
    for number, (name, days) in enumerate((("无理由退货几天", 7), ("无理由退货的期限", 15))):
        entry = {
            "id": f"e{number}",
            "kind": "faq",
            "title": name,
            "text": f"签收 {days} 天内可以无理由退货。",
        }
        assert client.post("/v1/kb/entries", json=entry, headers=keys["editor"]).status_code == 201
    told = client.get("/v1/kb/lint?release=draft", headers=keys["editor"]).json()
    assert told["counts"]["error"] == 1
    spots = told["issues"][0]["entries"]
    assert {spot["text"] for spot in spots} == {"7 天", "15 天"}
    refused = problem(client.post("/v1/kb/releases", json={}, headers=keys["editor"]), 409, "conflict")
    assert [one["code"] for one in refused["issues"]] == ["conflict"]
    forced = {"force": True, "note": "法务已确认"}
    problem(client.post("/v1/kb/releases", json=forced, headers=keys["editor"]), 403, "forbidden")
    problem(client.post("/v1/kb/releases", json={"force": True}, headers=keys["admin"]), 422, "invalid")
    assert client.post("/v1/kb/releases", json=forced, headers=keys["admin"]).status_code == 201
    sound = {"id": "e1", "kind": "faq", "title": "无理由退货的期限", "text": "签收 7 天内可以无理由退货。"}
    assert client.put("/v1/kb/entries/e1", json=sound, headers=keys["editor"]).status_code == 200
    assert client.post("/v1/kb/releases", json={}, headers=keys["editor"]).status_code == 201


def test_the_third_time_is_told(bot: httpx.Client, agent: httpx.Client) -> None:
    """A sentence said twice, nearly word for word, is told before it is said again (B14)."""
    conversation = start(bot, served_by="agent")
    for number in (1, 2):
        say(bot, conversation, f"还要多久，第 {number} 次问了")
        text = f"这边已经为您加急处理了，请您再耐心等等{'哦' * (number - 1)}。"
        say(agent, conversation, text, role="agent")
    draft = {"text": "这边已经为您加急处理了，请您再耐心等等呢。", "conversation_id": conversation}
    found = agent.post("/v1/drafts/check", json=draft).json()["issues"]
    assert "template_repeat" in [one["code"] for one in found]
