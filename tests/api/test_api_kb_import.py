"""Files come in again and again: updates, repairs that last, refusals (R036, R202, B04)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.serving import problem

BROKEN = "先核对订单。??刈伺c質檢後兩天內回覆;檢驗合格的當天退款。"
HEAD = "问题,答案\n"


def send(client: httpx.Client, name: str, text: str, **query: str) -> Any:
    """Import a file; the reply."""
    answer = client.post("/v1/kb/import", files={"file": (name, text.encode(), "text/plain")}, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def counts(reply: Any) -> tuple[int, ...]:
    """(new, changed, unchanged, vanished)."""
    return tuple(reply["changes"][name] for name in ("new", "changed", "unchanged", "vanished"))


def waiting(client: httpx.Client, file: str) -> list[Any]:
    answer = client.get("/v1/kb/repairs", params={"file": file})
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["repairs"]
    return found


def text_of(client: httpx.Client, identity: str) -> str:
    return str(client.get(f"/v1/kb/entries/{identity}").json()["text"])


def test_the_same_file_again_changes_nothing(editor: httpx.Client) -> None:
    """A second import of the same file writes no release."""
    table = HEAD + "更新题一怎么办,答案一。\n更新题二怎么办,答案二。\n"
    assert counts(send(editor, "again.csv", table)) == (2, 0, 0, 0)
    reply = send(editor, "again.csv", table)
    assert (reply["state"], reply["release"], reply["ids"]) == ("unchanged", None, [])
    assert counts(reply) == (0, 0, 2, 0)


def test_a_new_version_updates_and_lists_what_vanished(editor: httpx.Client) -> None:
    """A changed answer and a changed title keep their ids; what is gone stays until it is withdrawn."""
    first = send(editor, "next.csv", HEAD + "换版甲,旧答案。\n换版乙,乙的答案。\n换版丙,丙的答案。\n")
    version = HEAD + "换版甲,新答案。\n换版乙（新）,乙的答案。\n换版丁,丁的答案。\n"
    reply = send(editor, "next.csv", version)
    assert counts(reply) == (1, 2, 0, 1)
    assert reply["changes"]["changed_entries"] == first["ids"][:2]
    assert text_of(editor, first["ids"][0]) == "新答案。"
    assert reply["changes"]["vanished_entries"] == [{"id": first["ids"][2], "title": "换版丙"}]
    assert text_of(editor, first["ids"][2]) == "丙的答案。"
    reply = send(editor, "next.csv", version, vanished="withdraw")
    assert reply["changes"]["withdrawn"] == 1
    assert editor.get(f"/v1/kb/entries/{first['ids'][2]}").status_code == 404
    assert counts(send(editor, "next.csv", version)) == (0, 0, 3, 0)


def test_an_edit_by_hand_lasts_until_the_source_changes(editor: httpx.Client) -> None:
    """The old file does not undo an edit; a new text of the file does, and says so."""
    (identity,) = send(editor, "hand.csv", HEAD + "手改题,原来的答案。\n")["ids"]
    entry = editor.get(f"/v1/kb/entries/{identity}").json()
    kept = {name: value for name, value in entry.items() if name not in ("release", "frozen")}
    editor.put(f"/v1/kb/entries/{identity}", json={**kept, "text": "人工改过的答案。"}).raise_for_status()
    assert counts(send(editor, "hand.csv", HEAD + "手改题,原来的答案。\n")) == (0, 0, 1, 0)
    assert text_of(editor, identity) == "人工改过的答案。"
    reply = send(editor, "hand.csv", HEAD + "手改题,来源的新答案。\n")
    assert reply["changes"]["overwritten_entries"] == [identity]
    assert text_of(editor, identity) == "来源的新答案。"


def test_a_body_without_a_name_is_no_version(editor: httpx.Client) -> None:
    """What comes unnamed lets nothing vanish, and cannot withdraw."""
    line = {"kind": "faq", "title": "无名题", "text": "无名的答案。"}
    headers = {"Content-Type": "application/x-ndjson"}
    content = json.dumps(line, ensure_ascii=False).encode()
    reply = editor.post("/v1/kb/import", content=content, headers=headers).json()
    assert counts(reply) == (1, 0, 0, 0)
    asked = {"vanished": "withdraw"}
    problem(editor.post("/v1/kb/import", content=content, headers=headers, params=asked), 422, "invalid")
    reply = editor.post("/v1/kb/import", content=content, headers=headers, params={"name": "名.jsonl"}).json()
    assert counts(reply) == (0, 0, 1, 0)


def test_damage_waits_for_repair_and_the_repair_lasts(editor: httpx.Client, bot: httpx.Client) -> None:
    """A damaged span is a case with its place and entry; the mended text is published and a re-import keeps it."""
    table = f"{HEAD}受损题怎么处理,{BROKEN}\n"
    reply = send(editor, "broken.csv", table)
    assert reply["repairs"] == {"opened": 1, "closed": 0, "waiting": 1, "left_out": 0}
    (found,) = waiting(editor, "broken.csv")
    assert (found["code"], found["place"], found["at"], found["field"]) == ("damaged", "row", 2, "text")
    assert found["excerpt"].startswith("??")
    identity = found["entry_id"]
    shown = editor.get(f"/v1/kb/repairs/{found['id']}").json()
    assert shown["entry"]["id"] == identity
    assert "刈伺" not in shown["entry"]["text"]

    path, mended = f"/v1/kb/repairs/{found['id']}", "先核对订单。转质检后两天内回复;检验合格的当天退款。"
    told = problem(editor.post(path, json={"text": BROKEN}), 422, "invalid")
    assert told["errors"][0]["field"] == "text"
    done = editor.post(path, json={"text": mended, "revision": found["revision"]})
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["entry_id"]) == ("published", identity)
    assert done.json()["repair"]["state"] == "fixed"
    assert text_of(editor, identity) == mended
    problem(editor.post(path, json={"text": mended}), 409, "conflict")

    reply = send(editor, "broken.csv", table)
    assert reply["repairs"]["opened"] == 0
    assert text_of(editor, identity) == mended
    assert waiting(editor, "broken.csv") == []
    problem(bot.get("/v1/kb/repairs"), 403, "forbidden")


def test_a_source_that_was_mended_closes_its_repairs(editor: httpx.Client) -> None:
    """The next version without the damage closes the case by itself."""
    send(editor, "mended.csv", f"{HEAD}受损题二,{BROKEN}\n")
    reply = send(editor, "mended.csv", HEAD + "受损题二,先核对订单。检验合格的当天退款。\n")
    assert (reply["repairs"]["closed"], reply["repairs"]["waiting"]) == (1, 0)
    closed = editor.get("/v1/kb/repairs", params={"file": "mended.csv", "state": "ignored"}).json()["repairs"]
    assert len(closed) == 1


def test_a_refused_row_becomes_an_entry_by_repair(editor: httpx.Client) -> None:
    """A row without an answer is mended into an entry, which the file's next version updates and never loses."""
    table = HEAD + "没有答案的题,\n有答案的题,有。\n"
    send(editor, "rows.csv", table)
    (found,) = waiting(editor, "rows.csv")
    assert (found["code"], found["entry_id"], found["value"]["title"]) == ("invalid", None, "没有答案的题")
    done = editor.post(f"/v1/kb/repairs/{found['id']}", json={"text": "补上的答案，电话13812345678。"}).json()
    assert text_of(editor, done["entry_id"]) == "补上的答案，电话[手机号]。"
    assert counts(send(editor, "rows.csv", table, vanished="withdraw")) == (0, 0, 1, 0)
    reply = send(editor, "rows.csv", HEAD + "没有答案的题,来源补上了。\n有答案的题,有。\n")
    assert counts(reply) == (0, 1, 1, 0)
    assert text_of(editor, done["entry_id"]) == "来源补上了。"


