"""When a report is due, once, and what a missed run makes up."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from nlp.reports.policy import read_reports
from nlp.reports.schedule import Run, due

ZONE = ZoneInfo("Asia/Shanghai")
SCHEDULE = read_reports().schedule
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def _told(
    now: str, sent: set[tuple[str, str]] | None = None, since: datetime = LONG_AGO
) -> list[tuple[str, str]]:
    runs = due(SCHEDULE, datetime.fromisoformat(now).replace(tzinfo=ZONE), ZONE, sent or set(), since)
    return [(run.period, run.day.isoformat()) for run in runs]


SENT = {("daily", f"2026-11-{day}") for day in range(10, 17)} | {
    ("weekly", "2026-11-09"),
    ("monthly", "2026-10-01"),
}


def test_R130_the_day_before_is_due_at_the_set_time() -> None:
    """At 07:59 of Wednesday nothing, at 08:00 Tuesday's report, and once it went out nothing again."""
    assert _told("2026-11-18T07:59:59", SENT) == []
    assert _told("2026-11-18T08:00:00", SENT) == [("daily", "2026-11-17")]
    assert _told("2026-11-18T09:00:00", SENT | {("daily", "2026-11-17")}) == []


def test_R131_weeks_and_months_follow_their_days() -> None:
    """Monday brings the week after the day; the first of a month brings the month."""
    sent = SENT | {("daily", f"2026-11-{day}") for day in range(17, 30)}
    assert _told("2026-11-23T08:29:00", sent) == []
    assert _told("2026-11-23T08:30:00", sent) == [("weekly", "2026-11-16")]
    assert _told("2026-12-01T09:00:00", sent | {("weekly", "2026-11-16"), ("weekly", "2026-11-23")}) == [
        ("daily", "2026-11-30"), ("monthly", "2026-11-01"),
    ]  # fmt: skip


def test_R131_missed_runs_are_made_up_in_order() -> None:
    """After three days off all three days go out, oldest first; what is older than the site's days does not."""
    sent = {one for one in SENT if one < ("daily", "2026-11-14") or one[0] != "daily"}
    assert _told("2026-11-17T12:00:00", sent) == [("daily", f"2026-11-{day}") for day in (14, 15, 16)]
    assert [day for period, day in _told("2026-11-17T12:00:00") if period == "daily"] == [
        f"2026-11-{day}" for day in range(10, 17)
    ]
    assert ("monthly", "2026-10-01") not in _told("2026-11-17T12:00:00")


def test_R131_a_new_site_gets_nothing_of_before() -> None:
    """A site made on Tuesday noon has no report of Monday, but one of Tuesday."""
    since = datetime(2026, 11, 17, 4, tzinfo=UTC)
    assert _told("2026-11-18T08:00:00", set(), since) == [("daily", "2026-11-17")]
    run = due(SCHEDULE, datetime(2026, 11, 18, 1, tzinfo=UTC), ZONE, set(), since)
    assert run == [Run("daily", datetime(2026, 11, 17).date(), datetime(2026, 11, 18, 8, tzinfo=ZONE))]
