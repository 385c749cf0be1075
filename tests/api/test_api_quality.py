"""Scores: points with evidence, kept results, and forms."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.serving import OTHER, Site, problem

TURNS = [
    {"role": "customer", "text": "我的退款怎么还没到账，都五天了！", "at": "2026-11-03T10:00:00+08:00"},
    {"role": "agent", "text": "您好，我是客服小禾，很抱歉让您久等了。", "at": "2026-11-03T10:00:20+08:00"},
    {"role": "customer", "text": "到底什么时候能到？", "at": "2026-11-03T10:00:50+08:00"},
    {"role": "agent", "text": "这个不归我管，你自己看规则。", "at": "2026-11-03T10:01:30+08:00"},
]


def transcript(identity: str = "q-1", agent: str = "A012", **more: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "turns": TURNS,
        "agent": {"id": agent},
        "started_at": "2026-11-03T10:00:00+08:00",
        **more,
    }


def score(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/quality/score", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_score_points_at_its_evidence(quality: httpx.Client) -> None:
    """A stock refusal fails the form's item, with turn and exact span."""
    reply = score(quality, transcript=transcript())
    assert 0 <= reply["score"] <= 100
    assert reply["form"]["code"] == "standard"
    failed = {item["code"]: item for item in reply["items"] if item["result"] == "fail"}
    span = failed["forbidden_word"]["evidence"][0]
    assert span["turn"] == 3
    assert TURNS[3]["text"][span["start"] : span["end"]] == span["text"]
    assert 0 <= reply["satisfaction"]["value"] <= 2
    assert set(reply["summary"]) >= {"request", "steps", "outcome"}
    assert reply["took_ms"] > 0
    assert set(reply["versions"]) == {"release", "models", "policy"}


def test_the_same_transcript_is_one_result(quality: httpx.Client) -> None:
    """Scoring again gives the same id and keeps one row."""
    first = score(quality, transcript=transcript("q-same"))
    again = score(quality, transcript=transcript("q-same"))
    drop = lambda reply: {name: value for name, value in reply.items() if name != "took_ms"}  # noqa: E731
    assert drop(first) == drop(again)
    kept = quality.get("/v1/quality/results", params={"transcript_id": "q-same"}).json()["results"]
    assert [one["id"] for one in kept] == [first["id"]]
    assert quality.get(f"/v1/quality/results/{first['id']}").json()["score"] == first["score"]


def test_agents_see_only_their_own_results(site: Site, quality: httpx.Client, agent: httpx.Client) -> None:
    """An agent's list holds their own results; another's reads like a missing one."""
    mine = score(quality, transcript=transcript("q-mine", "A012"))
    theirs = score(quality, transcript=transcript("q-theirs", "A099"))
    seen = {one["id"] for one in agent.get("/v1/quality/results").json()["results"]}
    assert mine["id"] in seen
    assert theirs["id"] not in seen
    problem(agent.get(f"/v1/quality/results/{theirs['id']}"), 404, "not_found")
    problem(agent.get("/v1/quality/results", params={"agent": "A099"}), 403, "forbidden")
    every = {one["id"] for one in site.client("supervisor").get("/v1/quality/results").json()["results"]}
    assert {mine["id"], theirs["id"]} <= every
    problem(site.client("quality", OTHER).get(f"/v1/quality/results/{mine['id']}"), 404, "not_found")


def test_facts_are_held_against_the_handbook(quality: httpx.Client) -> None:
    """A claim with another number than the entry it is about is a risk; the right number is none."""

    def risks(text: str, name: str) -> list[str]:
        turns = [{"role": "customer", "text": "发票多久能开"}, {"role": "agent", "text": text}]
        reply = score(quality, transcript={"id": name, "turns": turns})
        return [item["result"] for item in reply["items"] if item["code"] == "wrong_fact_risk"]

    assert risks("确认收货后 24 小时内开出电子普通发票。", "f-right") == ["pass"]
    assert risks("确认收货后 96 小时内开出电子普通发票。", "f-wrong") == ["fail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "transcript"),
        ({"transcript": {"turns": []}}, "transcript.id"),
        ({"transcript": {"id": "x"}}, "transcript.turns"),
        ({"transcript": {"id": "x", "turns": [{"role": "boss", "text": "在"}]}}, "transcript.turns.0.role"),
        ({"transcript": {"id": "x", "turns": [{"role": "agent", "text": 3}]}}, "transcript.turns.0.text"),
        (
            {"transcript": {"id": "x", "turns": [{"role": "agent", "text": "在", "at": "昨天"}]}},
            "transcript.turns.0.at",
        ),
        (
            {"transcript": {"id": "x", "turns": [{"role": "agent", "text": "字" * 20_001}]}},
            "transcript.turns.0.text",
        ),
        ({"transcript": {"id": "x", "turns": [], "agent": "A012"}}, "transcript.agent"),
        ({"transcript": {"id": "x", "turns": [], "customer": {"tier": []}}}, "transcript.customer.tier"),
        ({"transcript": {"id": "x", "turns": [], "started_at": "哪天"}}, "transcript.started_at"),
        ({"transcript": {"id": "x", "turns": []}, "form": "没有"}, "form"),
        ({"transcript": {"id": "x", "turns": []}, "form": "missing"}, "form"),
        ({"transcript": {"id": "x", "turns": []}, "as_of": "now"}, "as_of"),
    ],
)
def test_a_bad_request_names_its_field(quality: httpx.Client, body: dict[str, Any], field: str) -> None:
    """What cannot be scored says which field is wrong and what would do."""
    told = problem(quality.post("/v1/quality/score", json=body), 422, "invalid")
    assert told["errors"][0]["field"] == field
    assert told["errors"][0]["accepted"]


