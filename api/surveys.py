"""Door of the surveys: opened when a conversation is closed or when asked for, answered once, counted by dimension."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import cases, observed
from api.auth import requires
from api.casework import Casework, Work, clock_of
from api.deps import Bot, IdempotencyKey, Json, Opened, once
from api.errors import invalid, not_found
from api.events import Bell
from api.forms import site_folder
from api.service import Service
from api.store import Reader, Writer, conversations
from api.store import cases as store
from api.store.cases import Case
from api.store.conversations import Kept
from api.store.keys import Grant
from nlp.metrics.survey import Questionnaire, Surveys, load_surveys, to_json, values_of
from nlp.privacy import mask
from nlp.quality.dialogue import category_path

router = APIRouter(prefix="/v1/surveys", tags=["metrics"])

KIND = "survey"
ABOUT = ("agent", "team", "category", "channel", "region", "customer", "tier")
Asking = Annotated[Grant, requires("bot", "supervisor", "quality")]
Label = Annotated[str | None, Field(max_length=128)]


class SurveyIn(BaseModel):
    """A survey to open: about a conversation of ours, or anything with a subject."""

    conversation_id: Label = None
    subject: Label = None
    scenario: Annotated[str | None, Field(max_length=64)] = None
    wave: Annotated[str | None, Field(max_length=64, examples=["2026-Q4"])] = None
    agent: Label = None
    team: Label = None
    category: Label = None
    channel: Label = None
    region: Label = None
    customer: Label = None


class AnswersIn(BaseModel):
    """What the customer answered, by question."""

    answers: dict[str, Any] = Field(max_length=50)
    comment: str | None = Field(None, max_length=2000)


def register(work: Casework, opened: Service) -> None:
    """An answered survey counts, whichever door the answer came through; one that is off the scale is refused."""
    surveys = load_surveys(site_folder(opened.settings))

    def count(writer: Writer, case: Case, grant: Grant) -> None:
        values = values_of(_asked(surveys, case), case.data["answers"], case.data.get("comment"))
        observed.surveyed(writer, grant.tenant, case, values)

    work.on_move(KIND, "answer", count)


def _asked(surveys: Surveys, case: Case) -> Questionnaire:
    found = surveys.by_code(case.data["scenario"])
    if found is None:
        raise invalid("scenario", f"没有问卷 {case.data['scenario']}", "surveys.toml 里的编码")
    return found


def invite(work: Casework, writer: Writer, opened: Service, grant: Grant, kept: Kept) -> str | None:
    """Open a survey of a conversation that is being closed, each time it is; None where the site does not ask."""
    surveys = load_surveys(site_folder(opened.settings))
    if not surveys.on_close or not kept.turns:
        return None
    about = observed.labels_of(Reader(writer), grant.tenant, kept)
    identity = f"sv-{kept.id}-{kept.revision}"
    return _open(work, writer, opened, grant.tenant, about, kept.id, identity=identity).id


def _open(
    work: Casework,
    writer: Writer,
    opened: Service,
    tenant: str,
    about: Mapping[str, str],
    subject: str,
    *,
    scenario: str | None = None,
    wave: str | None = None,
    identity: str | None = None,
) -> Case:
    folder = site_folder(opened.settings)
    surveys = load_surveys(folder)
    path = category_path(about.get("category"), folder) or tuple(filter(None, [about.get("category")]))
    known = {"category": path, "channel": (about.get("channel", ""),), "scenario": (scenario or "",)}
    survey = surveys.by_code(scenario) if scenario else None
    if survey is None:
        survey = surveys.suiting(known)
    now = datetime.now(ZoneInfo(opened.settings.timezone))
    data = {**about, "scenario": survey.code, "wave": wave or f"{now.year}-Q{(now.month + 2) // 3}"}
    # opened by the program: who asks is not whom the answers are about
    return cases.open_case(
        work, writer, clock_of(tenant), KIND, title=survey.name, subject=subject, data=data, identity=identity
    )


def _shown(surveys: Surveys, case: Case) -> Json:
    asked = surveys.by_code(case.data["scenario"])
    return {
        "id": case.id, "state": case.state, "subject": case.subject, "due_at": case.due_at,
        "created_at": case.created_at, "wave": case.data.get("wave"), **(to_json(asked) if asked else {}),
    }  # fmt: skip


@router.post("", status_code=201)
async def open_survey(
    body: SurveyIn, opened: Opened, work: Work, grant: Asking, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Open a survey: the questionnaire named by `scenario`, else the first that suits what it is about."""
    surveys = load_surveys(site_folder(opened.settings))
    if body.scenario is not None and surveys.by_code(body.scenario) is None:
        raise invalid(
            "scenario", f"没有问卷 {body.scenario[:40]}", "|".join(one.code for one in surveys.surveys)
        )
    subject = body.conversation_id or body.subject
    if subject is None:
        raise invalid("subject", "缺少必填字段", "conversation_id 或 subject 至少一个")
    given = {name: value for name, value in body.model_dump(include=set(ABOUT)).items() if value}

    def unit(writer: Writer) -> tuple[int, Json]:
        about: Mapping[str, str] = given
        if body.conversation_id is not None:
            kept = conversations.get(Reader(writer), grant.tenant, body.conversation_id)
            if kept is None:
                raise not_found("会话", body.conversation_id)
            about = {**observed.labels_of(Reader(writer), grant.tenant, kept), **given}
        case = _open(
            work, writer, opened, grant.tenant, about, subject, scenario=body.scenario, wave=body.wave
        )
        return 201, _shown(surveys, case)

    return await once(opened, grant, idempotency_key, ["survey", body.model_dump()], unit)


