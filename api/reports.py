"""Door of the reports: what was routed, handed off, suggested and scored in a day, a week, a month; and now."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from api.deps import Json, Opened, Overseer, Supervisor
from api.forms import CODE
from api.measured import counting
from api.report_base import day_of, item_names, reports_policy, window
from api.report_content import compiled, failing, shown
from api.report_counts import counts, scored
from api.report_forms import FRAME, attached
from api.report_pages import to_html, to_markdown, to_xlsx
from api.store import Reader, conversations
from nlp.reports.policy import Period

router = APIRouter(prefix="/v1", tags=["reports"])

WAITING = ("requested", "offered")


@router.get("/reports/{period}", response_class=Response)
async def read_report(
    period: Period,
    opened: Opened,
    grant: Overseer,
    date: Annotated[str | None, Query(max_length=10, examples=["2026-11-03"])] = None,
    format: Literal["json", "html", "xlsx", "md"] = "json",
) -> Response:
    """A day, a week or a month of the site's calendar: every form holds the same numbers."""
    day = day_of(date, ZoneInfo(opened.settings.timezone))
    report = await counting(opened.store, lambda reader: compiled(opened, reader, grant.tenant, period, day))
    if format == "json":
        return JSONResponse(report)
    names = {code: node.name for code, node in opened.policy.taxonomy.codes.items()}
    if format == "html":
        return HTMLResponse(to_html(report, names), headers={"Content-Security-Policy": FRAME})
    if format == "md":
        return Response(to_markdown(report, names), media_type="text/markdown; charset=utf-8")
    content = await asyncio.to_thread(to_xlsx, report, names)
    return attached(content, f"{period}-{report['from'][:10]}.xlsx")


@router.get("/reports/{period}/violations/{code}")
async def read_violation(
    period: Period,
    code: Annotated[str, Path(pattern=CODE)],
    opened: Opened,
    grant: Overseer,
    date: Annotated[str | None, Query(max_length=10, examples=["2026-11-03"])] = None,
    agent: Annotated[str | None, Query(max_length=256)] = None,
    team: Annotated[str | None, Query(max_length=256)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """The conversations behind a violation of a report, worst first, each with its evidence."""
    zone = ZoneInfo(opened.settings.timezone)
    span = window(period, day_of(date, zone), zone)
    about = {name: value for name, value in (("agent", agent), ("team", team)) if value is not None}

    def unit(reader: Reader) -> Json:
        found = failing(reader, grant.tenant, span, code, about)
        problem = reports_policy(opened).problem(code, item_names(opened, grant.tenant))
        return {
            "code": code,
            "problem": problem,
            "from": span.begin.isoformat(),
            "to": span.end.isoformat(),
            "count": len(found),
            "conversations": shown(reader, grant.tenant, found[:limit], code),
        }

    return await counting(opened.store, unit)


@router.get("/board")
async def read_board(opened: Opened, grant: Supervisor) -> Json:
    """Today's live numbers: who waits, where conversations stand, and what the day has brought so far."""
    zone = ZoneInfo(opened.settings.timezone)
    now = datetime.now(zone)
    span = window("daily", now.date(), zone).utc

    def unit(reader: Reader) -> Json:
        waiting = conversations.recent(reader, grant.tenant, span[0], 50, WAITING)
        latest = conversations.recent(reader, grant.tenant, span[0], 50)
        return {
            "as_of": now.isoformat(timespec="seconds"),
            "conversations": {
                "by_state": conversations.counted(reader, grant.tenant, span[0]),
                "waiting": [_glance(one) for one in reversed(waiting)],
                "latest": [_glance(one) for one in latest],
            },
            **counts(reader, grant.tenant, span),
            "quality": scored(reader, grant.tenant, span),
        }

    return await opened.store.aread(unit)


def _glance(kept: conversations.Kept) -> Json:
    return {
        "conversation_id": kept.id,
        "state": kept.status,
        "turns": kept.turns,
        "trajectory": kept.state["trajectory"],
        "channel": kept.state.get("channel"),
        "customer": kept.state.get("customer"),
        "agent": kept.state.get("agent"),
        "updated_at": kept.updated_at,
    }
