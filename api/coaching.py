"""Doors of coaching: an agent's radar, a plan from the weakest abilities, notes under GOLD and STAR headings."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date as Day
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import case_views, cases, rulings
from api.auth import requires
from api.bodies import Moment
from api.casework import Casework, Work, find
from api.days import day_of
from api.deps import IdempotencyKey, Json, Opened, once
from api.errors import FieldError, Problem, invalid
from api.forms import site_folder
from api.measured import counting
from api.service import Service
from api.store import Reader, Writer, observations, results, transcripts
from api.store import rulings as said
from api.store.cases import Case
from api.store.keys import Grant
from kb.entries import Entry
from kb.knowledge import Knowledge
from nlp.privacy import mask
from nlp.quality.coaching import CoachingPolicy, Judged, Skill, Weakness, radar, read_coaching, weaknesses
from nlp.quality.ruling import effective, merged

router = APIRouter(prefix="/v1/quality", tags=["quality"])

KIND, NOTED = "coaching", ("coaching", "review", "red_card")
SPAN_DAYS = 366
MOST = 5000
"""An agent's conversations that are read at once."""
Judge = Annotated[Grant, requires("supervisor", "quality")]
Person = Annotated[Grant, requires("agent", "supervisor", "quality")]
Named = Annotated[str | None, Query(max_length=256)]
_read = lru_cache(maxsize=64)(read_coaching)


class PlanIn(BaseModel):
    """Whom to coach, on which days' results, until when."""

    agent: str = Field(min_length=1, max_length=128)
    since: Day
    until: Day
    due_at: Moment | None = None


class NoteIn(BaseModel):
    """A coach's words under the headings of a template."""

    case_id: str = Field(min_length=1, max_length=128)
    template: str = Field(min_length=1, max_length=32, examples=["STAR"])
    parts: dict[str, Annotated[str, Field(min_length=1, max_length=2000)]] = Field(
        min_length=1, max_length=20
    )


def policy_of(opened: Service) -> CoachingPolicy:
    """The policy of an opened site, read once."""
    return _read(site_folder(opened.settings))


def judged(opened: Service, reader: Reader, tenant: str, agent: str, since: Day, until: Day) -> list[Judged]:
    """An agent's results of these days as they stand; what counts as a conversation counts here."""
    if not 0 <= (until - since).days < SPAN_DAYS:
        raise invalid("until", "区间不对", f"since 当天或之后，至多 {SPAN_DAYS} 天")
    span = (day_of(opened, since)[0], day_of(opened, until)[1])
    facts = observations.between(reader, tenant, "conversation", *span, {"agent": agent})
    every = (str(one.values["result"]) for one in facts if one.values.get("result"))
    names = list(islice(every, MOST + 1))
    if len(names) > MOST:
        raise Problem("too_large", f"{agent} 在这段时间有超过 {MOST} 段会话：缩短时间段")
    rows = results.several(reader, tenant, names)
    return list(_standing(opened, reader, tenant, [rows[name] for name in names if name in rows]))


def _standing(opened: Service, reader: Reader, tenant: str, rows: list[results.Stored]) -> Iterator[Judged]:
    ruled = said.latest(reader, tenant, [row.id for row in rows])
    for row in rows:
        items = row.result["items"]
        if row.id in ruled:
            head = row.result["form"]
            form = rulings.form_at(opened.settings, tenant, head["code"], head["version"])
            words = merged(one["items"] for one in said.of(reader, tenant, row.id))
            items = effective(form, row.result, words)["items"]
        yield Judged(row.id, row.transcript_id, items)


def _skill(skill: Skill) -> Json:
    value = skill.value
    return {
        "code": skill.ability.code,
        "name": skill.ability.name,
        "value": None if value is None else round(value, 2),
        "points": round(skill.points, 2),
        "max": round(skill.most, 2),
        "n": skill.n,
        "items": list(skill.ability.items),
    }


@router.get("/agents/{agent}/radar")
async def read_radar(agent: str, opened: Opened, grant: Person, since: Day, until: Day) -> Json:
    """Five abilities out of the items they are made of; an agent sees their own."""
    if grant.scope == "agent" and agent != grant.actor_id:
        raise Problem("forbidden", "客服只能看自己的能力图")

    def unit(reader: Reader) -> list[Judged]:
        return judged(opened, reader, grant.tenant, agent, since, until)

    rows = await counting(opened.store, unit)
    skills = await asyncio.to_thread(radar, rows, policy_of(opened))
    return {"agent": agent, "since": since.isoformat(), "until": until.isoformat(), "results": len(rows),
            "abilities": [_skill(skill) for skill in skills]}  # fmt: skip


