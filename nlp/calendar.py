"""Working time: several periods a day, public holidays and make-up days (调休), a calendar for each queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nlp.tables import Preset, Table

Period = tuple[int, int]
"""Open seconds of a local day, half-open `[start, end)`, 0…86,400."""

_DAY = 86_400
_HORIZON = 3_700
"""Days looked ahead before a calendar is called closed for good: ten years."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Calendar:
    """`week[weekday]` are the open periods of a plain day; `days` says otherwise for single dates."""

    code: str
    name: str
    zone: tzinfo
    week: tuple[tuple[Period, ...], ...]
    days: Mapping[date, tuple[Period, ...]]
    always: bool = False

    def periods(self, day: date) -> tuple[Period, ...]:
        """Open periods of the local `day`, in order."""
        found = self.days.get(day)
        return self.week[day.weekday()] if found is None else found

    def _instants(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = start.astimezone(self.zone).date()
        for offset in range(_HORIZON):
            today = day + timedelta(days=offset)
            midnight = datetime.combine(today, time(), self.zone)
            for opens, closes in self.periods(today):
                yield _at(midnight, opens), _at(midnight, closes)

    def is_open(self, at: datetime) -> bool:
        """Whether `at` is working time."""
        return self.always or next((a <= at < b for a, b in self._instants(at) if b > at), False)

    def add(self, start: datetime, seconds: float) -> datetime:
        """The moment when `seconds` of working time have passed since `start`; aware in, aware out (own zone).

        Ends on the last open moment when the time is used up exactly at closing. Raises ValueError when the
        calendar never opens again or `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError("seconds must not be negative")
        start = start.astimezone(UTC)  # in UTC an hour is an hour, whatever the wall clock does
        if self.always:
            return (start + timedelta(seconds=seconds)).astimezone(self.zone)
        left = timedelta(seconds=seconds)
        for opens, closes in self._instants(start):
            begin = max(opens, start)
            if begin >= closes:
                continue
            if begin + left <= closes:
                return (begin + left).astimezone(self.zone)
            left -= closes - begin
        raise ValueError(f"日历 {self.code} 在 {start.date()} 之后没有开放时段")

    def between(self, start: datetime, end: datetime) -> float:
        """Working seconds in `[start, end)`; negative when `end` is before `start`."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if end < start:
            return -self.between(end, start)
        if self.always:
            return (end - start).total_seconds()
        total = timedelta()
        for opens, closes in self._instants(start):
            if opens >= end:
                break
            total += max(min(closes, end) - max(opens, start), timedelta())
        return total.total_seconds()


def _at(midnight: datetime, seconds: int) -> datetime:
    # Wall time first, then UTC: a day with a clock change keeps its opening hours and loses or gains the hour.
    wall = midnight + timedelta(seconds=seconds)
    return wall.astimezone(UTC)


def zone_of(name: str) -> tzinfo:
    """A named zone; Beijing time needs no zone data on the machine. Raises ZoneInfoNotFoundError."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        if name == "Asia/Shanghai":
            return timezone(timedelta(hours=8), name)
        raise


def read_calendars(preset: Preset) -> tuple[Mapping[str, Calendar], Mapping[str, str], frozenset[int]]:
    """The calendars by code, the calendar of each queue (`default` for the rest), the years with holidays set."""
    table = preset.table
    try:
        zone = zone_of(table.text("zone", "Asia/Shanghai"))
    except (ZoneInfoNotFoundError, ValueError):
        raise table.error("zone", "未知时区", "时区名，如 Asia/Shanghai") from None
    holidays, makeups, years = _special_days(table)
    calendars = {
        item.text("code"): _calendar(item, zone, holidays, makeups) for item in table.tables("calendar")
    }
    queues = {key: table.table("queues").text(key) for key in table.table("queues").values}
    for key, code in {"default": queues.get("default", ""), **queues}.items():
        if code not in calendars:
            raise table.error(f"queues.{key}", f"没有日历 {code!r}", "|".join(calendars))
    return calendars, queues, years


def _special_days(table: Table) -> tuple[frozenset[date], Mapping[date, int], frozenset[int]]:
    holidays: set[date] = set()
    makeups: dict[date, int] = {}
    years: set[int] = set()
    for year in table.tables("year", required=False):
        years.add(int(year.number("year", low=2000, high=2200)))
        for rest in year.tables("rest", required=False):
            first, last = rest.day("from"), rest.day("to")
            if last < first:
                raise rest.error("to", "早于 from", "不早于 from 的日期")
            holidays.update(first + timedelta(days=n) for n in range((last - first).days + 1))
        for makeup in year.tables("work", required=False):
            as_day = makeup.text("as", "mon", WEEKDAYS)
            makeups[makeup.day("day")] = WEEKDAYS.index(as_day)
    return frozenset(holidays), makeups, frozenset(years)


def _calendar(table: Table, zone: tzinfo, holidays: frozenset[date], makeups: Mapping[date, int]) -> Calendar:
    table.only("code", "name", "always", "week", "holidays")
    week = tuple(_day(table, name) for name in WEEKDAYS)
    days: dict[date, tuple[Period, ...]] = {}
    if table.flag("holidays", True):
        days = {day: week[as_day] for day, as_day in makeups.items()} | dict.fromkeys(holidays, ())
    return Calendar(table.text("code"), table.text("name"), zone, week, days, table.flag("always", False))


def _day(table: Table, weekday: str) -> tuple[Period, ...]:
    week = table.table("week", required=False)
    periods: list[Period] = []
    for text in week.texts(weekday, ()):
        start, _, end = text.partition("-")
        period = _clock(week, weekday, start), _clock(week, weekday, end)
        if period[0] >= period[1] or (periods and periods[-1][1] > period[0]):
            raise week.error(
                weekday, f"时段 {text!r} 颠倒或重叠", '由早到晚的时段，如 ["09:00-12:00", "13:30-17:00"]'
            )
        periods.append(period)
    return tuple(periods)


def _clock(table: Table, key: str, text: str) -> int:
    hours, _, minutes = text.strip().partition(":")
    if hours.isdigit() and minutes.isdigit() and int(minutes) < 60:
        seconds = int(hours) * 3600 + int(minutes) * 60
        if seconds <= _DAY:
            return seconds
    raise table.error(key, f"无法识别的时刻 {text!r}", "00:00 到 24:00")
