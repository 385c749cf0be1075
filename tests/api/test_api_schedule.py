"""The clock of the reports: due once, made up when missed, and what the daily and weekly ones bring about."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api import casework, schedule
from api.casework import Casework
from api.store import Store, Writer, keys, schema
from tests.api.reporting import moved, tenant
from tests.api.serving import Site, say, start
from tests.nlp.reports.worked import conversation, week

ZONE = ZoneInfo("Asia/Shanghai")
YEAR = -364
"""The worked week a year earlier."""
MONDAY = datetime(2025, 11, 17, tzinfo=ZONE)
NAME = "clocked"


def _at(day: int, hour: int = 8, minute: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


def _work(site: Site, now: datetime) -> Casework:
    return replace(casework.make(site.folder / "policy"), clock=lambda: now)


def _run(site: Site, now: datetime) -> int:
    return schedule.run_due(_work(site, now), site.service, now)


@pytest.fixture(scope="module")
def own(site: Site) -> Site:
    """The worked week a year ago, of a site made on its Monday, with people of several roles."""
    tenant(site, NAME, moved(week(), YEAR))

    def unit(writer: Writer) -> None:
        keys.create(writer, NAME, "agent", {"id": "L1", "name": "组长", "team": "乙组", "roles": ["主管"]})
        keys.create(writer, NAME, "agent", {"id": "A9", "team": "乙组"})
        writer.execute(
            schema.tenants.update()
            .where(schema.tenants.c.id == NAME)
            .values(created_at="2025-11-16T17:00:00.000+00:00")
        )

    site.service.store.write(unit)
    return site


def _sent(own: Site, **params: Any) -> list[tuple[str, str]]:
    told = (
        own.client("supervisor", NAME).get("/v1/reports/deliveries", params={"limit": 500, **params}).json()
    )
    return sorted((one["period"], one["day"]) for one in told["deliveries"] if one["day"] < "2026-01-01")


def test_R130_R131_reports_go_out_once_and_missed_ones_are_made_up(own: Site) -> None:
    """Due at the set time, never twice, also from two processes at once; days that were missed follow in order."""
    assert _run(own, _at(1, 7, 59)) == 0
    assert _run(own, _at(1)) == 1
    assert (_run(own, _at(1)), _run(own, _at(1, 23))) == (0, 0)
    assert _sent(own) == [("daily", "2025-11-17")]
    run = schedule.Run("daily", _at(1).date(), _at(2))
    other = replace(own.service, store=Store(own.service.settings.url))  # as another process has it
    with ThreadPoolExecutor(4) as pool:  # four who found the same report due
        found = [own.service, other, own.service, other]
        made = list(pool.map(lambda one: schedule.deliver(_work(own, _at(2)), one, NAME, run, _at(2)), found))
    other.store.close()
    assert sorted(made) == [False, False, False, True]
    assert _run(own, _at(5, 9)) == 3  # three days off
    assert _sent(own) == [("daily", f"2025-11-{day}") for day in range(17, 22)]
    assert _run(own, _at(7, 9)) == 3  # two days of the weekend, and the week
    assert _sent(own, period="weekly") == [("weekly", "2025-11-17")]


def test_R131_recipients_are_found_by_role(own: Site) -> None:
    """Scopes and the site's words for roles; who is neither gets nothing, and a list shows one's own."""
    _run(own, _at(7, 9))
    told = own.client("supervisor", NAME).get("/v1/reports/deliveries", params={"limit": 500}).json()
    sent = {(one["period"], one["day"]): one for one in told["deliveries"]}
    daily, weekly = sent["daily", "2025-11-17"], sent["weekly", "2025-11-17"]
    assert [one["id"] for one in daily["recipients"]] == ["L1", f"supervisor-{NAME}"]
    assert [one["id"] for one in weekly["recipients"]] == ["L1", f"quality-{NAME}", f"supervisor-{NAME}"]
    assert daily["channels"] == ["page", "webhook"]
    assert daily["due_at"] == "2025-11-18T00:00:00.000+00:00"
    mine = (
        own.client("quality", NAME).get("/v1/reports/deliveries", params={"mine": True, "limit": 500}).json()
    )
    assert {one["period"] for one in mine["deliveries"] if one["day"] < "2026-01-01"} <= {"weekly", "monthly"}


def test_R137_recompute_equals_stored_until_something_moves(own: Site) -> None:
    """What went out is what the same report says now; a conversation told later shows as the numbers it moved."""
    _run(own, _at(7, 9))
    supervisor, way = own.client("supervisor", NAME), "/v1/reports/deliveries/weekly/2025-11-17"
    told = supervisor.get(way).json()
    assert told["recomputed"] == {"equal": True, "differences": [], "count": 0}
    days = [supervisor.get(f"/v1/reports/deliveries/daily/2025-11-{day}").json() for day in range(17, 24)]
    from nlp.reports.facts import summed

    assert summed(day["report"]["facts"] for day in days) == told["report"]["facts"]
    tenant_put(own, [*moved([conversation("late", 2, "B1", "乙组", score=50.0, grade="D")], YEAR)])
    found = supervisor.get(way).json()["recomputed"]
    assert found["equal"] is False
    assert {"number": "conversations", "was": 100, "is": 101} in found["differences"]
    assert {"number": "teams.乙组.hundredths", "was": 210000, "is": 215000} in found["differences"]
    assert supervisor.get(way, params={"format": "html"}).text.startswith("<!doctype html>")
    assert supervisor.get("/v1/reports/deliveries/weekly/2025-01-01").status_code == 404


def tenant_put(own: Site, told: list[Any]) -> None:
    from tests.api.reporting import observe

    observe(own, NAME, told)


def test_R132_the_week_opens_its_improvements(own: Site) -> None:
    """The weekly report opens an item for each top violation, with an owner of the team and a due day."""
    _run(own, _at(7, 9))
    told = (
        own.client("supervisor", NAME).get("/v1/reports/improvements", params={"date": "2025-11-19"}).json()
    )
    items = [(one["data"]["code"], one["owner"], one["due_at"], one["age_weeks"]) for one in told["items"]]
    assert sorted(items) == [
        ("closing", "L1", "2025-12-01T10:00:00.000+00:00", 0), ("greeting", "L1", "2025-12-01T10:00:00.000+00:00", 0),
    ]  # fmt: skip
    again = own.client("supervisor", NAME).post("/v1/reports/improvements", params={"date": "2025-11-19"})
    assert again.json() == {"week": "2025-11-17", "opened": []}


def test_R132_open_items_of_last_week_come_first_with_their_age(own: Site) -> None:
    """A week later the item left open leads the list; the finished one is gone; a new violation follows."""
    _run(own, _at(7, 9))
    supervisor = own.client("supervisor", NAME)
    first = supervisor.get("/v1/reports/improvements", params={"date": "2025-11-19"}).json()["items"]
    done = next(one for one in first if one["data"]["code"] == "greeting")
    if not done["final"]:
        move = {"move": "finish", "fields": {"result": "已培训开场白"}}
        assert supervisor.post(f"/v1/cases/{done['id']}/moves", json=move).status_code == 200
    late = [conversation(f"n{at}", at, "B1", "乙组", failed=["closing", "rude"]) for at in range(3)]
    tenant_put(own, moved(moved(late, YEAR), 7))
    supervisor.post("/v1/reports/improvements", params={"date": "2025-11-26"})
    told = supervisor.get("/v1/reports/improvements", params={"date": "2025-11-26"}).json()["items"]
    assert [(one["data"]["code"], one["age_weeks"], one["carried_over"]) for one in told] == [
        ("closing", 1, True), ("rude", 0, False),
    ]  # fmt: skip
    page = supervisor.get("/v1/reports/improvements", params={"date": "2025-11-26", "format": "html"}).text
    assert page.index("未使用结束语") < page.index("态度恶劣")


def test_R130_the_daily_report_tells_the_days_red_cards(site: Site) -> None:
    """A conversation that touches the red line makes a card, and the report of its day names it."""
    name = tenant(site, "carded")
    turns = [
        {"role": "customer", "text": "能查下我朋友的订单吗"},
        {"role": "agent", "text": "她的手机号是 13812345678，地址是幸福路 8 号，你自己联系她吧，滚"},
    ]
    body = {"id": "rc", "agent": {"id": "A1"}, "started_at": "2025-11-18T10:00:00+08:00", "turns": turns}
    scored = site.client("quality", name).post("/v1/quality/score", json={"transcript": body}).json()
    assert scored["veto"] is True
    told = site.client("supervisor", name).get("/v1/reports/daily", params={"date": "2025-11-18"}).json()
    assert [(one["agent"], one["state"]) for one in told["red_cards"]] == [("A1", "issued")]
    other = site.client("supervisor", name).get("/v1/reports/daily", params={"date": "2025-11-19"}).json()
    assert other["red_cards"] == []


def test_R130_the_daily_job_scores_what_nobody_scored(site: Site) -> None:
    """A live conversation of the day is scored and counted by the job, once; more turns count anew."""
    name = tenant(site, "unscored")
    bot, agent = site.client("bot", name), site.client("agent", name)
    talk = start(bot)
    say(bot, talk, "我的退款怎么还没到账，都十天了")
    say(agent, talk, "不归我管，你等着吧", "agent")
    now = datetime.now(ZONE)
    work = _work(site, now)
    span = schedule.window("daily", now.date(), ZONE)
    assert schedule.score_day(work, site.service, name, span) == 1
    assert schedule.score_day(work, site.service, name, span) == 0
    told = site.client("supervisor", name).get("/v1/reports/daily").json()
    assert (told["quality"]["scored"], told["facts"]["conversations"]) == (1, 1)
    assert "forbidden_word" in told["facts"]["failed"]
    assert [one["conversation"] for one in told["exceptions"]] == [talk]
    say(agent, talk, "抱歉，我马上帮您查一下", "agent")
    assert schedule.score_day(work, site.service, name, span) == 1
    told = site.client("supervisor", name).get("/v1/reports/daily").json()
    assert told["facts"]["conversations"] == 1


def test_R131_what_went_out_is_kept_as_long_as_the_site_says(site: Site) -> None:
    """A report quotes customers: after the site's days of keeping it is gone, the younger ones stay."""
    name, kept = tenant(site, "forgetful"), site.service.settings.decision_days
    for day in (0, kept - 1, kept + 1):
        now = MONDAY + timedelta(days=day, hours=9)
        run = schedule.Run("daily", now.date() - timedelta(days=1), now)
        assert schedule.deliver(_work(site, now), site.service, name, run, now)
    told = site.client("supervisor", name).get("/v1/reports/deliveries").json()["deliveries"]
    assert len(told) == 2
