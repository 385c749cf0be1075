"""Doors of how the tools are used: versioned events, and counts that add up to them."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date as Day
from datetime import datetime
from itertools import chain, islice
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from api.auth import requires
from api.casework import written
from api.days import day_of
from api.deps import Json, Opened
from api.errors import Problem, invalid
from api.measured import counting
from api.store import Reader, observations, usage
from api.store.keys import Grant

router = APIRouter(prefix="/v1/quality/usage", tags=["quality"])

SCHEMA = "usage/1"
"""Events have: id, type, at, actor, subject, data. A field may be added to data; nothing else changes within a version."""
TYPES = (
    *(
        f"suggestion.{action}"
        for action in ("shown", "inserted", "edited", "sent", "dismissed", "helpful", "not_helpful")
    ),
    "search",
    "rule.hit",
)
SPAN_DAYS = 31
MOST = 300_000
"""Events of one question."""
Judge = Annotated[Grant, requires("supervisor", "quality")]


def _span(opened: Opened, since: Day, until: Day) -> tuple[datetime, datetime]:
    if not 0 <= (until - since).days < SPAN_DAYS:
        raise invalid("until", "区间不对", f"since 当天或之后，至多 {SPAN_DAYS} 天")
    return day_of(opened, since)[0], day_of(opened, until)[1]


def events_of(reader: Reader, tenant: str, since: datetime, until: datetime) -> list[Json]:
    """Every event of a span, oldest first. Raises 413 where they are more than are held at once."""
    span = (written(since), written(until))
    told = (usage.suggestions, usage.searches, usage.rule_hits)
    every = chain.from_iterable(one(reader, tenant, *span) for one in told)
    found = list(islice(every, MOST + 1))
    if len(found) > MOST:
        raise Problem("too_large", f"这段时间有超过 {MOST} 个事件：缩短时间段")
    return sorted(found, key=lambda one: (one["at"], one["id"]))


def counted(events: Sequence[Json], zone: ZoneInfo) -> Json:
    """Counts by type, by day and by actor; each adds up to the total."""
    days: dict[str, Counter[str]] = defaultdict(Counter)
    actors: dict[str, Counter[str]] = defaultdict(Counter)
    rules: Counter[str] = Counter()
    for one in events:
        day = datetime.fromisoformat(one["at"]).astimezone(zone).date().isoformat()
        days[day][one["type"]] += 1
        actors[one["actor"] or ""][one["type"]] += 1
        if one["type"] == "rule.hit":
            rules[one["data"]["item"]] += 1
    types = Counter(one["type"] for one in events)
    return {
        "total": len(events),
        "types": {name: types[name] for name in TYPES},
        "days": {day: dict(sorted(counts.items())) for day, counts in sorted(days.items())},
        "actors": {actor: dict(sorted(counts.items())) for actor, counts in sorted(actors.items())},
        "rules": dict(sorted(rules.items())),
    }


@router.get("")
async def read_usage(opened: Opened, grant: Judge, since: Day, until: Day) -> Json:
    """Suggestions shown, inserted, edited, sent; searches; rule hits; and whether two ways of counting agree."""
    span = _span(opened, since, until)

    def unit(reader: Reader) -> tuple[list[Json], int]:
        told = sum(1 for _ in observations.between(reader, grant.tenant, "suggestion", *span))
        return events_of(reader, grant.tenant, *span), told

    found, told = await counting(opened.store, unit)
    counts = await asyncio.to_thread(counted, found, ZoneInfo(opened.settings.timezone))
    acts = sum(number for name, number in counts["types"].items() if name.startswith("suggestion."))
    sums: dict[str, Any] = {
        "types": sum(counts["types"].values()),
        "days": sum(sum(one.values()) for one in counts["days"].values()),
        "actors": sum(sum(one.values()) for one in counts["actors"].values()),
    }
    reconciled = set(sums.values()) == {counts["total"]} and told == acts
    return {
        "schema": SCHEMA,
        "since": since.isoformat(),
        "until": until.isoformat(),
        **counts,
        "reconciliation": {**sums, "suggestion_events": acts, "suggestion_facts": told, "agrees": reconciled},
    }


@router.get("/events")
async def list_events(
    opened: Opened,
    grant: Judge,
    since: Day,
    until: Day,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> Json:
    """The events themselves, oldest first."""
    span = _span(opened, since, until)
    found = await counting(opened.store, lambda reader: events_of(reader, grant.tenant, *span))
    page = [{"schema": SCHEMA, **one} for one in found[offset : offset + limit]]
    return {
        "events": page,
        "total": len(found),
        "next": offset + limit if offset + limit < len(found) else None,
    }