def test_a_dismissed_repair_stays_closed(editor: httpx.Client) -> None:
    """What was dismissed with a reason is not asked again; it needs a reason."""
    table = f"{HEAD}受损题三,{BROKEN}\n"
    send(editor, "dismiss.csv", table)
    (found,) = waiting(editor, "dismiss.csv")
    path = f"/v1/kb/repairs/{found['id']}/dismiss"
    problem(editor.post(path, json={}), 422, "invalid")
    assert editor.post(path, json={"reason": "原文如此"}).json()["state"] == "ignored"
    assert send(editor, "dismiss.csv", table)["repairs"]["opened"] == 0
    problem(editor.post("/v1/kb/repairs/rp_none", json={"text": "x"}), 404, "not_found")


def test_a_file_that_cannot_be_read_names_the_field(editor: httpx.Client) -> None:
    """A refusal is 422 with the field `file`, what is wrong and what is accepted."""
    answer = editor.post("/v1/kb/import", files={"file": ("a.pdf", b"text", "application/pdf")})
    (told,) = problem(answer, 422, "invalid")["errors"]
    assert told["field"] == "file"
    assert "pdf" in told["accepted"]


@pytest.mark.parametrize("declared", [True, False])
def test_two_hundred_megabytes_are_refused_unread(editor: httpx.Client, declared: bool) -> None:
    """A body over the limit is 413: at once where its length is declared, else at the byte that is too many."""
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(200):
            sent += 1 << 20
            yield b"x" * (1 << 20)

    headers = {"Content-Type": "text/csv"} | ({"Content-Length": str(200 << 20)} if declared else {})
    try:
        answer = editor.post("/v1/kb/import", content=body(), headers=headers)
    except httpx.TransportError:
        assert sent < 200 << 20  # the connection was closed on a sender that did not stop
    else:
        problem(answer, 413, "too_large")
