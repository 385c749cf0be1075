"""Door of the cohort report: how new agents come on, day by day, with suggestions and without."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, cast
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from api.cohort_table import Arm, Events, by_arm
from api.deps import Json, Opened, Supervisor
from api.errors import invalid
from api.measured import counting
from api.store import Reader, agents

router = APIRouter(prefix="/v1/reports", tags=["reports"])

Names = Annotated[list[str] | None, Query(max_length=500)]


@router.get("/cohorts")
async def read_cohorts(
    opened: Opened,
    grant: Supervisor,
    days: Annotated[int, Query(ge=1, le=730)] = 90,
    start: Names = None,
    off: Names = None,
) -> Json:
    """Agents who started in the last `days`: `start=A012:2026-11-01` gives a day, else the first event counts.

    `off=A013` names who works without suggestions; so does `"suggestions":"off"` in the actor of a key.
    """
    zone = ZoneInfo(opened.settings.timezone)
    given = _starts(start or (), zone)

    def unit(reader: Reader) -> tuple[Events, dict[str, Arm]]:
        found = Events(
            acts=[(a, _at(at), s, x) for a, at, s, x in agents.acts(reader, grant.tenant)],
            scores=[(a, _at(at), score) for a, at, score in agents.scores(reader, grant.tenant)],
            handled=[(a, _at(at), seconds) for a, at, seconds in agents.handled(reader, grant.tenant)],
        )
        return found, cast("dict[str, Arm]", agents.arms(reader, grant.tenant))

    events, arms = await counting(opened.store, unit)
    since = datetime.now(UTC) - timedelta(days=days)
    starts = {agent: at for agent, at in {**events.starts(), **given}.items() if at >= since}
    known: dict[str, Arm] = {**arms, **dict.fromkeys(off or (), "off")}
    if known:  # a trial without suggestions names those who do without: everybody else has them
        known = {agent: known.get(agent, "on") for agent in starts}
    told = await asyncio.to_thread(by_arm, events, starts, known)
    return {
        "since": since.isoformat(timespec="seconds"),
        "agents": [
            {"agent": agent, "start": at.isoformat(), "given": agent in given, "arm": known.get(agent)}
            for agent, at in sorted(starts.items())
        ],
        "cohorts": told,
    }


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _starts(given: Sequence[str], zone: ZoneInfo) -> dict[str, datetime]:
    """`A012:2026-11-01` as the midnight that begins the day. Raises 422."""
    found = {}
    for one in given:
        agent, _, day = one.rpartition(":")
        try:
            begin = date.fromisoformat(day)
        except ValueError:
            begin = date.min
        if not agent or not 2000 <= begin.year <= 9000:
            raise invalid("start", f"不能是 {one[:40]!r}", "客服编号:日期，如 A012:2026-11-01")
        found[agent] = datetime.combine(begin, time(), zone)
    return found