def test_an_empty_transcript_has_a_score(quality: httpx.Client) -> None:
    """A transcript without turns, or with empty texts, is scored rather than refused."""
    assert score(quality, transcript={"id": "empty", "turns": []})["transcript_id"] == "empty"
    silent = {"id": "silent", "turns": [{"role": "customer", "text": ""}, {"role": "agent", "text": " "}]}
    assert score(quality, transcript=silent)["transcript_id"] == "silent"


def _form(quality: httpx.Client) -> str:
    return str(quality.get("/v1/quality/forms/standard").json()["toml"])


def test_a_form_is_read_changed_and_put(site: Site, quality: httpx.Client) -> None:
    """A tenant's own version of a form is in force for it, from its date, and for nobody else."""
    old = quality.get("/v1/quality/forms/standard").json()
    assert old["source"] == "preset"
    text = old["toml"].replace(
        f'version = "{old["version"]}"', 'version = "9.1"\neffective_from = "2026-12-01"'
    )
    text = "\n".join(line for at, line in enumerate(text.split("\n")) if not _second_date(text, at, line))
    put = quality.put(
        "/v1/quality/forms/standard", content=text.encode(), headers={"Content-Type": "application/toml"}
    )
    assert put.status_code == 200, put.text
    assert put.json()["version"] == "9.1"
    december = score(quality, transcript=transcript("q-dec"), as_of="2026-12-05T10:00:00+08:00")
    november = score(quality, transcript=transcript("q-nov"), as_of="2026-11-05T10:00:00+08:00")
    assert (december["form"]["version"], november["form"]["version"]) == ("9.1", old["version"])
    other = site.client("quality", OTHER).get("/v1/quality/forms/standard").json()
    assert (other["version"], other["source"]) == (old["version"], "preset")


def _second_date(text: str, at: int, line: str) -> bool:
    """Whether the line is the form's old date, below the one just written."""
    before = "\n".join(text.split("\n")[:at])
    return line.startswith("effective_from") and "effective_from" in before


def test_a_form_goes_round_as_json(quality: httpx.Client) -> None:
    """The JSON of a form can be put back as it was read."""
    read = quality.get("/v1/quality/forms/standard", params={"as_of": "2026-11-05T10:00:00+08:00"}).json()
    form = {**read["form"], "code": "copy"}
    checked = quality.post("/v1/quality/forms/copy/validate", json=form).json()
    assert checked["valid"] is True, checked
    assert quality.put("/v1/quality/forms/copy", json=form).status_code == 200
    again = quality.get("/v1/quality/forms/copy").json()
    assert again["items"] == read["items"]
    assert "copy" in {one["code"] for one in quality.get("/v1/quality/forms").json()["forms"]}


def test_a_broken_form_says_where(quality: httpx.Client) -> None:
    """A form that cannot be used is refused with the place and the accepted form."""
    text = _form(quality).replace('code = "standard"', 'code = "broken"', 1)
    wrong = text.replace("points = ", "points = 1", 1)
    headers = {"Content-Type": "application/toml"}
    told = quality.post("/v1/quality/forms/broken/validate", content=wrong.encode(), headers=headers).json()
    assert told["valid"] is False
    assert told["errors"][0]["accepted"]
    problem(quality.put("/v1/quality/forms/broken", content=wrong.encode(), headers=headers), 422, "invalid")
    problem(quality.put("/v1/quality/forms/broken", content=b"[[", headers=headers), 422, "invalid")
    problem(quality.put("/v1/quality/forms/other", content=text.encode(), headers=headers), 422, "invalid")
    problem(quality.get("/v1/quality/forms/broken"), 404, "not_found")
    problem(
        quality.put("/v1/quality/forms/broken", content=b"x", headers={"Content-Type": "image/png"}),
        415,
        "unsupported_media_type",
    )
