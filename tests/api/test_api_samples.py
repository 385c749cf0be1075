"""Samples, blind scores, agreement, calibration and the health of rules, through the doors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.agreement import agreement
from api.store import rulings, second_scores
from api.store.results import Stored
from nlp.quality.items import Grade
from tests.api.serving import Site, crew, problem

TENANT = "sampled"
"""A tenant of its own: its days hold only what these tests put there."""
DAY = "2026-10-14"


@pytest.fixture(scope="module")
def people(site: Site) -> Iterator[dict[str, httpx.Client]]:
    """Keys of a tenant of its own, by actor."""
    with crew(site, TENANT, Q1="quality", Q2="quality", Q3="quality", S1="supervisor", A1="agent") as made:
        yield made


FORM = """
code = "tiny"
name = "小表"
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
code = "a"
name = "甲"
points = 100
[[item]]
code = "x"
name = "甲一"
dimension = "a"
points = 40
check = { kind = "said", patterns = ["苹果"] }
must_hit = ["苹果"]
must_miss = ["香蕉"]
[[item]]
code = "y"
name = "甲二"
dimension = "a"
points = 60
check = { kind = "said", patterns = ["香蕉"] }
must_hit = ["香蕉"]
must_miss = ["苹果"]
"""


@pytest.fixture(scope="module", autouse=True)
def tiny(people: dict[str, httpx.Client]) -> None:
    """A form of two items: x takes 40 points, y takes 60."""
    answer = people["Q1"].put(
        "/v1/quality/forms/tiny", content=FORM.encode(), headers={"Content-Type": "application/toml"}
    )
    assert answer.status_code in (200, 201), answer.text


def scored(
    client: httpx.Client, name: str, text: str, agent: str = "A1", form: str = "tiny", **more: Any
) -> Any:
    given = {"id": name, "turns": [{"role": "agent", "text": text}], "agent": {"id": agent}, **more}
    answer = client.post("/v1/quality/score", json={"transcript": given, "form": form})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def day(people: dict[str, httpx.Client]) -> list[dict[str, Any]]:
    """Forty conversations of one day by three agents, scored with the site's main form."""
    return [
        scored(
            people["Q1"], f"d{n}", f"您好，第 {n} 段，请稍等", ("A1", "A2", "A3")[n % 3], "standard",
            started_at=f"{DAY}T{8 + n // 10:02d}:{n % 10:02d}:00+08:00",
        )
        for n in range(40)
    ]  # fmt: skip


def test_a_day_is_sampled_and_drawn_once(people: dict[str, httpx.Client], day: list[dict[str, Any]]) -> None:
    """R106: within 10 and 20 %, every agent, the same when asked again; drawn once and handed out blind."""
    quality = people["Q1"]
    found = quality.get("/v1/quality/samples", params={"date": DAY}).json()
    assert found == quality.get("/v1/quality/samples", params={"date": DAY}).json()
    assert found["total"] == 40
    assert 0.10 <= found["share"] <= 0.20
    assert set(found["agents"]) == {"A1", "A2", "A3"}
    assert sum(1 / pick["probability"] for pick in found["picks"]) == pytest.approx(40)
    drawn = quality.post("/v1/quality/samples", json={"date": DAY, "reviewers": ["Q1", "Q2"], "each": 2})
    assert drawn.status_code == 201, drawn.text
    assert drawn.json()["tasks"] == 2 * found["chosen"]
    problem(quality.post("/v1/quality/samples", json={"date": DAY}), 409, "conflict")
    after = people["S1"].get("/v1/quality/samples", params={"date": DAY}).json()
    assert (after["drawn"], after["picks"]) == (True, found["picks"])
    today = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    problem(quality.post("/v1/quality/samples", json={"date": today}), 422, "invalid")
    problem(people["A1"].get("/v1/quality/samples", params={"date": DAY}), 403, "forbidden")


