"""Days of a site, from midnight to midnight in its zone."""

from __future__ import annotations

from datetime import date as Day
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from api.service import Service


def day_of(opened: Service, day: Day) -> tuple[datetime, datetime]:
    """A day of the site, from midnight to midnight."""
    zone = ZoneInfo(opened.settings.timezone)
    begin = datetime.combine(day, time(), zone)
    return begin, datetime.combine(day + timedelta(days=1), time(), zone)