@router.get("")
async def list_surveys(
    opened: Opened,
    grant: Asking,
    conversation_id: Annotated[str | None, Query(max_length=128)] = None,
    state: Annotated[str | None, Query(pattern="^(open|answered|expired)$")] = None,
    after: Annotated[str | None, Query(max_length=256)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Surveys, newest first: all of them, or those of a conversation."""
    surveys = load_surveys(site_folder(opened.settings))
    wanted = store.Wanted(KIND, state, None, conversation_id)
    found = await opened.store.aread(
        lambda reader: store.listed(reader, grant.tenant, wanted, None, after, limit)
    )
    page = [_shown(surveys, case) for case in found]
    return {"surveys": page, "next": page[-1]["id"] if len(page) == limit else None}


@router.get("/{survey_id}")
async def read_survey(survey_id: str, opened: Opened, grant: Asking) -> Json:
    """The questions of a survey, and whether it is still open."""
    case = await opened.store.aread(lambda reader: store.get(reader, grant.tenant, survey_id))
    if case is None or case.kind != KIND:
        raise not_found("问卷", survey_id)
    return _shown(load_surveys(site_folder(opened.settings)), case)


@router.post("/{survey_id}/answers", status_code=201)
async def answer_survey(
    survey_id: str, body: AnswersIn, request: Request, opened: Opened, work: Work, grant: Bot
) -> Json:
    """Hand in the answers, once: scores by dimension, linked to the conversation and who served in it."""
    surveys = load_surveys(site_folder(opened.settings))
    comment = None if body.comment is None else mask(body.comment)

    def unit(writer: Writer) -> Json:
        case = store.get(Reader(writer), grant.tenant, survey_id)
        if case is None or case.kind != KIND:
            raise not_found("问卷", survey_id)
        values = values_of(_asked(surveys, case), body.answers, comment)
        # the customer's own words: kept masked, as everything is
        kept = {code: mask(one) if isinstance(one, str) else one for code, one in body.answers.items()}
        moved = cases.move(
            work,
            writer,
            clock_of(grant.tenant),
            survey_id,
            "answer",
            fields={"answers": kept, "comment": comment},
        )
        return {"id": survey_id, "state": moved.state, "scores": values}

    told = await opened.store.awrite(unit)
    bell: Bell = request.app.state.bell
    bell.ring(grant.tenant)
    return told
