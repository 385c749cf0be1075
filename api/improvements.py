"""《周复盘改进清单》: items opened from the week's violations, what earlier weeks left open, and their door."""

from __future__ import annotations

import hashlib
from datetime import date as Date
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from api import case_views, cases
from api.casework import Casework, Work, clock_of
from api.deps import Json, Opened, Overseer
from api.measured import counting
from api.people import Person, people, with_any
from api.report_base import daily_facts, day_of, item_names, reports_policy, window
from api.report_forms import FRAME, attached
from api.report_pages import page, workbook
from api.report_tables import Table, known
from api.service import Service
from api.store import Reader, Writer
from api.store import knowledge as stored
from api.store.cases import Case
from nlp.reports.improvement import Item, Proposed, listed, proposed

router = APIRouter(prefix="/v1/reports/improvements", tags=["reports"])
KIND = "improvement"


def week_of(day: Date) -> Date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def _items(work: Casework, found: list[Case]) -> dict[str, tuple[Item, Case]]:
    told = {}
    for case in found:
        week = case.data.get("week")
        if week is None:  # opened by hand: of the week it was opened in
            week = week_of(datetime.fromisoformat(case.created_at).date()).isoformat()
        final = work.kinds[KIND].states[case.state].final
        item = Item(
            case.id, Date.fromisoformat(week), str(case.data.get("code") or ""), case.title, case.owner,
            case.due_at, case.state, final,
        )  # fmt: skip
        told[case.id] = (item, case)
    return told


def week_facts(opened: Service, reader: Reader, tenant: str, day: Date) -> Json:
    """What is counted of a day's week."""
    zone, policy = ZoneInfo(opened.settings.timezone), reports_policy(opened)
    return daily_facts(reader, tenant, window("weekly", day, zone), zone, policy.audit.pass_score)[0]


def open_week(
    work: Casework, opened: Service, writer: Writer, tenant: str, day: Date, total: Json
) -> list[Case]:
    """Open an item for each of the week's most frequent violations that none deals with yet; again: nothing new.

    `total` is what was counted of the week, before the writer was asked: its units stay short.
    """
    zone, reader = ZoneInfo(opened.settings.timezone), Reader(writer)
    policy, week = reports_policy(opened), week_of(day)
    there = _items(work, stored.opened(reader, tenant, (KIND,)))
    open_codes = {item.code for item, _ in there.values() if not item.final}
    everybody = people(reader, tenant, work.now())
    made = []
    for one in proposed(total, open_codes, policy, item_names(opened, tenant)):
        name = hashlib.sha256(f"{week}|{one.code}".encode()).hexdigest()[:16]
        if f"im-{name}" in there:  # of this week, and finished
            continue
        data: Json = {
            "week": week.isoformat(), "code": one.code, "problem": one.problem, **one.share.json(),
            "team": one.team, "in_team": one.in_team,
        }  # fmt: skip
        due = datetime.combine(week + timedelta(days=7 + policy.improvement_days), time(18), zone)
        made.append(
            cases.open_case(
                work, writer, clock_of(tenant), KIND, title=one.title(), subject=one.code,
                owner=_owner(one, everybody, policy.improvement_owners), data=data, due_at=due,
                identity=f"im-{name}",
            )
        )  # fmt: skip
    return made


def _owner(one: Proposed, everybody: list[Person], owners: Any) -> str | None:
    if one.team in owners:
        return str(owners[one.team])
    leaders = with_any(everybody, ("supervisor", "主管"))
    own = [person for person in leaders if person.team is not None and person.team == one.team]
    return (own or leaders)[0].id if leaders else None


def weekly_list(work: Casework, reader: Reader, tenant: str, day: Date) -> list[tuple[Case, int]]:
    """The list of a week, what is carried over first, each with its age in weeks."""
    found = _items(work, stored.opened(reader, tenant, (KIND,)))
    return [
        (found[item.id][1], age) for item, age in listed([item for item, _ in found.values()], week_of(day))
    ]


@router.get("", response_class=Response)
async def read_improvements(
    opened: Opened,
    work: Work,
    grant: Overseer,
    date: Annotated[str | None, Query(max_length=10, examples=["2026-11-18"])] = None,
    format: Literal["json", "html", "xlsx"] = "json",
) -> Response:
    """The improvement list of a week: open items of earlier weeks first, with their age, then the week's own."""
    day = day_of(date, ZoneInfo(opened.settings.timezone))

    def unit(reader: Reader) -> list[Json]:
        return [
            {**case_views.shown(work, case, grant), "age_weeks": age, "carried_over": age > 0}
            for case, age in weekly_list(work, reader, grant.tenant, day)
        ]

    told = await opened.store.aread(unit)
    week = week_of(day)
    if format == "json":
        return JSONResponse({"week": week.isoformat(), "items": told})
    title, table = f"周复盘改进清单 {week.isoformat()} 起的一周", _table(told)
    if format == "html":
        return HTMLResponse(page(title, [table]), headers={"Content-Security-Policy": FRAME})
    return attached(workbook(title, [table]), f"improvements-{week.isoformat()}.xlsx")


def _table(told: list[Json]) -> Table:
    return Table(
        "改进项",
        ("改进项", "上周遗留（周）", "团队", "负责人", "期限", "状态", "逾期"),
        tuple(
            (
                str(one["title"]), one["age_weeks"], str(known(one["data"].get("team"))), str(known(one["owner"])),
                str(known(one["due_at"]))[:10], str(one["state_name"]), "是" if one["overdue"] and not one["final"] else "",
            )
            for one in told
        ),
    )  # fmt: skip


@router.post("", status_code=201)
async def open_improvements(
    opened: Opened,
    work: Work,
    grant: Overseer,
    date: Annotated[str | None, Query(max_length=10, examples=["2026-11-18"])] = None,
) -> Json:
    """Open the items of a week now; those that are there already stay as they are."""
    day = day_of(date, ZoneInfo(opened.settings.timezone))

    total = await counting(opened.store, lambda reader: week_facts(opened, reader, grant.tenant, day))

    def unit(writer: Writer) -> list[Json]:
        made = open_week(work, opened, writer, grant.tenant, day, total)
        return [case_views.shown(work, case, grant) for case in made]

    return {"week": week_of(day).isoformat(), "opened": await opened.store.awrite(unit)}
