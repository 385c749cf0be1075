"""Door of the reports that went out: who got which and when, what it said, and whether the numbers still hold."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from api.deps import Json, Opened, Overseer
from api.errors import not_found
from api.measured import counting
from api.report_base import day_of, window
from api.report_content import compiled
from api.report_forms import FRAME, attached
from api.report_pages import to_html, to_xlsx
from api.store import Reader, deliveries
from nlp.reports.policy import Period

router = APIRouter(prefix="/v1/reports/deliveries", tags=["reports"])
TOLD = 50
"""Differences that are listed."""


@router.get("")
async def list_deliveries(
    opened: Opened,
    grant: Overseer,
    period: Period | None = None,
    mine: bool = False,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Reports that went out, the newest first; `mine` are those sent to the caller."""
    found = await opened.store.aread(lambda reader: deliveries.listed(reader, grant.tenant, period, limit))
    if mine:
        found = [one for one in found if grant.actor_id in {who["id"] for who in one["recipients"]}]
    return {"deliveries": found}


@router.get("/{period}/{day}", response_class=Response)
async def read_delivery(
    period: Period,
    day: str,
    opened: Opened,
    grant: Overseer,
    format: Literal["json", "html", "xlsx"] = "json",
) -> Response:
    """A report as it went out. As JSON also what the same report says now: rulings since then move numbers."""
    zone = ZoneInfo(opened.settings.timezone)
    first = window(period, day_of(day, zone), zone).begin.date()

    def unit(reader: Reader) -> tuple[Json, Json] | None:
        kept = deliveries.get(reader, grant.tenant, period, first)
        return None if kept is None else (kept, compiled(opened, reader, grant.tenant, period, first))

    found = await counting(opened.store, unit)
    if found is None:
        raise not_found("已发出的报告", f"{period} {first.isoformat()}")
    kept, now = found
    names = {code: node.name for code, node in opened.policy.taxonomy.codes.items()}
    if format == "html":
        return HTMLResponse(to_html(kept["report"], names), headers={"Content-Security-Policy": FRAME})
    if format == "xlsx":
        content = await asyncio.to_thread(to_xlsx, kept["report"], names)
        return attached(content, f"{period}-{first.isoformat()}.xlsx")
    moved = list(differences(kept["report"]["facts"], now["facts"]))
    held = {"equal": not moved, "differences": moved[:TOLD], "count": len(moved)}
    return JSONResponse({**kept, "recomputed": held})


def differences(before: Mapping[str, Any], after: Mapping[str, Any], at: str = "") -> Iterator[Json]:
    """Numbers that are no longer what they were, by their way through the tables."""
    for name in sorted({*before, *after}):
        way = f"{at}.{name}" if at else name
        old, new = before.get(name, 0), after.get(name, 0)
        if isinstance(old, Mapping) or isinstance(new, Mapping):
            yield from differences(old or {}, new or {}, way)
        elif old != new:
            yield {"number": way, "was": old, "is": new}