def test_a_second_score_is_blind_and_agreement_is_told(
    people: dict[str, httpx.Client], day: list[dict[str, Any]]
) -> None:
    """R138, B24, B26: nobody's verdict is seen before one's own; then rates with intervals, κ and α with n."""
    for name in ("Q1", "Q2"):
        tasks = people[name].get("/v1/quality/blind").json()["tasks"]
        assert tasks
        for task in tasks:
            told = people[name].get(f"/v1/quality/blind/{task['id']}").json()
            assert "score" not in json.dumps(told["data"])
            assert not {"result", "points", "reason"} & set(told["items"][0])
            assert told["transcript"]["turns"]
            result = task["subject"]
            problem(people[name].get(f"/v1/quality/results/{result}"), 403, "forbidden")
            problem(people[name].post(f"/v1/quality/results/{result}/review", json={}), 409, "conflict")
            sample = people[name].get("/v1/quality/samples", params={"date": DAY}).json()
            (pick,) = [one for one in sample["picks"] if one["result_id"] == result]
            assert (pick["flags"], pick["stratum"]) == ([], None)
            listed = people[name].get("/v1/quality/results", params={"limit": 500}).json()["results"]
            assert result not in {one["id"] for one in listed}
            words = {item["code"]: "pass" for item in told["items"]}
            if name == "Q2" and task is tasks[0]:
                words["greeting"] = "fail"
            door = f"/v1/quality/blind/{task['id']}"
            problem(
                people[name].post(f"/v1/cases/{task['id']}/moves", json={"move": "finish"}), 409, "conflict"
            )
            problem(people[name].post(door, json={"items": {"greeting": "pass"}}), 422, "invalid")
            problem(people["S1"].post(door, json={"items": words}), 403, "forbidden")
            assert people[name].post(door, json={"items": words}).status_code == 201
            assert people[name].get(f"/v1/quality/results/{result}").status_code == 200
    today = datetime.now(UTC).date()
    span = {
        "since": (today - timedelta(days=1)).isoformat(),
        "until": (today + timedelta(days=1)).isoformat(),
    }
    report = people["S1"].get("/v1/quality/agreement", params=span).json()
    greeting = report["items"]["greeting"]["people"]
    chosen = people["S1"].get("/v1/quality/samples", params={"date": DAY}).json()["chosen"]
    assert report["reviewers"] == ["Q1", "Q2"]
    assert greeting["n"] == chosen
    assert greeting["observed"] == pytest.approx((chosen - 1) / chosen)
    assert greeting["kappa"] == 0.0  # one said fail once, the other never: what chance would give
    assert report["machine"]["n"] > 0
    rates = people["S1"].get("/v1/quality/samples/rates", params={"since": DAY, "until": DAY}).json()
    assert rates["reviewed"] == chosen
    assert rates["any"]["of"] == 40  # every stratum was looked at: the rate is of the whole day
    # the first person's words on a conversation count; Q1 came first and passed everything
    assert (rates["any"]["rate"], rates["any"]["n"]) == (0.0, chosen)
    assert rates["any"]["too_small"]
    assert "不足以下结论" in rates["agents"]["A1"]["note"]


def test_the_report_by_hand() -> None:
    """B26, R138: four results, two people: κ of items and quadratic-weighted κ of grades, each with n."""
    machine = (("r1", 95.0, "pass"), ("r2", 85.0, "pass"), ("r3", 65.0, "fail"), ("r4", 40.0, "fail"))
    rows = {
        name: Stored(name, name, "A1", points, None, False, [], "", {
            "score": points, "items": [{"code": "x", "result": word}], "form": {"code": "f", "version": "1"},
        })
        for name, points, word in machine
    }  # fmt: skip
    grades = {
        name: (Grade("A", "", 90), Grade("B", "", 80), Grade("C", "", 60), Grade("D", "", 0)) for name in rows
    }
    said = [
        {"result": name, "by": "Q1", "score": points, "items": {"x": word}} for name, points, word in machine
    ]
    said += [
        {"result": name, "by": "Q2", "score": points, "items": {"x": word}}
        for name, points, word in (
            ("r1", 95.0, "pass"),
            ("r2", 65.0, "fail"),
            ("r3", 65.0, "fail"),
            ("r4", 40.0, "fail"),
        )
    ]
    told = agreement(said, rows, grades)
    # Q1: 2 pass 2 fail; Q2: 1 pass 3 fail; 3 of 4 alike: (.75 − (.5 × .25 + .5 × .75)) / .5
    assert (told["people"]["kappa"], told["people"]["n"]) == (pytest.approx(0.5), 4)
    # grades A B C D against A C C D: observed 1/9 of 4, expected 2.5/9: 1 − (1/36) / (10/36)
    assert (told["people"]["grade_kappa"], told["people"]["grade_n"]) == (pytest.approx(0.9), 4)
    assert told["machine"]["n"] == 8
    assert told["items"]["x"]["machine"]["observed"] == pytest.approx(7 / 8)
    # points 95 95 85 65 65 65 40 40, Σ(v − mean)² = 3337.5: Do = 2·20²/8, De = 2·8·3337.5/(8·7)
    assert told["people"]["score_alpha"] == pytest.approx(1 - 100 / (2 * 8 * 3337.5 / 56))


