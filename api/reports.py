"""Door of the reports: what was routed, handed off, suggested and scored in a day, a week, a month; and now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from api.deps import Json, Opened, Supervisor
from api.errors import invalid
from api.report_metrics import metrics
from api.report_pages import to_html, to_xlsx
from api.store import Reader, conversations, decisions, results

router = APIRouter(prefix="/v1", tags=["reports"])

Period = Literal["daily", "weekly", "monthly"]
WAITING = ("requested", "offered")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FRAME = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


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


def _falling(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def counts(reader: Reader, tenant: str, span: tuple[str, str]) -> Json:
    """Everything a report tells of a span of time (UTC ISO, half-open)."""

    def routes(*path: str | int) -> dict[str, int]:
        return _falling(decisions.counted(reader, tenant, "route", *span, *path))

    automation = routes("automation")
    made = decisions.counted(reader, tenant, "suggest", *span, "abstained")
    used = decisions.feedback_counted(reader, tenant, "suggestion", *span, "action")
    tally = results.tally(reader, tenant, *span)
    return {
        "routes": {
            "total": sum(automation.values()),
            "by_category": routes("category", "path", 0),
            "by_leaf": routes("category", "code"),
            "by_priority": routes("priority", "level"),
            "by_automation": automation,
        },
        "handoffs": {
            "by_action": _falling(decisions.counted(reader, tenant, "handoff", *span, "action")),
            "by_reason": _falling(decisions.counted(reader, tenant, "handoff", *span, "reasons", 0, "code")),
            "steps": _falling(decisions.counted(reader, tenant, "handoff_step", *span, "step")),
        },
        "suggestions": {
            "made": sum(made.values()),
            "abstained": sum(number for value, number in made.items() if value in ("1", "true")),
            "by_action": _falling(used),
        },
        "quality": {
            "scored": tally.scored,
            "mean": None if tally.mean is None else round(tally.mean, 2),
            "vetoes": tally.vetoes,
            "grades": dict(sorted(tally.grades.items())),
            "violations": [
                {"code": code, "count": number, "rate": round(number / tally.scored, 4)}
                for code, number in _falling(tally.failed).items()
            ],
            "agents": [
                {"agent": agent, "scored": scored, "mean": round(mean, 2)}
                for agent, (scored, mean) in tally.agents.items()
            ],
        },
    }


@router.get("/reports/{period}", response_class=Response)
async def read_report(
    period: Period,
    opened: Opened,
    grant: Supervisor,
    date: Annotated[str | None, Query(max_length=10, examples=["2026-11-03"])] = None,
    format: Literal["json", "html", "xlsx"] = "json",
) -> Response:
    """Counts of a day, a week or a month of the site's calendar."""
    zone = ZoneInfo(opened.settings.timezone)
    span = window(period, _day(date, zone), zone)

    def unit(reader: Reader) -> Json:
        return {**counts(reader, grant.tenant, span.utc), **metrics(reader, grant.tenant, span.utc)}

    told = await opened.store.aread(unit)
    report = {"period": period, "from": span.begin.isoformat(), "to": span.end.isoformat(), **told}
    if format == "json":
        return JSONResponse(report)
    names = {code: node.name for code, node in opened.policy.taxonomy.codes.items()}
    if format == "html":
        return HTMLResponse(to_html(report, names), headers={"Content-Security-Policy": FRAME})
    name = f"zuoxi-{period}-{span.begin:%Y-%m-%d}.xlsx"
    content = await asyncio.to_thread(to_xlsx, report, names)
    return Response(
        content, media_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _day(given: str | None, zone: ZoneInfo) -> date:
    if given is None:
        return datetime.now(zone).date()
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 9000:
        raise invalid("date", "不是可用的日期", "YYYY-MM-DD，如 2026-11-03")
    return day


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
