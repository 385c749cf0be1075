"""B07: the door of a site's synonyms: a list is a release, search follows at once, an old list stays with its release."""

from __future__ import annotations

from typing import Any

import httpx

from tests.api.serving import Site, problem


def _sure(reply: dict[str, Any]) -> float:
    """Confidence of the entry about invoices, 0 where it is not among the hits."""
    return next((float(hit["confidence"]) for hit in reply["hits"] if hit["entry_id"] == "faq-invoice"), 0.0)


def test_b07_a_list_is_a_release(
    site: Site, editor: httpx.Client, bot: httpx.Client, supervisor: httpx.Client
) -> None:
    """After a new list its words find the entry; the decision before it is replayed with the list of then."""
    before = bot.post("/v1/kb/search", json={"query": "咕噜咕噜"}).json()
    lines = [["开发票", "咕噜咕噜"], "要票票=>发票"]
    made = editor.put("/v1/kb/synonyms", json={"synonyms": lines})
    assert made.status_code == 200, made.text
    assert made.json()["release"] != before["versions"]["release"]
    told = editor.get("/v1/kb/synonyms").json()
    assert told["synonyms"] == lines
    assert told["release"] == made.json()["release"]
    assert told["shipped"]
    after = bot.post("/v1/kb/search", json={"query": "咕噜咕噜"}).json()
    assert _sure(after) > _sure(before)
    for identity in (before["id"], after["id"]):
        assert supervisor.post(f"/v1/decisions/{identity}/replay").json()["result"] == "same"
    editor.put("/v1/kb/synonyms", json={"synonyms": []})
    assert supervisor.post(f"/v1/decisions/{after['id']}/replay").json()["result"] == "same"


def test_b07_who_may_and_what_is_refused(editor: httpx.Client, agent: httpx.Client) -> None:
    """Editors alone write the list; a line that is wrong is named."""
    problem(agent.put("/v1/kb/synonyms", json={"synonyms": []}), 403, "forbidden")
    told = problem(editor.put("/v1/kb/synonyms", json={"synonyms": [["退货"]]}), 422, "invalid")
    assert told["errors"][0]["field"] == "synonyms[0]"
