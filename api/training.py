"""Doors of training: an agent against a scripted customer, scored by the same rules, kept apart from what is counted."""

from __future__ import annotations

import asyncio
from datetime import date as Day
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import case_views, cases, rulings, wiring
from api.auth import requires
from api.casework import Casework, Work
from api.days import day_of
from api.deps import AgentKey, IdempotencyKey, Json, Opened, Supervisor, once, within
from api.errors import Problem, invalid, not_found
from api.forms import CODE, form_of, site_folder
from api.judging import judged
from api.service import Service
from api.settings import MOST_TEXT
from api.store import Reader, Writer, trainings, transcripts
from api.store import cases as kept
from api.store.cases import Case
from api.store.keys import Grant
from nlp.privacy import mask
from nlp.quality.result import to_json
from nlp.quality.training import Persona, Script, TrainingPolicy, held, read_training, script_of

router = APIRouter(prefix="/v1/training", tags=["quality"])

KIND = "training"
Person = Annotated[Grant, requires("agent", "supervisor", "quality")]
Named = Annotated[str | None, Query(max_length=256)]
_read = lru_cache(maxsize=64)(read_training)


class SessionIn(BaseModel):
    """A script of the site, or the customer of a kept result, played by a persona."""

    script: str | None = Field(None, max_length=64, examples=["refund_late"])
    result_id: str | None = Field(None, max_length=200)
    persona: str = Field("calm", max_length=64, examples=["angry"])
    form: str = Field("standard", pattern=CODE)
    plan: str | None = Field(None, max_length=128, description="训练日程中的一项")


class ReplyIn(BaseModel):
    """What the trainee answers."""

    text: str = Field(min_length=1, max_length=MOST_TEXT)


class CalendarIn(BaseModel):
    """Days on which somebody trains a script."""

    trainee: str = Field(min_length=1, max_length=128)
    dates: list[Day] = Field(min_length=1, max_length=60)
    script: str = Field(max_length=64, examples=["refund_late"])
    persona: str = Field("calm", max_length=64)
    pass_score: float = Field(80, ge=0, le=100)


def policy_of(opened: Service) -> TrainingPolicy:
    """The policy of an opened site, read once."""
    return _read(site_folder(opened.settings))


def _persona(policy: TrainingPolicy, code: str) -> Persona:
    if code not in policy.personas:
        raise invalid("persona", "没有这个角色", "|".join(policy.personas))
    return policy.personas[code]


def _script(policy: TrainingPolicy, code: str) -> Script:
    if code not in policy.scripts:
        raise invalid("script", "没有这个剧本", "|".join(policy.scripts) or "result_id")
    return policy.scripts[code]


@router.get("/scripts")
async def list_scripts(opened: Opened, grant: Person) -> Json:
    """Personas and scripts to train with."""
    policy = policy_of(opened)
    return {
        "personas": [
            {"code": one.code, "name": one.name, "tier": one.tier} for one in policy.personas.values()
        ],
        "scripts": [
            {"code": one.code, "name": one.name, "category": one.category, "turns": len(one.turns)}
            for one in policy.scripts.values()
        ],
    }


