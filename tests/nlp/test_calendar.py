"""Working time of Chinese offices."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.calendar import Calendar, read_calendars
from nlp.tables import PolicyError, read_preset

CALENDARS, QUEUES, YEARS = read_calendars(read_preset("calendar"))
OFFICE = CALENDARS["office"]
ZONE = OFFICE.zone


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-06 16:30", 1, "2026-11-09 09:30"),
        ("2026-11-06 11:30", 1, "2026-11-06 14:00"),
        ("2026-11-06 12:30", 0.5, "2026-11-06 14:00"),
        ("2026-09-18 16:30", 1, "2026-09-20 09:30"),
        ("2026-09-30 16:00", 2, "2026-10-08 10:00"),
        ("2026-02-14 16:00", 2, "2026-02-24 10:00"),
        ("2026-11-07 12:00", 1, "2026-11-09 10:00"),
    ],
)
def test_add(start: str, hours: float, end: str) -> None:
    """B16 R102: weekends, the lunch gap, holidays and make-up days are passed over or worked as published."""
    assert OFFICE.add(at(start), hours * 3600) == at(end)


def test_holidays_of_2026() -> None:
    """B16: the 33 days of rest and the six make-up days of 2026; later years are the site's to set."""
    resting = [day for day, periods in OFFICE.days.items() if day.year == 2026 and not periods]
    working = sorted(day for day, periods in OFFICE.days.items() if day.year == 2026 and periods)
    assert len(resting) == 3 + 9 + 3 + 5 + 3 + 3 + 7
    assert working == [
        date(2026, 1, 4),
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
    ]
    assert {2025, 2026} == YEARS


def test_queues_have_their_own_hours() -> None:
    """B16: a depot works on Saturday morning where an office does not; the VIP queue never closes."""
    saturday = at("2026-11-07 09:00")
    assert CALENDARS[QUEUES["logistics"]].is_open(saturday)
    assert not CALENDARS[QUEUES["default"]].is_open(saturday)
    assert CALENDARS[QUEUES["vip"]].is_open(saturday)


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 11, 30)).map(lambda m: m.replace(tzinfo=UTC))
spans = st.integers(0, 40 * 3600)
calendars = st.sampled_from([*CALENDARS.values()])


@given(calendars, moments, spans)
def test_between_undoes_add(calendar: Calendar, start: datetime, seconds: int) -> None:
    """B16: the working time up to the moment that adding gives is the time that was added."""
    assert calendar.between(start, calendar.add(start, seconds)) == pytest.approx(seconds, abs=1e-3)


@given(calendars, moments, spans, spans)
def test_adding_twice_is_adding_the_sum(calendar: Calendar, start: datetime, one: int, two: int) -> None:
    """B16: time can be added in parts."""
    assert calendar.between(start, calendar.add(calendar.add(start, one), two)) == pytest.approx(
        one + two, abs=1e-3
    )


@given(calendars, moments, moments)
def test_working_time_is_never_more_than_time(calendar: Calendar, one: datetime, two: datetime) -> None:
    """B16: no calendar works longer than the clock, and direction only changes the sign."""
    first, last = sorted((one, two))
    assert 0 <= calendar.between(first, last) <= (last - first).total_seconds()
    assert calendar.between(last, first) == -calendar.between(first, last)


def test_a_calendar_that_never_opens_says_so(tmp_path: Path) -> None:
    """B16: a closed calendar is an error, not an endless search."""
    (tmp_path / "calendar.toml").write_text(
        '[queues]\ndefault = "none"\n[[calendar]]\ncode = "none"\nname = "关"\n', encoding="utf-8"
    )
    closed = read_calendars(read_preset("calendar", tmp_path))[0]["none"]
    with pytest.raises(ValueError, match="没有开放时段"):
        closed.add(at("2026-11-06 10:00"), 60)


def test_overlapping_periods_are_refused(tmp_path: Path) -> None:
    """B16: a broken calendar names file, key and accepted form."""
    (tmp_path / "calendar.toml").write_text(
        '[queues]\ndefault = "a"\n[[calendar]]\ncode = "a"\nname = "甲"\n[calendar.week]\nmon = ["09:00-12:00", "11:00-13:00"]\n',
        encoding="utf-8",
    )
    with pytest.raises(PolicyError) as caught:
        read_calendars(read_preset("calendar", tmp_path))
    assert caught.value.key == "calendar.0.week.mon"
    assert "09:00-12:00" in caught.value.accepted


def test_far_away_zone_keeps_its_wall_clock(tmp_path: Path) -> None:
    """B16: a day with a clock change opens at the same wall time."""
    (tmp_path / "calendar.toml").write_text(
        'zone = "Europe/Berlin"\n[queues]\ndefault = "a"\n[[calendar]]\ncode = "a"\nname = "甲"\n'
        '[calendar.week]\nfri = ["09:00-17:00"]\nmon = ["09:00-17:00"]\n',
        encoding="utf-8",
    )
    calendar = read_calendars(read_preset("calendar", tmp_path))[0]["a"]
    friday = datetime(2026, 3, 27, 16, 30, tzinfo=calendar.zone)
    end = calendar.add(friday, 3600)
    assert (end.day, end.hour, end.minute) == (30, 9, 30)
    assert end.astimezone(UTC) - friday.astimezone(UTC) == timedelta(days=2, hours=16)
