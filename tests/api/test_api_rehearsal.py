"""Forms before they are put: red examples, a live test rule by rule, and a backtest that equals the real thing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.store import Writer, keys
from tests.api.serving import Site, problem
from tests.api.test_api_quality import score

TENANT = "rehearsal"
TOML = {"Content-Type": "application/toml"}
OLD = """
code = "house"
name = "本店质检表"
version = "1"
[[grade]]
code = "A"
name = "合格"
least = 60
[[grade]]
code = "D"
name = "不合格"
least = 0
[[dimension]]
code = "wording"
name = "话术"
weight = 1
[let]
angry = { words = ["气死", "投诉"], role = "customer" }
[[item]]
code = "greeting"
name = "开场白"
dimension = "wording"
points = 1
check = { kind = "rule", require = { words = ["您好"], range = { first = 1 } } }
must_hit = ["说"]
must_miss = ["您好，请讲"]
[[item]]
code = "leak"
name = "泄露"
dimension = "wording"
points = 1
untested = true
check = { kind = "leaks", types = ["mobile"] }
"""
NEW = (
    OLD.replace('version = "1"', 'version = "2"')
    + """
[[item]]
code = "comfort"
name = "安抚"
dimension = "wording"
points = 2
check = { kind = "rule", require = { words = ["抱歉"], anchor = { after = "angry", turns = 1 } } }
must_hit = ["客户：气死我了|客服：订单号"]
must_miss = ["客户：气死我了|客服：非常抱歉", "客户：在吗|客服：在的"]
"""
)
LINES: dict[str, list[str]] = {
    "bt-1": ["客：在吗", "服：您好"],
    "bt-2": ["客：气死我了", "服：您好，订单号"],
    "bt-3": ["客：我要投诉", "服：您好，非常抱歉"],
    "bt-4": ["客：我要投诉", "服：说", "服：收货人电话是13987654321"],
}


@pytest.fixture(scope="module")
def judge(site: Site) -> Iterator[httpx.Client]:
    """A quality key of a tenant of its own."""

    def make(writer: Writer) -> str:
        keys.ensure_tenant(writer, TENANT, TENANT)
        return keys.create(writer, TENANT, "quality", {"id": "Q7"})

    secret = site.service.store.write(make)
    with httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as client:
        yield client


def talk(name: str) -> dict[str, Any]:
    turns = [{"role": "customer" if line[0] == "客" else "agent", "text": line[2:]} for line in LINES[name]]
    return {
        "id": name,
        "turns": turns,
        "agent": {"id": f"A-{name}"},
        "started_at": "2026-11-20T10:00:00+08:00",
    }


def put(client: httpx.Client, text: str) -> httpx.Response:
    return client.put("/v1/quality/forms/house", content=text.encode(), headers=TOML)


def test_a_backtest_equals_the_real_thing(judge: httpx.Client) -> None:
    """B15: what a draft would have given is, number for number, what it gives once it is put and they are scored."""
    assert put(judge, OLD).status_code == 200
    before = {name: score(judge, transcript=talk(name), form="house") for name in LINES}
    asked = {"toml": NEW, "since": "2026-11-01T00:00:00+08:00", "until": "2026-12-01T00:00:00+08:00"}
    answer = judge.post("/v1/quality/forms/house/backtest", json=asked)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert judge.get("/v1/quality/forms/house").json()["version"] == "1"
    assert (
        put(judge, NEW.replace('version = "2"', 'version = "2"\neffective_from = "2026-11-10"')).status_code
        == 200
    )
    after = {name: score(judge, transcript=talk(name), form="house") for name in LINES}

    assert told["compared"] == 4
    assert told["forms"] == {"old": ["house 1"], "new": ["house 2"]}
    results = {
        state: {name: {item["code"]: item for item in one["items"]} for name, one in scored.items()}
        for state, scored in (("from", before), ("to", after))
    }
    changed = {one["transcript_id"]: one for one in told["results"]}
    for name in LINES:
        moved = before[name]["score"] != after[name]["score"] or name in changed
        assert moved is (name in changed)
        one = changed[name]
        assert (one["agent"], one["result_id"]) == (f"A-{name}", before[name]["id"])
        assert one["from"] == {"score": before[name]["score"], "grade": before[name]["grade"]}
        assert one["to"] == {"score": after[name]["score"], "grade": after[name]["grade"]}
        for item in one["items"]:
            was = results["from"][name].get(item["code"])
            now = results["to"][name][item["code"]]
            assert (item["from"], item["to"]) == (was["result"] if was else "none", now["result"])
            assert (item["reason"], item["evidence"]) == (now["reason"], now["evidence"])
    counts = {item["code"]: item for item in told["items"]}
    for code in ("greeting", "leak", "comfort"):
        for when, state in (("before", "from"), ("after", "to")):
            said = [items[code]["result"] for items in results[state].values() if code in items]
            assert counts[code][when] == {name: said.count(name) for name in ("pass", "fail", "na")}
    assert counts["comfort"]["after"] == {"pass": 1, "fail": 2, "na": 1}
    assert counts["leak"]["after"] == {"pass": 3, "fail": 1, "na": 0}
    mean = sum(one["score"] for one in after.values()) / 4
    assert abs(told["mean"]["to"] - mean) < 0.01


def test_a_backtest_takes_a_span_or_named_dialogues(judge: httpx.Client) -> None:
    """B15: only dialogues of the span, or those that are named; none kept is told."""
    named = judge.post("/v1/quality/forms/house/backtest", json={"transcripts": ["bt-2"]}).json()
    assert named["compared"] == 1
    path = "/v1/quality/forms/fresh/backtest"
    fresh = NEW.replace('code = "house"', 'code = "fresh"')
    span = {"since": "2026-11-01T00:00:00+08:00", "until": "2026-12-01T00:00:00+08:00"}
    told = judge.post(path, json={"toml": fresh, **span, "limit": 2}).json()
    assert (told["compared"], told["without_old"], told["forms"]["old"]) == (0, 2, [])
    assert (told["mean"]["from"], [one["from"] for one in told["results"]]) == (None, [None, None])
    assert "没有这张质检表" in told["why"]
    early = {"since": "2020-01-01T00:00:00+08:00", "until": "2020-02-01T00:00:00+08:00"}
    problem(judge.post(path, json={"toml": fresh, **early}), 404, "not_found")
    turned = {"since": span["until"], "until": span["since"]}
    problem(judge.post(path, json={"toml": fresh, **turned}), 422, "invalid")
    problem(judge.post(path, json={"toml": OLD}), 422, "invalid")
    problem(judge.post(path, json={}), 422, "invalid")


def test_a_red_form_cannot_be_put(judge: httpx.Client) -> None:
    """B22: every example that comes out wrong is told with its item, and nothing is written."""
    red = NEW.replace('version = "2"', 'version = "3"').replace(
        'must_hit = ["说"]', 'must_hit = ["说", "您好呀"]'
    )
    red = red.replace('"客户：在吗|客服：在的"]', '"客户：投诉|客服：在的"]')
    told = problem(put(judge, red), 422, "invalid")
    assert [error["field"] for error in told["errors"]] == [
        "item[greeting].must_hit",
        "item[comfort].must_miss",
    ]
    assert "您好呀" in told["errors"][0]["message"]
    assert "客户：投诉|客服：在的" in told["errors"][1]["message"]
    checked = judge.post("/v1/quality/forms/house/validate", content=red.encode(), headers=TOML).json()
    assert (checked["valid"], checked["errors"]) == (False, told["errors"])
    assert checked["form"]["version"] == "3"
    versions = [
        one["version"] for one in judge.get("/v1/quality/forms").json()["forms"] if one["code"] == "house"
    ]
    assert "3" not in versions


def test_a_rule_about_words_needs_its_examples(judge: httpx.Client) -> None:
    """B22: without sentences to hit and to miss a rule about words is refused, unless the form says so outright."""
    bare = NEW.replace('version = "2"', 'version = "4"').replace('must_hit = ["说"]\n', "")
    told = problem(put(judge, bare), 422, "invalid")
    assert [error["field"] for error in told["errors"]] == ["item[greeting].must_hit"]
    assert "untested" in told["errors"][0]["message"]
    timing = bare.replace(
        'require = { words = ["您好"], range = { first = 1 } }', 'forbid = { measure = "wait", over = 60 }'
    )
    timing = timing.replace('must_miss = ["您好，请讲"]\n', "")
    assert put(judge, timing).status_code == 200


def test_a_timed_example_counts_its_seconds(judge: httpx.Client) -> None:
    """B22: an example may say at which second each turn was said."""
    timed = NEW.replace('version = "2"', 'version = "5"').replace(
        'require = { words = ["您好"], range = { first = 1 } }', 'forbid = { measure = "wait", over = 60 }'
    )
    timed = timed.replace('["说"]', '["客户@0：在吗|客服@61：在"]').replace(
        '["您好，请讲"]', '["客户@0：在吗|客服@60：在"]'
    )
    assert put(judge, timed).status_code == 200, put(judge, timed).text


def test_a_live_test_tells_rule_by_rule(judge: httpx.Client) -> None:
    """R104: each node of a rule is told with its state and the words it found, for a dialogue, a result or sentences."""
    kept = score(judge, transcript=talk("bt-4"), form="house")
    asked = {"toml": NEW, "sentences": ["客户：气死我了|客服：您好"], "result_id": kept["id"]}
    told = judge.post("/v1/quality/forms/house/try", json=asked)
    assert told.status_code == 200, told.text
    sentence, past = told.json()["tried"]
    items = {item["code"]: item for item in sentence["items"]}
    nodes = {node["place"]: node for node in items["comfort"]["rules"]}
    assert nodes["let.angry"]["state"] == "hit"
    assert [span["text"] for span in nodes["let.angry"]["evidence"]] == ["气死"]
    rule = nodes["item[comfort].check.require"]
    assert (rule["state"], rule["evidence"][0]["absent"]) == ("miss", True)
    assert "抱歉" in rule["text"]
    leak = next(item for item in past["items"] if item["code"] == "leak")
    assert (leak["result"], leak["evidence"][0]["text"]) == ("fail", "[手机号]")
    assert past["turns"][2]["text"] == "收货人电话是[手机号]"
    one = judge.post("/v1/quality/forms/house/try", json={"transcript": talk("bt-3")}).json()["tried"]
    assert one[0]["transcript_id"] == "bt-3"
    problem(judge.post("/v1/quality/forms/house/try", json={"toml": NEW}), 422, "invalid")
    problem(judge.post("/v1/quality/forms/house/try", json={"result_id": "qs_none"}), 404, "not_found")


@pytest.mark.parametrize(("source", "items"), [("sca", 9), ("connect", 4)])
def test_another_system_s_form_is_read_put_and_scored_with(
    judge: httpx.Client, source: str, items: int
) -> None:
    """B27: the documented shapes come back as a form with what was left out; it can be put as it is and scores."""
    path = Path(__file__).parents[1] / "nlp" / "quality" / "imports" / f"{source}.json"
    body = {
        "from": source,
        "code": f"from-{source}",
        "document": json.loads(path.read_text(encoding="utf-8")),
    }
    answer = judge.post("/v1/quality/forms/import", json=body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["items"], told["errors"]) == (items, [])
    assert all(one["place"] and one["reason"] for one in told["left"])
    assert any(not one["kept"] for one in told["left"])
    put_ = judge.put(f"/v1/quality/forms/from-{source}", content=told["toml"].encode(), headers=TOML)
    assert put_.status_code == 200, put_.text
    found = score(judge, transcript=talk("bt-2"), form=f"from-{source}")
    assert len(found["items"]) == items
    wrong = {"from": source, "document": {"rules": []}}
    problem(judge.post("/v1/quality/forms/import", json=wrong), 422, "invalid")