@router.post("/coaching", status_code=201)
async def plan_coaching(
    body: PlanIn, opened: Opened, work: Work, grant: Judge, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Make an agent's plan from the weakest abilities: evidence, turns, scripts to use, target and date."""
    policy, knowledge = policy_of(opened), opened.sites.knowledge(grant.tenant)
    due = body.due_at or work.clock() + timedelta(days=policy.days)

    def read(reader: Reader) -> tuple[str, Json]:
        """What the plan is made of, read before the writer is asked: its units stay short."""
        rows = judged(opened, reader, grant.tenant, body.agent, body.since, body.until)
        found = weaknesses(rows, policy)
        if not found:
            raise Problem(
                "conflict", f"{len(rows)} 段会话里没有哪种能力丢分到可以下结论（至少 {policy.least} 段）"
            )
        plan = [_told(reader, grant.tenant, one, policy, knowledge, work.clock()) for one in found]
        data: Json = {
            "plan": plan,
            "since": body.since.isoformat(),
            "until": body.until.isoformat(),
            "results": len(rows),
            "date": due.isoformat(),
            "radar": [_skill(skill) for skill in radar(rows, policy)],
        }
        return "、".join(one.skill.ability.name for one in found), data

    names, data = await counting(opened.store, read)

    def unit(writer: Writer) -> tuple[int, Json]:
        case = cases.open_case(
            work, writer, grant, KIND, title=f"改进计划：{names}", subject=body.agent, owner=body.agent, data=data,
            due_at=due,
        )  # fmt: skip
        return 201, case_views.shown(work, case, grant)

    content = ["coaching", body.model_dump(mode="json")]
    return await once(opened, grant, idempotency_key, content, unit)


def _told(
    reader: Reader, tenant: str, one: Weakness, policy: CoachingPolicy, knowledge: Knowledge, now: datetime
) -> Json:
    return {
        "dimension": one.skill.ability.code,
        "name": one.skill.ability.name,
        "value": round(one.skill.value or 0.0, 2),
        "target": one.target,
        "items": list(one.items),
        "evidence": [example["result_id"] for example in one.examples],
        "examples": [_turn(reader, tenant, dict(example)) for example in one.examples],
        "scripts": [
            {"entry_id": entry.known_as, "title": entry.title, "stage": entry.stage, "text": entry.text}
            for entry in scripts(one.items, policy, knowledge, now)
        ],
    }


def _turn(reader: Reader, tenant: str, example: Json) -> Json:
    """The whole turn an example stands in, as it is kept: personal data covered."""
    kept = transcripts.of_result(reader, tenant, example["result_id"])
    if kept is not None and example["turn"] < len(kept["turns"]):
        turn = kept["turns"][example["turn"]]
        example |= {"role": turn["role"], "said": turn["text"]}
    return example


def scripts(
    items: tuple[str, ...], policy: CoachingPolicy, knowledge: Knowledge, now: datetime
) -> list[Entry]:
    """Scripts of the handbook in force for the stages that help with these items, in the order of the items."""
    stages = list(dict.fromkeys(policy.stages[item] for item in items if item in policy.stages))
    held = [
        entry
        for entry in knowledge.entries.values()
        if entry.kind == "script"
        and entry.stage in stages
        and (entry.effective_from is None or entry.effective_from <= now)
        and (entry.effective_to is None or entry.effective_to > now)
    ]
    held.sort(key=lambda entry: (stages.index(str(entry.stage)), entry.id))
    return held[: policy.scripts]


@router.get("/coaching")
async def list_coaching(
    opened: Opened,
    work: Work,
    grant: Person,
    state: Named = None,
    agent: Named = None,
    after: Named = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Plans, newest first; an agent's own."""

    def unit(reader: Reader) -> list[Json]:
        found = case_views.listed(
            work, reader, grant, kind=KIND, state=state, owner=agent, after=after, limit=limit
        )
        return [case_views.shown(work, case, grant) for case in found]

    page = await opened.store.aread(unit)
    return {"coaching": page, "next": page[-1]["id"] if len(page) == limit else None}


@router.get("/templates")
async def list_templates(opened: Opened, grant: Person) -> Json:
    """Templates of a coach's notes and their headings."""
    return {
        "templates": [
            {"code": one.code, "name": one.name, "headings": list(one.headings)}
            for one in policy_of(opened).templates.values()
        ]
    }


@router.post("/notes", status_code=201)
async def write_note(
    body: NoteIn, opened: Opened, work: Work, grant: Judge, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Write a note to a plan, a review or a red card; the chosen template is kept with it."""
    known = policy_of(opened).templates
    template = known.get(body.template)
    if template is None:
        raise invalid("template", "没有这个模板", "|".join(known))
    wrong = [name for name in body.parts if name not in template.headings]
    if wrong:
        accepted = "、".join(template.headings)
        errors = [FieldError(f"parts.{name[:64]}", "模板里没有这个标题", accepted) for name in wrong]
        raise Problem("invalid", f"标题不在 {template.name} 里", errors=errors)

    def unit(writer: Writer) -> tuple[int, Json]:
        case = find(work, Reader(writer), grant, body.case_id)
        if case.kind not in NOTED:
            raise invalid("case_id", "这种事项不写辅导笔记", "改进计划、质检复核或红牌的编号")
        return 201, case_views.shown(work, _noted(work, writer, grant, case, body), grant)

    return await once(opened, grant, idempotency_key, ["note", body.model_dump()], unit)


def _noted(work: Casework, writer: Writer, grant: Grant, case: Case, body: NoteIn) -> Case:
    note: Json = {
        "template": body.template,
        "parts": {name: mask(text) for name, text in body.parts.items()},
        "by": grant.actor_id,
        "at": work.now(),
    }
    return cases.attach(work, writer, grant, case, {"notes": [*case.data.get("notes", []), note]})
