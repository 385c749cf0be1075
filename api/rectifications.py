"""Doors of rectification: opened from a violation in one call, closed with a verified effect and two signatures."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from api import case_views, cases, rulings
from api.auth import requires
from api.bodies import Moment
from api.casework import Casework, Work, find
from api.deps import IdempotencyKey, Json, Opened, once
from api.errors import FieldError, Problem, invalid
from api.forms import site_folder
from api.record_pages import Format, answer, form_of
from api.service import Service
from api.settled import unsettled
from api.store import Reader, Writer, transcripts
from api.store.cases import Case
from api.store.keys import Grant
from nlp.privacy import mask
from nlp.quality.records import RECTIFICATION, Records, read_records

router = APIRouter(prefix="/v1/rectifications", tags=["quality"])

KIND = "rectification"
MOMENTS = ("found_at", "planned_at", "finished_at")
Judge = Annotated[Grant, requires("supervisor", "quality")]
Person = Annotated[Grant, requires("agent", "supervisor", "quality")]
Named = Annotated[str | None, Query(max_length=256)]
Said = Annotated[str | None, Field(min_length=1, max_length=2000)]
_read = lru_cache(maxsize=64)(read_records)


class RectificationIn(BaseModel):
    """A violation to put right; what is known of it already may come with it."""

    result_id: str = Field(min_length=1, max_length=200)
    item: str = Field(min_length=1, max_length=128, examples=["forbidden_word"])
    cause: str = Field(min_length=1, max_length=64, examples=["人员"])
    found_at: Moment | None = None
    channel: Said = None
    root_cause: Said = None
    measures: Said = None
    owner: Annotated[str | None, Field(min_length=1, max_length=128)] = None
    due_at: Moment | None = None


def records_of(opened: Service) -> Records:
    """The forms of an opened site, read once."""
    return _read(site_folder(opened.settings))


def refuse(wrong: dict[str, str], at: str = "") -> None:
    """Raises 422 naming each field that the form does not take."""
    if wrong:
        errors = [FieldError(at + name, "表上没有这一选项", accepted) for name, accepted in wrong.items()]
        raise Problem("invalid", "；".join(f"{one.field}: {one.message}" for one in errors), errors=errors)


@router.post("", status_code=201)
async def open_rectification(
    body: RectificationIn, opened: Opened, work: Work, grant: Judge, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Open one from a violation; with root cause, measures, owner and time it is under way at once."""
    refuse(records_of(opened).sheets[RECTIFICATION].wrong({"cause": body.cause}))
    plan = {name: getattr(body, name) for name in ("root_cause", "measures", "owner", "due_at")}
    given = [name for name, value in plan.items() if value is not None]
    if given and len(given) < len(plan):
        errors = [
            FieldError(name, "缺失", "与其余三项一起给，或都不给") for name in plan if name not in given
        ]
        raise Problem("invalid", "定措施要四项齐全", errors=errors)

    def unit(writer: Writer) -> tuple[int, Json]:
        case = _open(opened, work, writer, grant, body)
        if given and case.state == "open":
            fields = {name: mask(value) if isinstance(value, str) and name != "owner" else value
                      for name, value in plan.items()}  # fmt: skip
            fields["due_at"] = body.due_at.isoformat() if body.due_at else None
            case = cases.move(work, writer, grant, case.id, "plan", fields=fields)
        return 201, shown(work, opened, grant, case)

    content = ["rectification", body.model_dump(mode="json")]
    return await once(opened, grant, idempotency_key, content, unit)


def _open(opened: Service, work: Casework, writer: Writer, grant: Grant, body: RectificationIn) -> Case:
    reader = Reader(writer)
    found = rulings.stored(reader, grant.tenant, body.result_id)
    if body.item not in found.failed:
        accepted = "|".join(found.failed) or "这个结果没有违规"
        raise invalid("item", "没有被判不通过", accepted)
    why = unsettled(reader, grant.tenant, found.transcript_id)
    if why is not None:
        raise Problem("conflict", f"先解决再追责：{why}")
    item = next(one for one in found.result["items"] if one["code"] == body.item)
    told = transcripts.of_result(reader, grant.tenant, found.id) or {}
    data: Json = {
        "found_at": (body.found_at or work.clock()).isoformat(),
        "channel": mask(body.channel or "") or told.get("channel") or "质检",
        "cause": body.cause,
        "item": body.item,
        "item_name": item["name"],
        "agent": found.agent,
        "transcript_id": found.transcript_id,
        "evidence": item["evidence"][:20],
    }
    # one violation is put right once, however often its conversation is scored
    name = hashlib.sha256(f"{found.transcript_id}|{body.item}".encode()).hexdigest()[:24]
    return cases.open_case(
        work, writer, grant, KIND, title=f"整改：{item['name']}（会话 {found.transcript_id}）"[:200],
        subject=found.id, data=data, identity=f"rt-{name}",
    )  # fmt: skip


