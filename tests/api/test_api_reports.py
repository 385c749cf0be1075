"""Reports and the board: the counts are what happened."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
import python_calamine

from api.report_base import window
from tests.api.serving import OTHER, Site, problem, say, start

ZONE = ZoneInfo("Asia/Shanghai")


def test_the_board_counts_what_happens(site: Site) -> None:
    """Every route, handoff, suggestion and score of a tenant shows in its numbers, and in no other's."""
    bot, agent = site.client("bot", OTHER), site.client("agent", OTHER)
    before = site.client("supervisor", OTHER).get("/v1/board").json()
    bot.post("/v1/tickets/route", json={"text": "我要投诉你们客服态度太差"})
    conversation = start(bot)
    say(bot, conversation, "叫你们人工客服来")
    waiting = site.client("supervisor", OTHER).get("/v1/board").json()
    assert conversation in [one["conversation_id"] for one in waiting["conversations"]["waiting"]]
    agent.post(f"/v1/conversations/{conversation}/handoff", json={"action": "accept"})
    site.client("quality", OTHER).post(
        "/v1/quality/score",
        json={
            "transcript": {
                "id": "board",
                "agent": {"id": "A1"},
                "turns": [{"role": "agent", "text": "不归我管"}],
            }
        },
    )
    after = site.client("supervisor", OTHER).get("/v1/board").json()
    assert after["routes"]["total"] == before["routes"]["total"] + 1
    assert sum(after["handoffs"]["by_action"].values()) == sum(before["handoffs"]["by_action"].values()) + 1
    assert (
        after["handoffs"]["by_reason"].get("asked", 0) == before["handoffs"]["by_reason"].get("asked", 0) + 1
    )
    assert after["handoffs"]["steps"]["accept"] >= 1
    assert after["quality"]["scored"] == before["quality"]["scored"] + 1
    assert "forbidden_word" in [one["code"] for one in after["quality"]["violations"]]
    assert conversation not in [one["conversation_id"] for one in after["conversations"]["waiting"]]


@pytest.mark.parametrize("period", ["daily", "weekly", "monthly"])
def test_a_report_comes_in_three_forms(site: Site, supervisor: httpx.Client, period: str) -> None:
    """The same counts as JSON, as a page and as a workbook."""
    site.client("bot").post("/v1/tickets/route", json={"text": "怎么开发票"})
    told = supervisor.get(f"/v1/reports/{period}").json()
    assert told["routes"]["total"] == sum(told["routes"]["by_priority"].values()) > 0
    page = supervisor.get(f"/v1/reports/{period}", params={"format": "html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert f"共 {told['routes']['total']} 张" in page.text
    book = supervisor.get(f"/v1/reports/{period}", params={"format": "xlsx"})
    rows = (
        python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(book.content))
        .get_sheet_by_index(0)
        .to_python()
    )
    assert any(f"共 {told['routes']['total']} 张" in str(cell) for row in rows for cell in row)


def test_a_day_without_work_is_empty(supervisor: httpx.Client) -> None:
    """A report of another day counts nothing of today."""
    told = supervisor.get("/v1/reports/daily", params={"date": "2020-02-02"}).json()
    assert told["routes"]["total"] == 0
    assert told["quality"]["mean"] is None
    assert told["from"] == "2020-02-02T00:00:00+08:00"
    problem(supervisor.get("/v1/reports/daily", params={"date": "2020-13-02"}), 422, "invalid")
    problem(supervisor.get("/v1/reports/hourly"), 422, "invalid")


def test_windows_follow_the_calendar() -> None:
    """A week begins on Monday, a month on its first; both end where the next begins."""
    week = window("weekly", date(2026, 11, 22), ZONE)
    assert (week.begin.date(), week.end.date()) == (date(2026, 11, 16), date(2026, 11, 23))
    month = window("monthly", date(2026, 12, 31), ZONE)
    assert (month.begin.date(), month.end.date()) == (date(2026, 12, 1), date(2027, 1, 1))
    assert window("daily", date(2026, 11, 22), ZONE).utc[0] == "2026-11-21T16:00:00.000+00:00"
    assert datetime.now(UTC) > window("daily", date(2020, 1, 1), ZONE).end
