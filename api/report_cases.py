"""Doors of what a review looks at: conversations worth discussing, what customers complain of, what is new."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from api.casework import Work
from api.deps import Json, Opened, Overseer
from api.measured import counting
from api.report_base import Window, day_of, item_names, reports_policy, seen, window
from api.report_content import shown
from api.report_forms import FRAME, attached
from api.report_pages import page, workbook
from api.report_tables import Table, known
from api.report_voices import emerging, themes_of, voices
from api.store import Reader, rulings
from api.store import knowledge as stored
from nlp.privacy import mask
from nlp.reports.cases import Dispute, Picked, pick
from nlp.reports.policy import Period

router = APIRouter(prefix="/v1/reports", tags=["reports"])
Day = Annotated[str | None, Query(max_length=10, examples=["2026-11-03"])]
WHY = {"best": "最好", "worst": "最差", "disputed": "争议最大"}


def disputes(reader: Reader, tenant: str, span: Window, now: str) -> dict[str, Dispute]:
    """What people said, up to now, against results since the span began."""
    told = (span.utc[0], now)
    appeals: dict[str, int] = {}
    for case in stored.opened(reader, tenant, ("appeal",), told):
        appeals[str(case.subject)] = appeals.get(str(case.subject), 0) + 1
    changed: dict[str, int] = {}
    moved: dict[str, float] = {}
    for one in rulings.between(reader, tenant, *told):
        if one["before"]["score"] != one["holds"]["score"]:
            changed[one["result"]] = changed.get(one["result"], 0) + 1
            delta = float(one["holds"]["score"]) - float(one["before"]["score"])
            moved[one["result"]] = round(moved.get(one["result"], 0.0) + delta, 2)
    return {
        name: Dispute(appeals.get(name, 0), changed.get(name, 0), moved.get(name, 0.0))
        for name in sorted({*appeals, *changed})
    }


@router.get("/cases", response_class=Response)
async def read_cases(
    opened: Opened,
    work: Work,
    grant: Overseer,
    period: Period = "monthly",
    date: Day = None,
    each: Annotated[int | None, Query(ge=1, le=20)] = None,
    format: Literal["json", "html", "xlsx"] = "json",
) -> Response:
    """月度案例研讨: the best, the worst and the most disputed conversations, masked, each with its reason."""
    zone, policy = ZoneInfo(opened.settings.timezone), reports_policy(opened)
    span, names = window(period, day_of(date, zone), zone), item_names(opened, grant.tenant)

    def unit(reader: Reader) -> list[Json]:
        fought = disputes(reader, grant.tenant, span, work.now())
        found = pick(seen(reader, grant.tenant, span), fought, each or policy.cases_each, names)
        return [_told(reader, grant.tenant, one) for one in found]

    told = await counting(opened.store, unit)
    if format == "json":
        head = {"period": period, "from": span.begin.isoformat(), "to": span.end.isoformat()}
        return JSONResponse({**head, "cases": told})
    title = f"案例研讨 {span.begin.date()} 起，至 {span.end.date()} 零时"
    table = Table(
        "案例",
        ("会话", "类型", "入选理由", "得分", "客服", "客户原话（已脱敏）", "证据"),
        tuple(
            (
                str(one["conversation"]), WHY[one["why"]], one["reason"], known(one["score"]), str(known(one["agent"])),
                str(known(one["quote"])), " ".join(f"“{spot['text']}”" for spot in one["evidence"] if spot["text"]),
            )
            for one in told
        ),
        None,
        tuple(str(one["link"]) for one in told),
    )  # fmt: skip
    if format == "html":
        return HTMLResponse(page(title, [table]), headers={"Content-Security-Policy": FRAME})
    return attached(workbook(title, [table]), f"cases-{span.begin.date()}.xlsx")


def _told(reader: Reader, tenant: str, one: Picked) -> Json:
    failed = one.observation.values.get("failed") or ()
    told = shown(reader, tenant, [one.observation], str(failed[0]) if failed else None)[0]
    quote = None if told["quote"] is None else mask(str(told["quote"]))
    return {"why": one.why, "reason": one.reason, **told, "quote": quote}


@router.get("/emerging")
async def read_emerging(opened: Opened, grant: Overseer, date: Day = None) -> Json:
    """Complaints that are new on a day, at the stated rate of false alarms."""
    zone = ZoneInfo(opened.settings.timezone)
    day = day_of(date, zone)
    return await counting(opened.store, lambda reader: emerging(opened, reader, grant.tenant, day, zone))


@router.get("/themes")
async def read_themes(opened: Opened, grant: Overseer, period: Period = "weekly", date: Day = None) -> Json:
    """What customers complain of, by aspect: how often, in which words, with a few masked quotes."""
    zone = ZoneInfo(opened.settings.timezone)
    span = window(period, day_of(date, zone), zone)
    told = await counting(
        opened.store, lambda reader: themes_of(opened, voices(opened, reader, grant.tenant, span))
    )
    return {"period": period, "from": span.begin.isoformat(), "to": span.end.isoformat(), **told}