def shown(work: Casework, opened: Service, grant: Grant, case: Case) -> Json:
    """A rectification with the form's fields and lines as printed."""
    sheet = records_of(opened).sheets[RECTIFICATION]
    values = values_of(work, case, _zone(opened))
    lines = [{"name": name, "text": text} for name, text in sheet.printed(_on_paper(opened, values))]
    return {**case_views.shown(work, case, grant), "fields": values, "lines": lines}


def _zone(opened: Service) -> ZoneInfo:
    return ZoneInfo(opened.settings.timezone)


def _local(at: str, zone: ZoneInfo) -> str:
    """A moment as people write it: the site's clock, to the minute."""
    return datetime.fromisoformat(at).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _on_paper(opened: Service, values: Json) -> Json:
    """The fields as they are printed; what programs read keeps its zone."""
    return values | {name: _local(values[name], _zone(opened)) for name in MOMENTS if values[name]}


def values_of(work: Casework, case: Case, zone: ZoneInfo) -> Json:
    """The fields of the form."""
    signed = case.data.get("sign_offs") or case.approvals
    given = {name: case.data.get(name) for name in ("found_at", "channel", "cause", "root_cause", "measures")}
    return {
        **given,
        "owner": case.owner,
        "planned_at": case.data.get("planned_at"),
        "finished_at": case.data.get("finished_at"),
        "effect": case.data.get("effect"),
        "sign_offs": "、".join(
            f"{role} {one['by']}（{_local(one['at'], zone)}）" for role, one in signed.items()
        ),
    }


def register(work: Casework) -> None:
    """The planned time and the two signatures stay on the form when the case goes on."""

    def planned(writer: Writer, case: Case, grant: Grant) -> None:
        cases.attach(work, writer, grant, case, {"planned_at": case.due_at})

    def closed(writer: Writer, case: Case, grant: Grant) -> None:
        signed = {one["by"] for one in case.approvals.values()}
        if len(signed) < 2 or not str(case.data.get("effect") or "").strip():
            raise Problem("conflict", "关闭前要有效果验证和两个不同的人的签字")
        cases.attach(work, writer, grant, case, {"sign_offs": case.approvals})

    work.on_move(KIND, "plan", planned)
    work.on_move(KIND, "close", closed)


@router.get("/form")
async def read_form(opened: Opened, grant: Person) -> Json:
    """The form: its lines and what may be chosen."""
    return form_of(records_of(opened).sheets[RECTIFICATION])


@router.get("", response_model=None)
async def list_rectifications(
    opened: Opened,
    work: Work,
    grant: Person,
    state: Named = None,
    owner: Named = None,
    overdue: bool = False,
    after: Named = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    format: Format = "json",
) -> Response:
    """Rectifications, newest first: as JSON, to print, or as a workbook."""

    def unit(reader: Reader) -> list[Case]:
        return case_views.listed(
            work,
            reader,
            grant,
            kind=KIND,
            state=state,
            owner=owner,
            overdue=overdue,
            after=after,
            limit=limit,
        )

    found = await opened.store.aread(unit)
    page = [shown(work, opened, grant, case) for case in found]
    told = {"rectifications": page, "next": page[-1]["id"] if len(page) == limit else None}
    sheet = records_of(opened).sheets[RECTIFICATION]
    return answer(sheet, told, [_on_paper(opened, one["fields"]) for one in page], format)


@router.get("/{case_id}", response_model=None)
async def read_rectification(
    case_id: str, opened: Opened, work: Work, grant: Person, format: Format = "json"
) -> Response:
    """One rectification with everything that happened to it."""

    def unit(reader: Reader) -> Json:
        case = find(work, reader, grant, case_id, KIND)
        return {
            **shown(work, opened, grant, case),
            "history": case_views.history(reader, grant, case),
        }

    told = await opened.store.aread(unit)
    return answer(records_of(opened).sheets[RECTIFICATION], told, [_on_paper(opened, told["fields"])], format)
