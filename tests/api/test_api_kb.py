"""The knowledge base's door: write, search at once, delete on every path, releases."""

from __future__ import annotations

import time
from typing import Any

import httpx

from tests.api.serving import Site, problem


def entry(identity: str, title: str = "保温杯能装茶吗", **more: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "kind": "faq",
        "title": title,
        "text": "保温杯可以装茶，建议 2 小时内饮用。",
        **more,
    }


def search(client: httpx.Client, query: str, **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/kb/search", json={"query": query, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(reply: dict[str, Any]) -> list[str]:
    return [hit["entry_id"] for hit in reply["hits"]]


def test_a_hit_says_why(bot: httpx.Client) -> None:
    """A search finds the entry and says what matched, how sure it is, and in which release."""
    reply = search(bot, "退款什么时候到账")
    hit = reply["hits"][0]
    assert hit["entry_id"] == "faq-refund"
    assert hit["release"] == reply["versions"]["release"]
    assert 0 <= hit["confidence"] <= 1
    assert set(hit["why"]) >= {"matched", "dense", "keyword", "sound", "features"}
    assert reply["abstained"] is False


def test_a_write_is_searchable_when_it_is_answered(editor: httpx.Client, bot: httpx.Client) -> None:
    """Created, changed and deleted entries show in the next search; a delete leaves a tombstone."""
    made = editor.post("/v1/kb/entries", json=entry("cup-1"))
    assert made.status_code == 201, made.text
    assert made.json()["state"] == "published"
    assert ids(search(bot, "保温杯能装茶吗"))[0] == "cup-1"
    changed = editor.put("/v1/kb/entries/cup-1", json=entry("cup-1", text="保温杯不建议长时间装茶。"))
    assert changed.status_code == 200, changed.text
    assert search(bot, "保温杯能装茶吗")["hits"][0]["text"].startswith("保温杯不建议")
    gone = editor.delete("/v1/kb/entries/cup-1").json()
    assert gone["deleted"] is True
    for query in ("保温杯能装茶吗", "cup-1", "保温杯"):
        assert "cup-1" not in ids(search(bot, query, limit=50))
    told = problem(bot.get("/v1/kb/entries/cup-1"), 404, "not_found")
    assert "删除" in told["detail"]
    again = editor.delete("/v1/kb/entries/cup-1")
    problem(again, 404, "not_found")
    assert gone["tombstone"]["at"] in again.json()["detail"]
    problem(editor.delete("/v1/kb/entries/never-was"), 404, "not_found")


def test_as_of_answers_with_the_past(editor: httpx.Client, bot: httpx.Client) -> None:
    """A search as of an earlier moment sees the release of that moment."""
    editor.post("/v1/kb/entries", json=entry("past-1", "遮阳帽能机洗吗", text="遮阳帽可以机洗。"))
    time.sleep(0.05)
    before = time.time()
    time.sleep(0.05)
    editor.put("/v1/kb/entries/past-1", json=entry("past-1", "遮阳帽能机洗吗", text="遮阳帽只能手洗。"))
    then = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(before)) + f".{int(before % 1 * 1000):03d}+00:00"
    assert search(bot, "遮阳帽能机洗吗", as_of=then)["hits"][0]["text"] == "遮阳帽可以机洗。"
    assert search(bot, "遮阳帽能机洗吗")["hits"][0]["text"] == "遮阳帽只能手洗。"


def test_no_answer_abstains(bot: httpx.Client) -> None:
    """Below the asked precision the search stays silent and offers near questions."""
    reply = search(bot, "火星上的天气怎么样", min_precision=0.95)
    assert reply["hits"] == []
    assert reply["abstained"] is True
    assert isinstance(reply["near_questions"], list)


def test_an_existing_id_conflicts_and_a_stale_change_too(editor: httpx.Client, bot: httpx.Client) -> None:
    """An id cannot be created twice; a change over somebody else's is refused by its ETag."""
    editor.post("/v1/kb/entries", json=entry("etag-1"))
    problem(editor.post("/v1/kb/entries", json=entry("etag-1")), 409, "conflict")
    etag = bot.get("/v1/kb/entries/etag-1").headers["etag"]
    first = editor.put(
        "/v1/kb/entries/etag-1", json=entry("etag-1", text="改一次"), headers={"If-Match": etag}
    )
    assert first.status_code == 200
    stale = editor.put(
        "/v1/kb/entries/etag-1", json=entry("etag-1", text="改两次"), headers={"If-Match": etag}
    )
    problem(stale, 409, "conflict")


def test_import_reports_what_it_did(editor: httpx.Client, bot: httpx.Client) -> None:
    """An imported table is searchable, and the report counts kept and refused rows."""
    table = "问题,答案,类型\n雨伞坏了能换吗,雨伞签收 15 天内可以换。,faq\n,没有问题的一行,faq\n"
    answer = editor.post("/v1/kb/import", files={"file": ("表.csv", table.encode(), "text/csv")})
    assert answer.status_code == 200, answer.text
    assert answer.json()["imported"] == 1
    assert answer.json()["report"]
    assert search(bot, "雨伞坏了能换吗")["hits"][0]["title"] == "雨伞坏了能换吗"
    problem(
        editor.post("/v1/kb/import", content=b"x", headers={"Content-Type": "image/png"}),
        415,
        "unsupported_media_type",
    )


def test_releases_and_their_difference(editor: httpx.Client) -> None:
    """Each direct write is a release; the difference says what changed in it."""
    editor.post("/v1/kb/entries", json=entry("diff-1"))
    newest = editor.get("/v1/kb/releases").json()["releases"][0]["name"]
    told = editor.get(f"/v1/kb/releases/{newest}/diff").json()
    assert told["release"] == newest
    assert "diff-1" in str(told)


def test_a_bad_entry_names_its_field(editor: httpx.Client) -> None:
    """An entry that cannot be kept says which field is wrong."""
    for wrong, field in (
        ({"kind": "song"}, "kind"),
        ({"title": ""}, "title"),
        ({"text": 5}, "text"),
        ({"slots": 3}, "slots"),
    ):
        told = problem(editor.post("/v1/kb/entries", json={**entry("bad-1"), **wrong}), 422, "invalid")
        assert told["errors"][0]["field"] == field
        assert told["errors"][0]["accepted"]


def test_writes_survive_a_second_opening(site: Site, editor: httpx.Client) -> None:
    """What was acknowledged is in the database for whoever opens it next."""
    from api.store import Store, entries

    editor.post("/v1/kb/entries", json=entry("durable-1"))
    again = Store(f"sqlite:///{site.folder / 'zuoxi.db'}")
    found = again.read(lambda reader: entries.get(reader, "shop", "durable-1"))
    again.close()
    assert found is not None
