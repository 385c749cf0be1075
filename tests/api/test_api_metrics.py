"""Numbers of the reports computed from rows: search times and adherence, exact on a fixture."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

from api.report_metrics import search_times
from tests.api.serving import OTHER, Site

T = "2026-11-03T02:00:{:02d}.000+00:00"


def _act(session: str, action: str, second: int) -> dict[str, Any]:
    return {"subject": session, "action": action, "at": T.format(second)}


def test_R040_seconds_run_to_the_first_useful_answer() -> None:
    """Shown and dismissed end nothing; the first use does; a session without one counts as opened only."""
    opened = {"a": T.format(0), "b": T.format(10), "c": T.format(20), "d": T.format(30)}
    acts = [
        _act("a", "shown", 1), _act("a", "dismissed", 2), _act("a", "inserted", 4), _act("a", "sent", 9),
        _act("b", "sent", 18), _act("c", "shown", 21), _act("d", "helpful", 42), _act("x", "sent", 50),
    ]  # fmt: skip
    assert search_times(opened, acts) == {
        "sessions": 4, "useful": 3, "seconds_mean": 8.0, "seconds_median": 8.0, "seconds_p90": 12.0,
    }  # fmt: skip
    assert search_times({}, [])["seconds_median"] is None


def test_R067_adherence_comes_from_scored_transcripts(site: Site) -> None:
    """The report's rate is the count over the items of the stored results."""
    turns = [
        {"role": "customer", "text": "我的退款怎么还没到"},
        {"role": "agent", "text": "您好，非常抱歉让您久等，请提供订单号我帮您核实。"},
        {"role": "agent", "text": "不归我管"},
    ]
    score = site.client("quality", OTHER)
    items = []
    for name in ("ad-1", "ad-2"):
        body = {
            "transcript": {"id": name, "agent": {"id": "AD9"}, "turns": turns[: 2 if name == "ad-1" else 3]}
        }
        items += score.post("/v1/quality/score", json=body).json()["items"]
    passed = sum(item["result"] == "pass" for item in items)
    failed = sum(item["result"] == "fail" for item in items)
    told = site.client("supervisor", OTHER).get("/v1/reports/monthly").json()
    (mine,) = [one for one in told["adherence"] if one["agent"] == "AD9"]
    assert (mine["scored"], mine["passed"], mine["applicable"]) == (2, passed, passed + failed)
    assert mine["rate"] == round(passed / (passed + failed), 4)


def test_R040_the_report_tells_the_time_to_an_answer(
    site: Site, agent: httpx.Client, supervisor: httpx.Client
) -> None:
    """A suggestion that is sent is a session with a useful answer, in seconds."""
    before = supervisor.get("/v1/reports/daily").json()["search"]
    began = datetime.now(UTC)
    made = agent.post("/v1/suggest", json={"query": "退款多久到账"}).json()
    given = {"entry_id": made["suggestions"][0]["entry_id"], "action": "sent"}
    agent.post(f"/v1/suggest/{made['id']}/feedback", json=given)
    after = supervisor.get("/v1/reports/daily").json()["search"]
    assert after["sessions"] == before["sessions"] + 1
    assert after["useful"] == before["useful"] + 1
    assert 0 <= after["seconds_median"] <= (datetime.now(UTC) - began).total_seconds() + 60
    page = supervisor.get("/v1/reports/daily", params={"format": "html"}).text
    assert "手册遵守率" in page
