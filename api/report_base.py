"""What every report needs: its window, the site's policy, the observations of a span, names and links."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from api.errors import invalid
from api.forms import names_of, site_folder
from api.service import Service
from api.store import Reader, observations
from nlp.metrics.observation import Observation
from nlp.reports.facts import by_day, summed
from nlp.reports.policy import Period, ReportPolicy, read_reports

Json = dict[str, Any]
CONVERSATION, TICKET = "conversation", "ticket"

_read = lru_cache(maxsize=64)(read_reports)


def reports_policy(opened: Service) -> ReportPolicy:
    """The policy of an opened site, read once."""
    return _read(site_folder(opened.settings))


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open: from `begin` up to, not including, `end`; both at midnight of the site."""

    begin: datetime
    end: datetime

    @property
    def utc(self) -> tuple[str, str]:
        """As the store writes times."""
        begin, end = (at.astimezone(UTC).isoformat(timespec="milliseconds") for at in (self.begin, self.end))
        return begin, end

    @property
    def days(self) -> list[date]:
        """Every day of it."""
        size = (self.end.date() - self.begin.date()).days
        return [self.begin.date() + timedelta(days=at) for at in range(size)]


def window(period: Period, day: date, zone: ZoneInfo) -> Window:
    """The day, the week from Monday, or the month that `day` lies in."""
    if period == "daily":
        first, last = day, day + timedelta(days=1)
    elif period == "weekly":
        first = day - timedelta(days=day.weekday())
        last = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1)
    return Window(datetime.combine(first, time(), zone), datetime.combine(last, time(), zone))


def before(period: Period, span: Window, zone: ZoneInfo) -> Window:
    """The period that ends where `span` begins."""
    return window(period, span.begin.date() - timedelta(days=1), zone)


def day_of(given: str | None, zone: ZoneInfo) -> date:
    """A day of a request, today without one. Raises 422."""
    if given is None:
        return datetime.now(zone).date()
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 9000:
        raise invalid("date", "不是可用的日期", "YYYY-MM-DD，如 2026-11-03")
    return day


def seen(
    reader: Reader,
    tenant: str,
    span: Window,
    kind: str = CONVERSATION,
    about: Mapping[str, str] | None = None,
    without: Collection[str] = (),
) -> Iterator[Observation]:
    """Observations of a kind in a span, streamed; `about` holds dimensions to match, `without` categories to skip."""
    return observations.between(reader, tenant, kind, span.begin, span.end, about, without=without)


def daily_facts(
    reader: Reader, tenant: str, span: Window, zone: ZoneInfo, pass_score: float
) -> tuple[Json, dict[date, Json]]:
    """The facts of a span and of each of its days: the span is the sum of its days."""
    days = by_day(seen(reader, tenant, span), zone, pass_score)
    return summed(days.values()), days


def item_names(opened: Service, tenant: str) -> Mapping[str, str]:
    """Names of the items of every form, by code."""
    return names_of(opened.settings, tenant)


def link(result_id: object) -> str:
    """Where the supervisor's pages show a result with its evidence."""
    return f"/supervisor#/quality/talk/{result_id}"
