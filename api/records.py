"""Doors of the forms people fill in: the service record out of a transcript, the feedback register, completeness."""

from __future__ import annotations

import asyncio
from datetime import date as Day
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from api import case_views, cases, rulings
from api.auth import requires
from api.bodies import Moment
from api.casework import Casework, Work, find, written
from api.days import day_of
from api.deps import AgentKey, IdempotencyKey, Json, Opened, once
from api.errors import invalid, not_found
from api.measured import counting
from api.record_pages import Format, answer, form_of
from api.rectifications import records_of, refuse
from api.service import Service
from api.store import Reader, Writer, transcripts
from api.store import knowledge as stored
from api.store.cases import Case
from api.store.keys import Grant
from nlp.privacy import mask
from nlp.quality.records import FEEDBACK, SERVICE, Records, completeness, edits, filled, missing

router = APIRouter(prefix="/v1/quality/records", tags=["quality"])

RECORD = "service_record"
SPAN_DAYS = 92
"""Days one question about completeness may span."""
Person = Annotated[Grant, requires("agent", "supervisor", "quality")]
Judge = Annotated[Grant, requires("supervisor", "quality")]
Named = Annotated[str | None, Query(max_length=256)]
Text = Annotated[str, Field(max_length=2000)]


class RecordIn(BaseModel):
    """The result whose conversation is put on record."""

    result_id: str = Field(min_length=1, max_length=200)


class ConfirmIn(BaseModel):
    """What the agent puts right before confirming; fields left out stay as they were filled."""

    fields: dict[str, Text] = Field(default_factory=dict, max_length=20)


class FeedbackIn(BaseModel):
    """What a customer told us, and what is to be done about it by when."""

    text: str = Field(min_length=1, max_length=2000, examples=["希望退款能发短信通知"])
    source: str = Field(max_length=64, examples=["电话"])
    type: str = Field(max_length=64, examples=["建议"])
    expectation: str = Field(min_length=1, max_length=2000)
    department: str = Field(min_length=1, max_length=128)
    planned_at: Moment
    owner: str | None = Field(None, min_length=1, max_length=128)


@router.get("/forms/{code}")
async def read_form(code: str, opened: Opened, grant: Person) -> Json:
    """A form: its lines as printed, its fields, and what may be chosen."""
    sheet = records_of(opened).sheets.get(code)
    if sheet is None:
        raise not_found("记录表", code)
    return form_of(sheet)


