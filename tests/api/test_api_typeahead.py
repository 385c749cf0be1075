"""R041: the door of the search box."""

from __future__ import annotations

import httpx

from tests.api.serving import problem


def test_r041_the_box_answers_while_one_types(
    agent: httpx.Client, supervisor: httpx.Client, editor: httpx.Client, bot: httpx.Client
) -> None:
    """Pinyin, traditional and a wrong character find the entry; an edit shows at once; bots have no box."""
    for typed in ("tuihuo", "退貨", "退货款式 错字", "推货"):
        items = agent.get("/v1/kb/typeahead", params={"q": typed}).json()["items"]
        assert "faq-return" in [item["entry_id"] for item in items[:3]], typed
    item = supervisor.get("/v1/kb/typeahead", params={"q": "kaifapiao", "limit": 1}).json()["items"][0]
    assert item["text"][item["start"] : item["end"]] == "开发票"
    made = {"id": "faq-ahead", "kind": "faq", "title": "玻璃胶怎么涂", "text": "沿着边涂。"}
    assert editor.post("/v1/kb/entries", json=made).status_code == 201
    assert editor.get("/v1/kb/typeahead", params={"q": "blj"}).json()["items"][0]["entry_id"] == "faq-ahead"
    editor.delete("/v1/kb/entries/faq-ahead")
    assert editor.get("/v1/kb/typeahead", params={"q": "玻璃胶"}).json()["items"] == []
    problem(bot.get("/v1/kb/typeahead", params={"q": "退"}), 403, "forbidden")
    problem(agent.get("/v1/kb/typeahead", params={"q": "退" * 201}), 422, "invalid")


def test_r041_the_box_stands_on_the_pages(nobody: httpx.Client) -> None:
    """Desk and board have the box and its script."""
    for page, view in (("desk", "desk"), ("supervisor", "board")):
        assert 'id="find"' in nobody.get(f"/{page}").text
        assert "finder.js" in nobody.get(f"/web/{view}.js").text
    assert "typeahead" in nobody.get("/web/finder.js").text
