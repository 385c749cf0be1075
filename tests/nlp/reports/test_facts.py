"""Facts add up: a week is its days, whatever their order; sections read off them."""

from __future__ import annotations

import random
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from nlp.metrics.interval import wilson
from nlp.reports import sections
from nlp.reports.facts import by_day, facts, mean, summed
from nlp.reports.policy import read_reports
from nlp.reports.shares import Share
from tests.nlp.reports.worked import conversation, week

POLICY = read_reports()
ZONE = ZoneInfo("Asia/Shanghai")
PASS = POLICY.audit.pass_score


def test_R110_five_of_a_hundred_without_closing() -> None:
    """5 of 100 lacking closing reads 未使用结束语 5.0%."""
    table = sections.violations(facts(week(), PASS), POLICY, {"closing": "结束语"})
    assert [one["text"] for one in table] == ["未使用结束语 5.0%", "未使用开场白 2.0%"]
    assert (table[0]["count"], table[0]["of"], table[0]["share"]) == (5, 100, 0.05)


def test_B24_shares_carry_their_interval() -> None:
    """5.0% of 100 is 5.0% [2.2, 11.2]; of 1,200 it is 5.0% [3.9, 6.4]."""
    table = sections.violations(facts(week(), PASS), POLICY, {})
    assert table[0]["told"] == "5.0% [2.2, 11.2]"
    assert table[0]["interval"] == [0.0215, 0.1118]
    assert Share(60, 1200).told() == "5.0% [3.9, 6.4]"
    assert wilson(0, 10) == pytest.approx((0.0, 0.27753), abs=1e-5)
    assert Share(0, 0).json() == {"count": 0, "of": 0, "share": None, "interval": None}


def test_B24_few_conversations_are_marked() -> None:
    """An agent of fewer conversations than the site asks for is told as such."""
    told = {one["name"]: one["small"] for one in sections.people(facts(week(), PASS), "agents", POLICY)}
    assert told == {"A1": False, "A2": True, "B1": False}


def test_R137_the_days_add_up_to_the_week() -> None:
    """The sum of the daily facts is the facts of the week, in any order, number by number."""
    made = week()
    days = by_day(made, ZONE, PASS)
    assert sorted(days) == [date(2026, 11, 16) + timedelta(days=n) for n in range(5)]
    whole = facts(made, PASS)
    assert summed(days.values()) == whole
    shuffled = random.Random(7).sample(made, len(made))
    assert summed(reversed(by_day(shuffled, ZONE, PASS).values())) == whole
    assert summed([]) == facts([], PASS)


def test_R137_points_add_up_exactly() -> None:
    """Scores of two decimals are counted in hundredths: a thousand of them are exact."""
    made = [conversation(str(n), n % 7, score=0.1 * (n % 10) + 70.01) for n in range(1000)]
    assert facts(made, PASS)["hundredths"] == 1000 * 7001 + 100 * sum(10 * n for n in range(10))
    assert summed(by_day(made, ZONE, PASS).values()) == facts(made, PASS)


def test_R137_a_day_is_the_sites_day() -> None:
    """A conversation at 16:00 UTC is of the next day in Shanghai."""
    late = conversation("late")
    assert list(by_day([late], ZoneInfo("UTC"), PASS)) == [date(2026, 11, 16)]
    moved = [conversation("x", 0)]
    assert list(by_day(moved, ZoneInfo("Pacific/Kiritimati"), PASS)) == [date(2026, 11, 16)]
    assert list(by_day(moved, ZoneInfo("Pacific/Honolulu"), PASS)) == [date(2026, 11, 15)]


def test_R111_scores_people_and_the_course_of_the_week() -> None:
    """The mean is (50·90 + 20·80 + 30·70)/100 = 82; each day has its row, an empty one too."""
    made = week()
    total, days = facts(made, PASS), by_day(made, ZONE, PASS)
    told = sections.quality(total)
    assert (told["scored"], told["mean"], told["vetoes"]) == (100, 82.0, 1)
    assert told["grades"] == {"A": 50, "B": 20, "C": 30}
    assert told["agents"] == [
        {"agent": "A1", "scored": 50, "mean": 90.0},
        {"agent": "A2", "scored": 20, "mean": 80.0},
        {"agent": "B1", "scored": 30, "mean": 70.0},
    ]
    rows = sections.course(days, [date(2026, 11, 16) + timedelta(days=n) for n in range(7)])
    assert [row["scored"] for row in rows] == [20] * 5 + [0, 0]
    assert [row["mean"] for row in rows] == [82.0] * 5 + [None, None]
    assert [row["violations"] for row in rows] == [2, 2, 1, 1, 1, 0, 0]


def test_R111_a_week_beside_the_one_before() -> None:
    """The mean and each violation move in points and percentage points."""
    now, before = facts(week(), PASS), facts([conversation("x", score=80.0, failed=["closing"])], PASS)
    assert sections.compared(now, before) == {
        "mean": 82.0, "before": 80.0, "delta": 2.0, "n": 100, "n_before": 1,
    }  # fmt: skip
    moved = sections.trends(now, before, POLICY, {})
    assert moved[0] == {"code": "closing", "problem": "未使用结束语", "points": -95.0}
    nothing = facts([], PASS)
    assert sections.compared(now, nothing)["delta"] is None
    assert mean(nothing) is None


def test_R067_adherence_is_passed_of_applicable() -> None:
    """Checks that did not apply count neither way: 甲组 passed 680 of 700."""
    teams = {one["name"]: one["adherence"] for one in sections.people(facts(week(), PASS), "teams", POLICY)}
    assert (teams["甲组"]["count"], teams["甲组"]["of"]) == (680, 700)
    assert (teams["乙组"]["count"], teams["乙组"]["of"]) == (293, 300)
    assert sections.adherence(facts(week(), PASS))[2] == {
        "agent": "B1", "scored": 30, "passed": 293, "applicable": 300, "rate": 0.9767,
    }  # fmt: skip
    nothing = facts([conversation("x", passed=0, applicable=0)], PASS)
    assert sections.adherence(nothing)[0]["rate"] is None