@router.post("/sessions", status_code=201)
async def begin_session(
    body: SessionIn, opened: Opened, work: Work, grant: AgentKey, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Begin: the scripted customer says their first words."""
    policy = policy_of(opened)
    persona = _persona(policy, body.persona)
    form, _ = form_of(opened.settings, grant.tenant, body.form, work.clock())
    if (body.script is None) == (body.result_id is None):
        raise invalid("script", "给 script 或 result_id 其中一个", "|".join(policy.scripts))
    identity = wiring.new_id("ts")

    def unit(writer: Writer) -> tuple[int, Json]:
        reader = Reader(writer)
        script = (
            _script(policy, body.script)
            if body.script is not None
            else _replayed(reader, grant, str(body.result_id), policy.most_turns)
        )
        if body.plan is not None:
            _planned(reader, grant, body.plan)
        data: Json = {
            "script": {"code": script.code, "name": script.name, "category": script.category},
            "turns": list(script.turns),
            "persona": persona.code,
            "form": {"code": form.code, "version": form.version},
            "plan": body.plan,
            "replies": [],
            "sheet": None,
        }
        session: Json = {"id": identity, "trainee": grant.actor_id, "planned_for": None,
                         "started_at": work.now(), "ended_at": None, "data": data}  # fmt: skip
        trainings.add(writer, grant.tenant, session)
        return 201, _shown(opened, session)

    return await once(opened, grant, idempotency_key, ["training", body.model_dump()], unit)


def _replayed(reader: Reader, grant: Grant, result_id: str, most: int) -> Script:
    """The customer of a kept result that the trainee may see. Raises 404."""
    rulings.stored(reader, grant.tenant, result_id, grant)
    told = transcripts.of_result(reader, grant.tenant, result_id)
    script = None if told is None else script_of(told, most)
    if script is None:
        raise not_found("会话记录", result_id)
    return script


def _planned(reader: Reader, grant: Grant, plan: str) -> Case:
    case = kept.get(reader, grant.tenant, plan)
    if case is None or case.kind != KIND or case.owner != grant.actor_id:
        raise invalid("plan", "日程里没有您的这一项", "GET /v1/training/calendar 里的 id")
    if case.state != "planned":
        raise Problem("conflict", f"这一项训练的状态是 {case.state}")
    return case


def _lines(opened: Service, session: Json) -> tuple[Script, Persona]:
    data, policy = session["data"], policy_of(opened)
    head = data["script"]
    persona = policy.personas.get(data["persona"]) or Persona(data["persona"], "", "normal", (), ())
    return Script(head["code"], head["name"], head["category"], tuple(data["turns"])), persona


def _shown(opened: Service, session: Json) -> Json:
    """A session as the trainee sees it: the dialogue so far, and its sheet once it is over."""
    script, persona = _lines(opened, session)
    data = session["data"]
    told = held(script, persona, data["replies"], session["trainee"], session["id"])
    turns = [{"role": turn.role, "text": turn.text} for turn in told.turns]
    ended = session["ended_at"] is not None
    return {
        "id": session["id"],
        "trainee": session["trainee"],
        "script": data["script"],
        "persona": {"code": persona.code, "name": persona.name},
        "form": data["form"],
        "plan": data["plan"],
        "started_at": session["started_at"],
        "ended_at": session["ended_at"],
        "turns": turns,
        "said": None if ended else turns[-1]["text"],
        "left": 0 if ended else len(script.turns) - len(data["replies"]),
        "sheet": data["sheet"],
    }


def _session(reader: Reader, grant: Grant, identity: str) -> Json:
    found = trainings.get(reader, grant.tenant, identity)
    if found is None or (grant.scope == "agent" and found["trainee"] != grant.actor_id):
        raise not_found("训练", identity)
    return found


@router.post("/sessions/{session_id}/replies")
async def reply(session_id: str, body: ReplyIn, opened: Opened, work: Work, grant: AgentKey) -> Json:
    """Answer the customer; after the last line the session is scored by the same rules as any conversation."""
    within(opened, "text", body.text)
    session = await opened.store.aread(lambda reader: _session(reader, grant, session_id))
    if session["trainee"] != grant.actor_id:
        raise Problem("forbidden", "只有受训者本人作答")
    if session["ended_at"] is not None:
        raise Problem("conflict", "这次训练已经结束")
    script, _ = _lines(opened, session)
    replies = [*session["data"]["replies"], mask(body.text)]
    over = len(replies) == len(script.turns)
    data = {**session["data"], "replies": replies}
    if over:
        data["sheet"] = await asyncio.to_thread(_sheet, opened, work, grant.tenant, session, replies)

    def unit(writer: Writer) -> Json:
        now = _session(Reader(writer), grant, session_id)
        if now["data"]["replies"] != session["data"]["replies"]:
            raise Problem("conflict", "这一句已经答过：请重新读取")
        after = {**session, "data": data, "ended_at": work.now() if over else None}
        trainings.save(writer, grant.tenant, session_id, data, after["ended_at"])
        if over and data["plan"] is not None:
            _recorded(work, writer, grant, data["plan"], session_id, data["sheet"]["score"])
        return _shown(opened, after)

    return await opened.store.awrite(unit)


def _sheet(opened: Service, work: Casework, tenant: str, session: Json, replies: list[str]) -> Json:
    """The score of the whole dialogue, by the form of the session and today's handbook."""
    script, persona = _lines(opened, session)
    at = work.clock()
    form, _ = form_of(opened.settings, tenant, session["data"]["form"]["code"], at)
    dialogue = held(script, persona, replies, session["trainee"], "training")
    found, _ = judged(opened, tenant, dialogue, form, at)
    told = to_json(found)
    return {
        name: told[name] for name in ("form", "score", "grade", "grade_name", "veto", "dimensions", "items")
    }


def _recorded(work: Casework, writer: Writer, grant: Grant, plan: str, session: str, score: float) -> None:
    """Put a result on the record of its day; the day is done once the mark is reached."""
    case = _planned(Reader(writer), grant, plan)
    held_sessions = [*case.data.get("sessions", []), {"id": session, "score": score, "at": work.now()}]
    case = cases.attach(work, writer, grant, case, {"sessions": held_sessions})
    if score >= case.data["pass_score"]:
        cases.move(work, writer, grant, case.id, "finish")


def register(work: Casework) -> None:
    """A training day is done by a session that reached its mark, not by saying so."""

    def reached(_: Writer, case: Case, __: Grant) -> None:
        best = max((one["score"] for one in case.data.get("sessions", ())), default=0.0)
        if best < case.data["pass_score"]:
            raise Problem("conflict", f"最好成绩 {best:g}，还没有达到 {case.data['pass_score']:g}")

    work.on_move(KIND, "finish", reached)


@router.get("/sessions")
async def list_sessions(
    opened: Opened,
    grant: Person,
    trainee: Named = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Json:
    """Sessions, newest first; an agent's own."""
    who = grant.actor_id if grant.scope == "agent" else trainee
    found = await opened.store.aread(lambda reader: trainings.listed(reader, grant.tenant, who, limit))
    return {"sessions": [_shown(opened, one) for one in found]}


@router.get("/sessions/{session_id}")
async def read_session(session_id: str, opened: Opened, grant: Person) -> Json:
    """One session with its sheet."""
    return _shown(opened, await opened.store.aread(lambda reader: _session(reader, grant, session_id)))


@router.post("/calendar", status_code=201)
async def plan_training(
    body: CalendarIn, opened: Opened, work: Work, grant: Supervisor, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Put training days on somebody's calendar, one record for each."""
    policy = policy_of(opened)
    script, persona = _script(policy, body.script), _persona(policy, body.persona)

    def unit(writer: Writer) -> tuple[int, Json]:
        made = [
            cases.open_case(
                work,
                writer,
                grant,
                KIND,
                title=f"训练：{script.name}（{persona.name}）",
                subject=day.isoformat(),
                owner=body.trainee,
                data={
                    "script": script.code,
                    "persona": persona.code,
                    "date": day.isoformat(),
                    "pass_score": body.pass_score,
                    "sessions": [],
                },
                due_at=day_of(opened, day)[1],
            )
            for day in sorted(set(body.dates))
        ]
        return 201, {"calendar": [case_views.shown(work, case, grant) for case in made]}

    content = ["training-calendar", body.model_dump(mode="json")]
    return await once(opened, grant, idempotency_key, content, unit)


@router.get("/calendar")
async def read_calendar(
    opened: Opened,
    work: Work,
    grant: Person,
    trainee: Named = None,
    state: Named = None,
    after: Named = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Training days with the results that were reached on them; an agent's own."""

    def unit(reader: Reader) -> list[Json]:
        found = case_views.listed(
            work, reader, grant, kind=KIND, owner=trainee, state=state, after=after, limit=limit
        )
        return [case_views.shown(work, case, grant) for case in found]

    page = await opened.store.aread(unit)
    return {"calendar": page, "next": page[-1]["id"] if len(page) == limit else None}