@router.post("/service", status_code=201)
async def fill_record(
    body: RecordIn, opened: Opened, work: Work, grant: Person, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Fill the service record from a scored conversation; each sentence names its turn. One for each conversation."""

    def unit(writer: Writer) -> tuple[int, Json]:
        reader = Reader(writer)
        found = rulings.stored(reader, grant.tenant, body.result_id, grant)
        told = transcripts.of_result(reader, grant.tenant, found.id)
        if told is None:
            raise not_found("会话记录", found.id)
        made = filled(found.result, told, records_of(opened))
        data: Json = {
            "fields": dict(made.values),
            "draft": dict(made.values),
            "references": dict(made.references),
            "transcript_id": found.transcript_id,
        }
        case = cases.open_case(
            work, writer, grant, RECORD, title=f"服务记录：会话 {found.transcript_id}"[:200], subject=found.id,
            owner=found.agent, data=data, identity=f"sr-{found.transcript_id}",
        )  # fmt: skip
        return 201, record(work, opened, grant, case)

    return await once(opened, grant, idempotency_key, ["service-record", body.model_dump()], unit)


def record(work: Casework, opened: Service, grant: Grant, case: Case) -> Json:
    """A service record with the form's lines, what is missing, and how far the agent changed what was filled."""
    rules = records_of(opened)
    values = case.data.get("fields") or {}
    told = case_views.shown(work, case, grant)
    return {
        **told,
        "fields": values,
        "lines": [{"name": name, "text": text} for name, text in rules.sheets[SERVICE].printed(values)],
        "references": case.data.get("references") or {},
        "missing": missing(values, rules),
        "edits": case.data.get("edits"),
    }


@router.post("/service/{record_id}/confirm")
async def confirm_record(
    record_id: str,
    body: ConfirmIn,
    opened: Opened,
    work: Work,
    grant: AgentKey,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Confirm a record, corrected where needed; how many characters changed is kept field by field."""
    sheet = records_of(opened).sheets[SERVICE]

    def unit(writer: Writer) -> tuple[int, Json]:
        case = find(work, Reader(writer), grant, record_id, RECORD)
        given = {name: text if name in sheet.options else mask(text) for name, text in body.fields.items()}
        refuse(sheet.wrong(given), "fields.")
        cases.amend(work, writer, grant, case.id, {"fields": {**case.data["fields"], **given}})
        case = cases.move(work, writer, grant, case.id, "confirm")
        return 200, record(work, opened, grant, case)

    return await once(opened, grant, idempotency_key, ["confirm-record", record_id, body.model_dump()], unit)


def register(work: Casework, opened: Service) -> None:
    """How far a record was changed is kept when it is confirmed, whichever door confirms it."""

    def confirmed(writer: Writer, case: Case, grant: Grant) -> None:
        values, draft = case.data["fields"], case.data["draft"]
        changed = {
            name: edits(draft.get(name) or "", values.get(name) or "")
            for name in records_of(opened).sheets[SERVICE].fields
        }
        places = {name: place for name, place in case.data["references"].items() if not changed[name]}
        cases.attach(work, writer, grant, case, {"edits": changed, "references": places})

    work.on_move(RECORD, "confirm", confirmed)


@router.get("/service", response_model=None)
async def list_records(
    opened: Opened,
    work: Work,
    grant: Person,
    state: Named = None,
    agent: Named = None,
    after: Named = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    format: Format = "json",
) -> Response:
    """Service records, newest first: as JSON, to print, or as a workbook."""
    found = await opened.store.aread(
        lambda reader: case_views.listed(
            work, reader, grant, kind=RECORD, state=state, owner=agent, after=after, limit=limit
        )
    )
    page = [record(work, opened, grant, case) for case in found]
    told = {"records": page, "next": page[-1]["id"] if len(page) == limit else None}
    return answer(records_of(opened).sheets[SERVICE], told, [one["fields"] for one in page], format)


@router.get("/service/{record_id}", response_model=None)
async def read_record(
    record_id: str, opened: Opened, work: Work, grant: Person, format: Format = "json"
) -> Response:
    """One service record with everything that happened to it."""

    def unit(reader: Reader) -> Json:
        case = find(work, reader, grant, record_id, RECORD)
        return {
            **record(work, opened, grant, case),
            "history": case_views.history(reader, grant, case),
        }

    told = await opened.store.aread(unit)
    return answer(records_of(opened).sheets[SERVICE], told, [told["fields"]], format)


@router.get("/completeness")
async def read_completeness(opened: Opened, grant: Judge, since: Day, until: Day) -> Json:
    """Complete service records of these days over all of them: 诉求, 步骤 and 结果 filled in; a blank is not."""

    if not 0 <= (until - since).days < SPAN_DAYS:
        raise invalid("until", "区间不对", f"since 当天或之后，至多 {SPAN_DAYS} 天")

    def unit(reader: Reader) -> list[Case]:
        span = (written(day_of(opened, since)[0]), written(day_of(opened, until)[1]))
        return stored.opened(reader, grant.tenant, [RECORD], span)

    return await asyncio.to_thread(
        _completeness, await counting(opened.store, unit), records_of(opened), since, until
    )


def _completeness(found: list[Case], rules: Records, since: Day, until: Day) -> Json:
    whole, total = completeness((case.data.get("fields") or {} for case in found), rules)
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "complete": whole,
        "records": total,
        "rate": whole / total if total else None,
        "needed": list(rules.complete),
        "incomplete": [
            {"id": case.id, "agent": case.owner, "missing": gaps}
            for case in found
            if (gaps := missing(case.data.get("fields") or {}, rules))
        ][:500],
    }


@router.post("/feedback", status_code=201)
async def register_feedback(
    body: FeedbackIn, opened: Opened, work: Work, grant: AgentKey, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Put a customer's feedback on the register; its planned time is the deadline that sounds the alarm."""
    given = {"source": body.source, "type": body.type}
    refuse(records_of(opened).sheets[FEEDBACK].wrong(given))

    def unit(writer: Writer) -> tuple[int, Json]:
        text = mask(body.text)
        data: Json = {
            **given,
            "text": text,
            "expectation": mask(body.expectation),
            "department": body.department,
            "planned_at": body.planned_at.isoformat(),
        }
        case = cases.open_case(
            work, writer, grant, "feedback", title=f"反馈：{text[:60]}", owner=body.owner or grant.actor_id,
            data=data, due_at=body.planned_at,
        )  # fmt: skip
        return 201, feedback(work, opened, grant, case)

    content = ["feedback-record", body.model_dump(mode="json")]
    return await once(opened, grant, idempotency_key, content, unit)


def feedback(work: Casework, opened: Service, grant: Grant, case: Case) -> Json:
    """A line of the register with the form's fields; `alarm` where its planned time passed without a result."""
    sheet = records_of(opened).sheets[FEEDBACK]
    values: dict[str, Any] = {name: case.data.get(name) for name in sheet.fields}
    told = case_views.shown(work, case, grant)
    late = case.state == "overdue" or (case.state == "handling" and told["overdue"])
    lines = [{"name": name, "text": text} for name, text in sheet.printed(values)]
    return {**told, "fields": values, "lines": lines, "alarm": late}


@router.get("/feedback", response_model=None)
async def list_feedback(
    opened: Opened,
    work: Work,
    grant: Person,
    state: Named = None,
    overdue: bool = False,
    after: Named = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    format: Format = "json",
) -> Response:
    """The register, newest first: as JSON, to print, or as a workbook."""

    def unit(reader: Reader) -> list[Case]:
        return case_views.listed(
            work, reader, grant, kind="feedback", state=state, overdue=overdue, after=after, limit=limit
        )

    found = await opened.store.aread(unit)
    page = [feedback(work, opened, grant, case) for case in found]
    told = {"feedback": page, "next": page[-1]["id"] if len(page) == limit else None}
    sheet = records_of(opened).sheets[FEEDBACK]
    return answer(sheet, told, [one["fields"] for one in page], format)
