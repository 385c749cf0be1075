"""A fair hearing: reviews, appeals and their decisions end in rulings that move the points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.store import Writer, keys, observations, results, schema
from tests.api.serving import SHOP, Site, problem

TURNS = [
    {"role": "customer", "text": "我的退款怎么还没到账，电话 13800138000，都五天了！"},
    {"role": "agent", "text": "您好，我是客服，很抱歉让您久等了。"},
    {"role": "customer", "text": "到底什么时候能到？"},
    {"role": "agent", "text": "这个不归我管，您看规则吧，谁让您不看清楚说明。"},
]


@pytest.fixture(scope="module")
def second(site: Site) -> Iterator[httpx.Client]:
    """Another supervisor, who has ruled on nothing."""
    secret = site.service.store.write(lambda w: keys.create(w, SHOP, "supervisor", {"id": "S002"}))
    with httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as made:
        yield made


def scored(client: httpx.Client, name: str, agent: str = "A012", **more: Any) -> dict[str, Any]:
    given = {"id": name, "turns": TURNS, "agent": {"id": agent}, "category": "complaint", **more}
    answer = client.post("/v1/quality/score", json={"transcript": given})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def item(result: dict[str, Any], code: str) -> dict[str, Any]:
    return next(one for one in result["items"] if one["code"] == code)


def test_a_won_appeal_moves_the_points(
    quality: httpx.Client, agent: httpx.Client, supervisor: httpx.Client
) -> None:
    """The agent contests one item, the supervisor agrees, its points come back and the history stays."""
    before = scored(quality, "h-won")
    lost = item(before, "forbidden_word")
    assert lost["result"] == "fail"
    asked = agent.post(
        f"/v1/quality/results/{before['id']}/appeals",
        json={"items": ["forbidden_word"], "reason": "引用客户的话，电话 13900139000"},
    )
    assert asked.status_code == 201, asked.text
    assert "13900139000" not in asked.text
    decided = supervisor.post(
        f"/v1/quality/appeals/{asked.json()['id']}/decision",
        json={"decision": "change", "reason": "规则误判"},
    )
    assert decided.status_code == 200, decided.text
    assert decided.json()["state"] == "changed"
    after = agent.get(f"/v1/quality/results/{before['id']}").json()
    assert after["score"] == pytest.approx(before["score"] + lost["max"] - lost["points"], abs=0.011)
    assert item(after, "forbidden_word")["overruled"] == "fail"
    assert item(after["original"], "forbidden_word")["result"] == "fail"
    assert after["original"]["score"] == before["score"]
    assert [(one["source"], one["by"], one["items"]) for one in after["rulings"]] == [
        ("appeal", "S001", {"forbidden_word": "pass"})
    ]
    assert "forbidden_word" not in after["effective"]["failed"]
    listed = quality.get("/v1/quality/results", params={"transcript_id": "h-won"}).json()["results"][0]
    assert (listed["score"], listed["ruled"]) == (after["score"], True)


def test_the_fact_moves_with_the_ruling(quality: httpx.Client, site: Site) -> None:
    """What reports count of a conversation changes in the same transaction as its result."""
    before = scored(quality, "h-fact")
    seen = lambda: site.service.store.read(  # noqa: E731
        lambda reader: observations.get(reader, SHOP, "conversation:h-fact")
    )
    fact = seen()
    assert fact is not None
    assert fact.values["score"] == before["score"]
    assert "forbidden_word" in fact.values["failed"]
    door = f"/v1/quality/results/{before['id']}/review"
    after = quality.post(door, json={"items": {"forbidden_word": "pass"}, "reason": "误判"}).json()["result"]
    fact = seen()
    assert fact is not None
    assert fact.values["score"] == after["score"] > before["score"]
    assert "forbidden_word" not in fact.values["failed"]


def test_an_item_is_appealed_once(quality: httpx.Client, agent: httpx.Client, site: Site) -> None:
    """A second appeal of the same item is refused, also after it was decided; another item may be appealed."""
    result = scored(quality, "h-once")["id"]
    door = f"/v1/quality/results/{result}/appeals"
    first = agent.post(door, json={"items": ["forbidden_word"], "reason": "误判"})
    assert first.status_code == 201
    problem(agent.post(door, json={"items": ["forbidden_word"], "reason": "再来"}), 409, "conflict")
    refused = {"decision": "uphold", "reason": "就是禁语"}
    decision = f"/v1/quality/appeals/{first.json()['id']}/decision"
    assert site.client("supervisor").post(decision, json=refused).status_code == 200
    problem(agent.post(door, json={"items": ["forbidden_word"], "reason": "再来"}), 409, "conflict")
    assert agent.post(door, json={"items": ["blame_customer"], "reason": "另一项"}).status_code == 201
    told = problem(agent.post(door, json={"items": ["greeting", "nope"], "reason": "x"}), 422, "invalid")
    assert {one["field"] for one in told["errors"]} >= {"items.1"}


def test_only_ones_own_results(quality: httpx.Client, agent: httpx.Client, supervisor: httpx.Client) -> None:
    """Another agent's result reads like a missing one; a supervisor appeals for nobody."""
    result = scored(quality, "h-theirs", "A099")["id"]
    given = {"items": ["forbidden_word"], "reason": "x"}
    problem(agent.post(f"/v1/quality/results/{result}/appeals", json=given), 404, "not_found")
    problem(supervisor.post(f"/v1/quality/results/{result}/appeals", json=given), 403, "forbidden")
    problem(agent.get(f"/v1/quality/results/{result}/transcript"), 404, "not_found")
    problem(agent.post(f"/v1/quality/results/{result}/review", json={}), 403, "forbidden")