def test_a_calibration_shows_the_differences(people: dict[str, httpx.Client]) -> None:
    """Several score one transcript; differences come item by item once one has scored; it ends with a conclusion."""
    result = scored(people["Q1"], "cal", "香蕉")
    given = {"title": "十月校准 13812345678", "result_id": result["id"], "participants": ["Q1", "Q2"]}
    made = people["S1"].post("/v1/quality/calibrations", json=given)
    assert made.status_code == 201, made.text
    assert made.json()["title"] == "十月校准 [手机号]"
    door = f"/v1/quality/calibrations/{made.json()['id']}"
    problem(people["Q1"].post(f"{door}/scores", json={"items": {"x": "pass", "y": "fail"}}), 409, "conflict")
    moves = f"/v1/cases/{made.json()['id']}/moves"
    assert people["S1"].post(moves, json={"move": "start"}).status_code == 200
    before = people["Q1"].get(door).json()
    assert "differences" not in before
    assert {item["code"] for item in before["items"]} == {"x", "y"}
    problem(people["Q1"].get(f"/v1/quality/results/{result['id']}"), 403, "forbidden")
    assert people["Q1"].post(f"{door}/scores", json={"items": {"x": "pass", "y": "fail"}}).status_code == 201
    problem(people["Q1"].post(f"{door}/scores", json={"items": {"x": "pass", "y": "fail"}}), 409, "conflict")
    problem(people["Q3"].post(f"{door}/scores", json={"items": {"x": "pass", "y": "fail"}}), 403, "forbidden")
    assert people["Q2"].post(f"{door}/scores", json={"items": {"x": "pass", "y": "pass"}}).status_code == 201
    told = people["Q1"].get(door).json()
    assert told["scores"] == {"machine": 40.0, "Q1": 40.0, "Q2": 100.0}
    first = told["differences"][0]
    assert (first["code"], first["agreed"], first["machine"]) == ("y", False, "fail")
    assert first["people"] == {"Q1": "fail", "Q2": "pass"}
    # values fail, pass | pass, pass: Do = 2 of 4, De = 2·1·3/3 = 2 of 4 → α = 1 − 1 = 0
    assert told["alpha"] == pytest.approx(0.0)
    people["S1"].post(moves, json={"move": "discuss"})
    closed = people["S1"].post(moves, json={"move": "close", "fields": {"conclusion": "引用不算"}})
    assert closed.json()["state"] == "closed"


def test_a_weak_rule_demotes_itself(people: dict[str, httpx.Client]) -> None:
    """B23: eight appeals won against one rule send it to people; its verdicts then take no points until one agrees."""
    for n in range(8):
        assert "tiny@1:x" not in people["S1"].get("/v1/quality/rules/health").json()["demoted"]
        result = scored(people["Q1"], f"w{n}", f"苹果 {n}")
        assert result["score"] == 60.0
        asked = people["A1"].post(
            f"/v1/quality/results/{result['id']}/appeals", json={"items": ["x"], "reason": "误判"}
        )
        assert asked.status_code == 201, asked.text
        decided = people["S1"].post(
            f"/v1/quality/appeals/{asked.json()['id']}/decision", json={"decision": "change", "reason": "是"}
        )
        assert decided.status_code == 200, decided.text
        assert decided.json()["result"]["score"] == 100.0
    told = people["S1"].get("/v1/quality/rules/health").json()
    rule = next(one for one in told["rules"] if one["rule"] == "tiny@1:x")
    assert "tiny@1:x" in told["demoted"]
    assert rule["needs_review"]
    assert (rule["appeals"], rule["won"]) == (8, 8)
    after = scored(people["Q1"], "after", "苹果和香蕉")
    assert after["score"] == 0.0  # what the machine says
    seen = people["S1"].get(f"/v1/quality/results/{after['id']}").json()
    assert (seen["score"], seen["effective"]["failed"]) == (40.0, ["y"])  # x withheld, y still takes its 60
    item = next(one for one in seen["items"] if one["code"] == "x")
    assert (item["result"], item["needs_review"], item["points"]) == ("fail", True, 40.0)
    waiting = people["S1"].get("/v1/quality/rules/waiting").json()["results"]
    assert [(one["result_id"], one["items"]) for one in waiting] == [(after["id"], ["x"])]
    people["S1"].post(
        f"/v1/quality/results/{after['id']}/review", json={"items": {"x": "fail"}, "reason": "确实"}
    )
    assert people["S1"].get(f"/v1/quality/results/{after['id']}").json()["score"] == 0.0
    assert people["S1"].get("/v1/quality/rules/waiting").json()["results"] == []
    weak = next(
        one
        for one in people["S1"].get("/v1/quality/rules/weak").json()["cases"]
        if one["subject"] == "tiny@1:x"
    )
    restored = people["S1"].post(
        f"/v1/cases/{weak['id']}/moves", json={"move": "restore", "fields": {"reason": "规则已改"}}
    )
    assert restored.status_code == 200
    assert "tiny@1:x" not in people["S1"].get("/v1/quality/rules/health").json()["demoted"]
    again = scored(people["Q1"], "restored", "苹果")
    assert people["S1"].get(f"/v1/quality/results/{again['id']}").json()["score"] == 60.0


