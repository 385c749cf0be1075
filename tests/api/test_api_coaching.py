"""Coaching, mystery shoppers, training, usage and the anonymous box, through the doors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.serving import HANDBOOK, Site, crew, problem

TENANT = "coached"
DAY = "2026-11-05"


@pytest.fixture(scope="module")
def people(site: Site) -> Iterator[dict[str, httpx.Client]]:
    with crew(
        site, TENANT, Q1="quality", S1="supervisor", A1="agent", A2="agent", E1="editor", B1="bot"
    ) as made:
        answer = made["E1"].post("/v1/kb/entries", json=dict(HANDBOOK[6]))  # a script that comforts
        assert answer.status_code in (200, 201), answer.text
        yield made


def scored(client: httpx.Client, name: str, text: str = "您好，这个不归我管。", agent: str = "A1") -> Any:
    turns = [
        {"role": "customer", "text": "我的退款呢，电话 13800138000，都五天了，你们怎么回事！！"},
        {"role": "agent", "text": text},
    ]
    given = {"id": name, "turns": turns, "agent": {"id": agent}, "category": "complaint",
             "started_at": f"{DAY}T10:00:00+08:00"}  # fmt: skip
    answer = client.post("/v1/quality/score", json={"transcript": given})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_plan_names_dimension_evidence_target_and_date(people: dict[str, httpx.Client]) -> None:
    """R127, R143: the radar is reproducible; the plan holds evidence ids, masked turns, scripts, target and date."""
    span = {"since": DAY, "until": DAY}
    ids = [
        scored(people["Q1"], f"co-{n}", f"您好，谁让您不看清楚说明，第 {n} 次了，别嚷嚷。")["id"]
        for n in range(6)
    ]
    radar = people["A1"].get("/v1/quality/agents/A1/radar", params=span).json()
    assert len(radar["abilities"]) == 5
    assert radar["results"] == 6
    assert radar == people["S1"].get("/v1/quality/agents/A1/radar", params=span).json()
    problem(people["A2"].get("/v1/quality/agents/A1/radar", params=span), 403, "forbidden")
    made = people["S1"].post("/v1/quality/coaching", json={"agent": "A1", **span})
    assert made.status_code == 201, made.text
    case = made.json()
    assert case["owner"] == "A1"
    assert case["due_at"][:10] == case["data"]["date"][:10]
    emotion = next(one for one in case["data"]["plan"] if one["dimension"] == "emotion")
    assert set(emotion["evidence"]) <= set(ids)
    assert len(emotion["examples"]) == 3
    assert emotion["target"] == pytest.approx(min(100, round(emotion["value"] + 10, 1)), abs=0.06)
    assert all(example["said"].startswith("您好，谁让您") for example in emotion["examples"])
    assert [one["entry_id"] for one in emotion["scripts"]] == ["script-comfort"]
    assert "13800138000" not in made.text
    problem(people["S1"].post("/v1/quality/coaching", json={"agent": "A2", **span}), 409, "conflict")
    assert [one["id"] for one in people["A1"].get("/v1/quality/coaching").json()["coaching"]] == [case["id"]]


def test_a_note_keeps_its_template(people: dict[str, httpx.Client]) -> None:
    """R144: GOLD and STAR headings; the choice is kept with the words; other headings are refused."""
    case = people["A1"].get("/v1/quality/coaching").json()["coaching"][0]
    templates = {
        one["code"]: one["headings"] for one in people["S1"].get("/v1/quality/templates").json()["templates"]
    }
    assert set(templates) == {"GOLD", "STAR"}
    assert len(templates["STAR"]) == len(templates["GOLD"]) == 4
    parts = {templates["STAR"][0]: "客户催退款，电话 13800138000", templates["STAR"][3]: "客户接受"}
    given = {"case_id": case["id"], "template": "STAR", "parts": parts}
    noted = people["S1"].post("/v1/quality/notes", json=given)
    assert noted.status_code == 201, noted.text
    (note,) = people["A1"].get(f"/v1/cases/{case['id']}").json()["data"]["notes"]
    assert (note["template"], note["by"]) == ("STAR", "S1")
    assert "13800138000" not in str(note)
    problem(people["S1"].post("/v1/quality/notes", json={**given, "template": "GROW"}), 422, "invalid")
    problem(people["S1"].post("/v1/quality/notes", json={**given, "parts": {"心得": "x"}}), 422, "invalid")
    problem(people["A1"].post("/v1/quality/notes", json=given), 403, "forbidden")


def test_a_mystery_shopper_is_hidden_and_counts_nowhere(people: dict[str, httpx.Client]) -> None:
    """R142: the flag is in no answer an agent gets; the metrics are the same with and without; the score is there."""
    today = datetime.now(UTC).date()
    month = {"since": "2026-11-01", "until": "2026-11-30"}

    def numbers() -> Any:
        radar = people["S1"].get("/v1/quality/agents/A1/radar", params=month).json()
        sample = people["Q1"].get("/v1/quality/samples", params={"date": DAY}).json()
        daily = people["S1"].get("/v1/reports/daily", params={"date": today.isoformat()}).json()
        return radar, sample, daily["quality"], people["S1"].get("/v1/quality/red-cards").json()["red_cards"]

    before = numbers()
    early = people["S1"].post(
        "/v1/quality/mystery", json={"transcript_id": "ms-1", "scenario": "坚持见主管", "expected": ["安抚"]}
    )
    assert early.status_code == 201, early.text
    first = scored(people["Q1"], "ms-1", "您好，再嚷嚷我把你号拉黑")
    after = numbers()
    assert after[:2] == before[:2]
    assert after[2]["scored"] == before[2]["scored"]
    assert after[3] == before[3]
    scored(people["Q1"], "ms-2")
    people["S1"].post("/v1/quality/mystery", json={"transcript_id": "ms-2", "scenario": "催退款"})
    assert numbers()[0] == before[0]
    shoppers = people["S1"].get("/v1/quality/mystery").json()["shoppers"]
    told = {one["transcript_id"]: one for one in shoppers}
    newest = people["S1"].get("/v1/quality/mystery", params={"limit": 1}).json()["shoppers"]
    assert newest == shoppers[:1]
    assert told["ms-1"]["results"][0]["score"] == first["score"]
    for door in (
        f"/v1/quality/results/{first['id']}", f"/v1/quality/results/{first['id']}/transcript",
        "/v1/quality/results", "/v1/cases", "/v1/quality/red-cards",
    ):  # fmt: skip
        answer = people["A1"].get(door)
        assert answer.status_code == 200
        assert "mystery" not in answer.text
        assert "神秘" not in answer.text
        assert "坚持见主管" not in answer.text
    problem(people["A1"].get("/v1/quality/mystery"), 403, "forbidden")
    reviewed = people["S1"].post(
        f"/v1/quality/results/{first['id']}/review", json={"items": {"greeting": "fail"}, "reason": "x"}
    )
    assert reviewed.status_code == 201, reviewed.text
    scored(people["Q1"], "ms-1", "您好，再嚷嚷我把你号拉黑！")  # and so is scoring it again
    assert numbers()[0] == before[0]  # a ruling on it brings it back into no number
    assert people["S1"].delete("/v1/quality/mystery/ms-2").status_code == 200
    assert numbers()[0]["results"] == before[0]["results"] + 1


REPLIES = (
    "您好，很抱歉让您久等，我马上为您查。",
    "已经为您提交加急，24 小时内到账。",
    "已催办，今天 18 点前给您电话。",
    "感谢您的来电，祝您生活愉快，再见！",
)


def trained(client: httpx.Client, replies: tuple[str, ...] = REPLIES, **body: Any) -> Any:
    made = client.post("/v1/training/sessions", json={"script": "refund_late", "persona": "angry", **body})
    assert made.status_code == 201, made.text
    session = made.json()
    assert session["said"].startswith("你们到底怎么回事！")
    for text in replies:
        session = client.post(f"/v1/training/sessions/{session['id']}/replies", json={"text": text}).json()
    return session


def test_the_same_replies_get_the_same_score_and_count_nowhere(
    site: Site, people: dict[str, httpx.Client]
) -> None:
    """R074, R075: the sheet is that of the form, alike each time; nothing of it is among results, facts or reports."""
    with sqlite3.connect(site.folder / "zuoxi.db") as database:
        count = lambda table: database.execute(  # noqa: E731
            f"SELECT count(*) FROM {table} WHERE tenant = ?", (TENANT,)
        ).fetchone()[0]
        before = [count(table) for table in ("results", "observations", "transcripts", "decisions")]
        first, second = trained(people["A1"]), trained(people["A2"])
        assert first["ended_at"]
        assert first["sheet"] == second["sheet"]
        assert {"score", "grade", "items", "dimensions"} <= set(first["sheet"])
        worse = trained(people["A1"], ("这个不归我管", "不知道", "随便你", "先这样吧"))
        assert worse["sheet"]["score"] < first["sheet"]["score"]
        assert [count(table) for table in ("results", "observations", "transcripts", "decisions")] == before
    problem(people["A2"].get(f"/v1/training/sessions/{first['id']}"), 404, "not_found")
    problem(
        people["A1"].post(f"/v1/training/sessions/{first['id']}/replies", json={"text": "再来"}),
        409,
        "conflict",
    )
    listed = people["A1"].get("/v1/training/scripts").json()
    assert {"angry", "vip"} <= {one["code"] for one in listed["personas"]}
    problem(people["A1"].post("/v1/training/sessions", json={"script": "nope"}), 422, "invalid")


def test_a_kept_customer_is_trained_against(people: dict[str, httpx.Client]) -> None:
    """R074: stored customer turns are replayed, covered; another agent's conversation is not one's to replay."""
    result = scored(people["Q1"], "tr-1")["id"]
    made = people["A1"].post("/v1/training/sessions", json={"result_id": result})
    assert made.status_code == 201, made.text
    assert "退款呢" in made.json()["said"]
    assert "13800138000" not in made.text
    problem(people["A2"].post("/v1/training/sessions", json={"result_id": result}), 404, "not_found")


def test_a_result_stands_on_its_day_of_the_calendar(people: dict[str, httpx.Client]) -> None:
    """R076: two weeks of days are records; a session of one stands on it; it is done by reaching the mark only."""
    first = datetime.now(UTC).date() + timedelta(days=1)
    dates = [(first + timedelta(days=n)).isoformat() for n in range(14)]
    given = {"trainee": "A1", "dates": dates, "script": "refund_late", "persona": "angry", "pass_score": 60}
    made = people["S1"].post("/v1/training/calendar", json=given)
    assert made.status_code == 201, made.text
    assert [one["data"]["date"] for one in made.json()["calendar"]] == dates
    day = made.json()["calendar"][0]
    problem(people["A1"].post(f"/v1/cases/{day['id']}/moves", json={"move": "finish"}), 409, "conflict")
    problem(
        people["A2"].post("/v1/training/sessions", json={"script": "refund_late", "plan": day["id"]}),
        422,
        "invalid",
    )
    poor = trained(people["A1"], ("这个不归我管", "再嚷嚷我把你号拉黑", "随便你", "先这样吧"), plan=day["id"])
    good = trained(people["A1"], plan=day["id"])
    found = people["A1"].get("/v1/training/calendar", params={"state": "done"}).json()["calendar"]
    assert [one["id"] for one in found] == [day["id"]]
    assert [(one["id"], one["score"]) for one in found[0]["data"]["sessions"]] == [
        (poor["id"], poor["sheet"]["score"]), (good["id"], good["sheet"]["score"])
    ]  # fmt: skip
    problem(people["A1"].post("/v1/training/calendar", json=given), 403, "forbidden")


def test_usage_counts_reconcile(people: dict[str, httpx.Client]) -> None:
    """R139: what was shown, inserted, edited, sent, searched and hit by rules adds up, and each event has its version."""
    made = people["A1"].post("/v1/suggest", json={"query": "退款一直不到账怎么安抚"}).json()
    entry = made["suggestions"][0]["entry_id"]
    acts = ("shown", "shown", "inserted", "edited", "sent", "dismissed")
    for action in acts:
        more = {"final_text": "非常抱歉让您久等了。"} if action in ("edited", "sent") else {}
        answer = people["A1"].post(
            f"/v1/suggest/{made['id']}/feedback", json={"entry_id": entry, "action": action, **more}
        )
        assert answer.status_code == 201, answer.text
    for query in ("退款", "发票"):
        assert people["E1"].post("/v1/kb/search", json={"query": query}).status_code == 200
    today = datetime.now(UTC).date()
    span = {
        "since": (today - timedelta(days=1)).isoformat(),
        "until": (today + timedelta(days=1)).isoformat(),
    }
    told = people["S1"].get("/v1/quality/usage", params=span).json()
    assert told["schema"] == "usage/1"
    assert told["types"]["suggestion.shown"] == 2
    assert told["types"]["suggestion.sent"] == 1
    assert told["types"]["search"] == 2
    assert told["types"]["rule.hit"] == sum(told["rules"].values()) > 0
    assert told["reconciliation"]["agrees"]
    assert (
        told["reconciliation"]["suggestion_events"] == told["reconciliation"]["suggestion_facts"] == len(acts)
    )
    page = people["S1"].get("/v1/quality/usage/events", params={**span, "limit": 1000}).json()
    assert page["total"] == told["total"] == len(page["events"])
    assert {one["schema"] for one in page["events"]} == {"usage/1"}
    problem(people["A1"].get("/v1/quality/usage", params=span), 403, "forbidden")


def test_the_box_knows_nobody(site: Site, people: dict[str, httpx.Client]) -> None:
    """R141: what is kept of a note is its text and day: no user, no key, no address, in any table."""
    text = "希望排班提前一周公布"
    assert people["A2"].post("/v1/suggestion-box", json={"text": text}).json() == {"kept": True}
    (note,) = people["S1"].get("/v1/suggestion-box").json()["notes"]
    assert set(note) == {"id", "day", "text"}
    problem(people["A2"].get("/v1/suggestion-box"), 403, "forbidden")
    with sqlite3.connect(site.folder / "zuoxi.db") as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for name in names:
            rows = database.execute(f"SELECT * FROM {name}").fetchall()
            hits = [row for row in rows if any(text in str(value) for value in row)]
            if hits:
                found[name] = hits
    assert set(found) == {"anonymous"}
    assert "A2" not in str(found)
    assert "127.0.0.1" not in str(found)