def test_the_deadline_is_kept(quality: httpx.Client, agent: httpx.Client, site: Site) -> None:
    """Eight days after the result was stored the seven days of the policy are over."""
    result = scored(quality, "h-late")["id"]

    def age(writer: Writer) -> None:
        table = schema.results
        writer.execute(table.update().where(table.c.id == result).values(at="2026-01-02T00:00:00.000+00:00"))

    site.service.store.write(age)
    told = problem(
        agent.post(
            f"/v1/quality/results/{result}/appeals", json={"items": ["forbidden_word"], "reason": "x"}
        ),
        409,
        "conflict",
    )
    assert "申诉期 7 天已过" in told["detail"]


def test_the_judge_is_another_person(
    quality: httpx.Client, agent: httpx.Client, supervisor: httpx.Client, second: httpx.Client
) -> None:
    """Who reviewed a result does not decide the appeal against it; whom it is about reviews nothing."""
    result = scored(quality, "h-judge")["id"]
    reviewed = supervisor.post(f"/v1/quality/results/{result}/review", json={"reason": "看过，维持"})
    assert (reviewed.status_code, reviewed.json()["state"]) == (201, "upheld")
    asked = agent.post(
        f"/v1/quality/results/{result}/appeals", json={"items": ["blame_customer"], "reason": "不是指责"}
    ).json()
    door = f"/v1/quality/appeals/{asked['id']}/decision"
    given = {"decision": "change", "reason": "同意", "items": {"blame_customer": "na"}}
    told = problem(supervisor.post(door, json=given), 409, "conflict")
    assert "另一个人" in told["detail"]
    assert second.post(door, json=given).status_code == 200
    problem(second.post(door, json=given), 409, "conflict")
    own = scored(quality, "h-self", "S001")["id"]
    problem(supervisor.post(f"/v1/quality/results/{own}/review", json={}), 409, "conflict")


