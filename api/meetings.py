"""周复盘会议: a record with time, host, attendees and an agenda made from the week's numbers; for calendars, too."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import case_views, cases
from api.bodies import Moment
from api.casework import Casework, Work, find
from api.deps import IdempotencyKey, Json, Opened, Overseer, once
from api.ics import Event, calendar
from api.improvements import week_of, weekly_list
from api.measured import counting
from api.report_base import daily_facts, day_of, item_names, reports_policy, window
from api.service import Service
from api.store import Reader, Writer
from api.store.cases import Case
from nlp.privacy import mask
from nlp.reports import sections
from nlp.reports.audit import audit
from nlp.reports.facts import mean

router = APIRouter(prefix="/v1/reports/meetings", tags=["reports"])
KIND = "meeting"
Name = Annotated[str, Field(min_length=1, max_length=256)]


class MeetingIn(BaseModel):
    """When and with whom; the agenda is made where none is given."""

    at: Moment
    minutes: float = Field(60, ge=1, le=600)
    host: Name | None = None
    attendees: list[Name] = Field(min_length=1, max_length=200, examples=[["S001", "Q001"]])
    place: str | None = Field(None, max_length=200)
    week: str | None = Field(None, max_length=10, description="这一周里的任一天；缺省为会议前一周")
    agenda: list[Annotated[str, Field(min_length=1, max_length=500)]] | None = Field(None, max_length=50)


def agenda_of(work: Casework, opened: Service, reader: Reader, tenant: str, week: Date) -> list[str]:
    """What a week's meeting is about: what is left open, the score, top violations, teams that miss their rates."""
    zone, policy = ZoneInfo(opened.settings.timezone), reports_policy(opened)
    total, _ = daily_facts(reader, tenant, window("weekly", week, zone), zone, policy.audit.pass_score)
    listed = weekly_list(work, reader, tenant, week)
    left = [case.title for case, age in listed if age > 0]
    own = [case.title for case, age in listed if age == 0]
    wrong = sections.violations(total, policy, item_names(opened, tenant))[: policy.top]
    teams = [one["team"] for one in audit(total, policy.audit)["failed"]]
    scored = total["scored"]
    told = [f"遗留改进项 {len(left)} 件：{'；'.join(left)}" if left else "遗留改进项：无"]
    told.append(f"本周质检 {scored} 段，平均 {mean(total)} 分" if scored else "本周没有质检结果")
    told += [f"问题：{one['text']}（{one['count']} 段）" for one in wrong]
    told += [f"未达稽核标准的团队：{'、'.join(teams)}"] if teams else []
    return [*told, f"本周改进项 {len(own)} 件：{'；'.join(own)}" if own else "议定本周改进项与负责人"]


@router.post("", status_code=201)
async def plan_meeting(
    body: MeetingIn, opened: Opened, work: Work, grant: Overseer, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Plan the weekly review; it is held, moved or cancelled at /v1/cases."""
    zone = ZoneInfo(opened.settings.timezone)
    at = body.at if body.at.tzinfo else body.at.replace(tzinfo=zone)
    before = at.astimezone(zone).date()
    week = week_of(Date.fromordinal(before.toordinal() - 7) if body.week is None else day_of(body.week, zone))

    agenda = body.agenda
    if not agenda:  # read before the writer is asked: its units stay short
        agenda = await counting(
            opened.store, lambda reader: agenda_of(work, opened, reader, grant.tenant, week)
        )
    told = [mask(one) for one in agenda]

    def unit(writer: Writer) -> tuple[int, Json]:
        host = body.host or grant.actor_id
        data: Json = {
            "week": week.isoformat(), "at": at.isoformat(), "minutes": body.minutes, "host": host,
            "attendees": body.attendees, "agenda": told,
        }  # fmt: skip
        if body.place is not None:
            data["place"] = mask(body.place)
        title = f"周复盘会议 {week.isoformat()} 起的一周"
        made = cases.open_case(
            work, writer, grant, KIND, title=title, subject=week.isoformat(), owner=host, data=data, due_at=at
        )
        return 201, case_views.shown(work, made, grant)

    return await once(opened, grant, idempotency_key, ["meeting", body.model_dump(mode="json")], unit)


@router.get("")
async def list_meetings(
    opened: Opened,
    work: Work,
    grant: Overseer,
    week: Annotated[str | None, Query(max_length=10)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Meetings, newest first; those about one week when it is named."""
    zone = ZoneInfo(opened.settings.timezone)
    subject = None if week is None else week_of(day_of(week, zone)).isoformat()

    def unit(reader: Reader) -> list[Json]:
        found = case_views.listed(work, reader, grant, kind=KIND, subject=subject, limit=limit)
        return [case_views.shown(work, case, grant) for case in found]

    return {"meetings": await opened.store.aread(unit)}


@router.get("/{meeting_id}.ics", response_class=Response)
async def meeting_calendar(meeting_id: str, opened: Opened, work: Work, grant: Overseer) -> Response:
    """The meeting for a calendar (RFC 5545)."""
    case = await opened.store.aread(lambda reader: find(work, reader, grant, meeting_id, KIND))
    return Response(
        calendar(_event(case)),
        media_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{case.id}.ics"'},
    )


def _event(case: Case) -> Event:
    data = case.data
    return Event(
        uid=f"{case.id}@zuoxi",
        stamp=datetime.fromisoformat(case.updated_at),
        start=datetime.fromisoformat(data["at"]),
        minutes=float(data["minutes"]),
        summary=case.title,
        description="\n".join(data["agenda"]),
        place=data.get("place"),
        organiser=str(data["host"]),
        attendees=data["attendees"],
        sequence=case.revision - 1,
        cancelled=case.state == "cancelled",
    )
