"""When reports are due: the moment of each period, what was missed and is made up, what is too old."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from nlp.reports.policy import PERIODS, Period, Schedule


@dataclass(frozen=True, slots=True)
class Run:
    """A report to send: its period, the first day of it, and when it was due."""

    period: Period
    day: date
    due: datetime


def due(
    schedule: Schedule, now: datetime, zone: tzinfo, sent: Collection[tuple[str, str]], since: datetime
) -> list[Run]:
    """Reports that are due and did not go out, the oldest first.

    `sent` holds (period, day) of those that did; periods that ended before `since`, or were due more than the
    site's days of making up ago, are left alone.
    """
    runs = []
    for period in PERIODS:
        slot = schedule.slots.get(period)
        if slot is None:
            continue
        for first, end in _ended(period, now.astimezone(zone).date(), schedule.catch_up_days):
            moment = datetime.combine(end, slot.at, zone)
            in_time = timedelta(0) <= now - moment <= timedelta(days=schedule.catch_up_days)
            ended_since = datetime.combine(end, time(), zone) > since
            if in_time and ended_since and (period, first.isoformat()) not in sent:
                runs.append(Run(period, first, moment))
    return sorted(runs, key=lambda run: (run.due, PERIODS.index(run.period)))


def _ended(period: Period, today: date, days: int) -> Iterator[tuple[date, date]]:
    """(first day, first day after) of the periods that ended within `days`, and of the one that ended last."""
    if period == "daily":
        for back in range(days + 1):
            yield today - timedelta(days=back + 1), today - timedelta(days=back)
    elif period == "weekly":
        monday = today - timedelta(days=today.weekday())
        for back in range(days // 7 + 2):
            yield monday - timedelta(days=7 * (back + 1)), monday - timedelta(days=7 * back)
    else:
        end = today.replace(day=1)
        for _ in range(days // 28 + 2):
            first = (end - timedelta(days=1)).replace(day=1)
            yield first, end
            end = first