def test_a_new_version_leaves_old_results_open_to_ruling(people: dict[str, httpx.Client]) -> None:
    """A tenant that writes its own version of a shipped form can still be heard on results of the shipped one."""
    result = scored(people["Q1"], "old-form", "已升级给技术部，请您等通知", form="escalation")
    own = FORM.replace('code = "tiny"', 'code = "escalation"').replace('version = "1"', 'version = "own"')
    answer = people["Q1"].put(
        "/v1/quality/forms/escalation", content=own.encode(), headers={"Content-Type": "application/toml"}
    )
    assert answer.status_code in (200, 201), answer.text
    done = people["S1"].post(
        f"/v1/quality/results/{result['id']}/review",
        json={"items": {"escalation_owner": "pass"}, "reason": "有"},
    )
    assert done.status_code == 201, done.text
    assert done.json()["result"]["score"] == 40.0  # of 60 and 40 the owner's 40 come back


def test_who_is_listened_to(site: Site, people: dict[str, httpx.Client]) -> None:
    """R126: the live list holds what people serve now, with one of them picked; only supervisors listen."""
    empty = people["S1"].get("/v1/quality/listen").json()
    assert empty == {"conversations": [], "pick": None}
    names = set()
    for _ in range(3):
        made = people["A1"].post("/v1/conversations", json={"served_by": "agent", "agent": {"id": "A1"}})
        names.add(made.json()["conversation_id"])
    told = people["S1"].get("/v1/quality/listen").json()
    assert {one["conversation_id"] for one in told["conversations"]} == names
    assert told["pick"] in names
    door = f"/v1/quality/listen/{told['pick']}"
    for text in ("这个不归我管", "我的电话是 13800138000"):
        role = "agent" if "不归" in text else "customer"
        people["A1"].post(f"/v1/conversations/{told['pick']}/turns", json={"role": role, "text": text})
    heard = people["S1"].get(door).json()
    assert [turn["role"] for turn in heard["turns"]] == ["agent", "customer"]
    assert "13800138000" not in str(heard)
    assert "forbidden_word" in {item["code"] for item in heard["score"]["failed"]}
    listed = people["S1"].get("/v1/quality/results", params={"transcript_id": told["pick"]}).json()
    assert listed["results"] == []  # a score so far is no result
    problem(people["A1"].get(door), 403, "forbidden")
    problem(people["A1"].get("/v1/quality/listen"), 403, "forbidden")


def test_rates_and_agreement_look_at_more_than_one_query_holds(site: Site) -> None:
    """The ids of a season's samples are more than a database takes at once: asked part by part, in order of time."""
    store = site.service.store
    said = [
        {"session": f"many-{n}", "by": "Q9", "result": f"many-{n}", "at": f"2026-01-01T00:00:0{9 - n}.000+00:00",
         "items": {}, "score": 1.0, "note": None}
        for n in range(2)
    ]  # fmt: skip
    store.write(lambda writer: [second_scores.add(writer, "many", one) for one in said])
    names = ["many-0", *(f"other-{n}" for n in range(40_000)), "many-1"]
    found = store.read(lambda reader: second_scores.of_results(reader, "many", names))
    assert [one["result"] for one in found] == ["many-1", "many-0"]
    assert store.read(lambda reader: rulings.latest(reader, "many", names)) == {}