def test_a_review_overrules_with_a_reason(quality: httpx.Client, site: Site) -> None:
    """Unknown items and words are named; a change needs its reason; both doors of a case end in one ruling."""
    before = scored(quality, "h-review")
    door = f"/v1/quality/results/{before['id']}/review"
    problem(quality.post(door, json={"items": {"forbidden_word": "pass"}}), 422, "invalid")
    told = problem(
        quality.post(door, json={"items": {"nope": "pass", "rude": "bad"}, "reason": "x"}), 422, "invalid"
    )
    assert {one["field"] for one in told["errors"]} == {"items.nope", "items.rude"}
    done = quality.post(door, json={"items": {"rude": "fail"}, "reason": "语气不对"})
    assert done.status_code == 201, done.text
    after = done.json()["result"]
    lost = item(after, "rude")
    assert after["score"] == pytest.approx(before["score"] - lost["max"], abs=0.011)
    kept = site.service.store.read(lambda reader: results.stored(reader, SHOP, before["id"]))
    assert kept is not None
    assert kept.score == after["score"]
    assert "rude" in kept.failed
    assert kept.result["score"] == before["score"]  # what the machine said stays


def test_first_solve_then_blame(quality: httpx.Client, agent: httpx.Client) -> None:
    """R096: no appeal opens while the customer's problem is open; it does once it is solved."""
    open_case = scored(quality, "h-open", outcome={"resolved": False})["id"]
    given = {"items": ["forbidden_word"], "reason": "x"}
    told = problem(agent.post(f"/v1/quality/results/{open_case}/appeals", json=given), 409, "conflict")
    assert "先解决再追责" in told["detail"]
    scored(quality, "h-open", outcome={"resolved": True})
    assert agent.post(f"/v1/quality/results/{open_case}/appeals", json=given).status_code == 201


def test_what_was_ruled_holds_when_the_dialogue_is_scored_again(
    quality: httpx.Client, agent: httpx.Client, supervisor: httpx.Client
) -> None:
    """A new result of the same words by the same form carries the ruling; it is appealed no second time; other words carry none."""
    first = scored(quality, "h-again")
    asked = agent.post(
        f"/v1/quality/results/{first['id']}/appeals", json={"items": ["forbidden_word"], "reason": "误判"}
    ).json()
    door = f"/v1/quality/appeals/{asked['id']}/decision"
    ruled = supervisor.post(door, json={"decision": "change", "reason": "是"}).json()["result"]
    again = quality.post(
        "/v1/quality/score",
        json={
            "transcript": {"id": "h-again", "turns": TURNS, "agent": {"id": "A012"}, "category": "complaint"},
            "as_of": "2026-11-20T00:00:00+08:00",
        },
    ).json()
    assert again["id"] != first["id"]
    seen = agent.get(f"/v1/quality/results/{again['id']}").json()
    assert item(seen, "forbidden_word")["result"] == "pass"
    assert seen["score"] == ruled["score"]
    assert [one["source"] for one in seen["rulings"]] == ["carried"]
    problem(
        agent.post(f"/v1/quality/results/{again['id']}/appeals", json={"items": ["forbidden_word"], "reason": "x"}),
        422, "invalid",
    )  # fmt: skip
    upheld = agent.post(
        f"/v1/quality/results/{first['id']}/appeals", json={"items": ["blame_customer"], "reason": "x"}
    ).json()
    supervisor_two = {"decision": "uphold", "reason": "就是指责"}
    problem(
        supervisor.post(f"/v1/quality/appeals/{upheld['id']}/decision", json=supervisor_two), 409, "conflict"
    )
    problem(
        agent.post(f"/v1/quality/results/{again['id']}/appeals", json={"items": ["blame_customer"], "reason": "x"}),
        409, "conflict",
    )  # fmt: skip
    other = quality.post(
        "/v1/quality/score",
        json={"transcript": {"id": "h-again", "turns": TURNS[:2] + TURNS[3:], "agent": {"id": "A012"}}},
    ).json()
    assert agent.get(f"/v1/quality/results/{other['id']}").json()["rulings"] == []
