"""Door of handbook changes: opened, filled, compared, tried, published as one release."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api import case_views, cases, handbook
from api.auth import requires
from api.bodies import Moment
from api.casework import Casework, Work, find, written
from api.deps import Editor, IdempotencyKey, Json, Opened, once
from api.errors import Problem, invalid
from api.service import Service
from api.store import Reader, Writer, changes, entries
from api.store.cases import Case
from api.store.keys import Grant
from kb.entries import from_json
from kb.handbook import compared
from kb.trial import LONGEST_DAYS, SHORTEST_DAYS
from nlp.privacy import mask

router = APIRouter(prefix="/v1/kb/changes", tags=["changes"])
Looking = Annotated[Grant, requires("supervisor", "editor")]
Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=256)]], Field(max_length=500)]


class NotifyIn(BaseModel):
    """Whom a major change is told to: these teams and roles; everybody who works by the handbook without them."""

    teams: Names = Field(default_factory=list)
    roles: Names = Field(default_factory=list)


class ChangeIn(BaseModel):
    """A change to be assessed."""

    title: str = Field(min_length=1, max_length=200, examples=["运费政策调整"])
    reason: str = Field(min_length=1, max_length=2000, examples=["新的运费规则下月生效"])
    major: bool = False
    tags: Names = Field(default_factory=list)
    effective_from: Moment | None = None
    notify: NotifyIn | None = None
    trigger: str | None = Field(None, max_length=256, description="变更触发的编号：同时记为已启动修订")
    from_draft: bool = Field(False, description="把现有草稿整个移入这项修订")


class PlannedIn(BaseModel):
    """An entry as it shall be."""

    model_config = ConfigDict(extra="allow")


class TrialIn(BaseModel):
    """Who tries a change, and for how long."""

    teams: Names = Field(default_factory=list)
    agents: Names = Field(default_factory=list)
    percent: float = Field(0, ge=0, le=100)
    days: float = Field(LONGEST_DAYS, ge=SHORTEST_DAYS, le=LONGEST_DAYS)
    note: str | None = Field(None, max_length=2000)


class PublishIn(BaseModel):
    """When what is published holds; without times at once and for good."""

    effective_from: Moment | None = None
    effective_to: Moment | None = None
    force: bool = Field(False, description="admin：不顾检查发现的错误")
    note: str | None = Field(None, max_length=2000)


@router.post("", status_code=201)
async def open_change(
    body: ChangeIn, opened: Opened, work: Work, grant: Editor, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Open a change in 需求评估; one that answers a trigger starts it."""
    told = body.model_dump(mode="json", exclude_none=True)

    def unit(writer: Writer) -> tuple[int, Json]:
        data: Json = {
            name: told[name]
            for name in ("major", "tags", "effective_from", "notify", "trigger")
            if name in told
        }
        data |= {"reason": mask(body.reason), "entries": [], "topics": handbook.topics(data, ())}
        case = cases.open_case(
            work, writer, grant, "change", title=mask(body.title), subject=body.trigger, data=data
        )
        if body.trigger is not None:
            cases.move(work, writer, grant, body.trigger, "start", fields={"change": case.id})
        if body.from_draft:
            case = _take_draft(work, writer, grant, case)
        return 201, case_views.shown(work, case, grant)

    return await once(opened, grant, idempotency_key, ["change", told], unit)


def _take_draft(work: Casework, writer: Writer, grant: Grant, case: Case) -> Case:
    planned = entries.draft(Reader(writer), grant.tenant)
    if not planned:
        raise Problem("conflict", "草稿是空的，没有可移入的改动")
    for name, raw in planned.items():
        entry = None if raw is None else from_json(raw)
        case = handbook.hold(work, writer, grant, case.id, name, entry)
    entries.clear_draft(writer, grant.tenant)
    return case


@router.get("")
async def list_changes(
    opened: Opened,
    work: Work,
    grant: Looking,
    state: Annotated[str | None, Query(max_length=64)] = None,
    after: Annotated[str | None, Query(max_length=256)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Changes, newest first."""
    found = await opened.store.aread(
        lambda reader: case_views.listed(
            work, reader, grant, kind="change", state=state, after=after, limit=limit
        )
    )
    page = [case_views.shown(work, case, grant) for case in found]
    return {"changes": page, "next": page[-1]["id"] if len(page) == limit else None}


@router.get("/{change_id}")
async def read_change(change_id: str, opened: Opened, work: Work, grant: Looking) -> Json:
    """One change with what it holds and everything that happened to it."""

    def unit(reader: Reader) -> Json:
        case = find(work, reader, grant, change_id, "change")
        held = changes.planned(reader, grant.tenant, change_id)
        return {
            **case_views.shown(work, case, grant),
            "history": case_views.history(reader, grant, case),
            "planned": [
                {
                    "entry_id": name,
                    "entry": one.entry,
                    "withdrawn": one.entry is None,
                    "by": one.by,
                    "at": one.at,
                }
                for name, one in held.items()
            ],
            "stale": [] if case.state == "published" else handbook.stale(reader, grant.tenant, held),
        }

    return await opened.store.aread(unit)


@router.put("/{change_id}/entries/{entry_id:path}")
async def put_planned(
    change_id: str, entry_id: str, body: PlannedIn, opened: Opened, work: Work, grant: Editor
) -> Json:
    """Put an entry into the change; approvals given so far are void."""
    raw = {**(body.model_extra or {}), "successor": ""}
    if raw.setdefault("id", entry_id) != entry_id:
        raise invalid("id", "与地址里的编号不同", entry_id)
    if not entry_id.isprintable():
        raise invalid("id", "含有控制字符", "可见字符")
    entry = from_json(raw)

    def unit(writer: Writer) -> Json:
        case = handbook.hold(work, writer, grant, change_id, entry_id, entry)
        return case_views.shown(work, case, grant)

    return await opened.store.awrite(unit)


@router.delete("/{change_id}/entries/{entry_id:path}")
async def withdraw_planned(
    change_id: str,
    entry_id: str,
    opened: Opened,
    work: Work,
    grant: Editor,
    undo: Annotated[bool, Query(description="只移出修订，条目保持原样")] = False,
) -> Json:
    """Withdraw an entry with the change; one that is only in the change leaves it."""

    def unit(writer: Writer) -> Json:
        reader = Reader(writer)
        held = changes.planned(reader, grant.tenant, change_id)
        known = entries.get(reader, grant.tenant, entry_id)
        if entry_id not in held and (undo or known is None):
            raise Problem("not_found", f"这项修订里没有条目 {entry_id[:80]}")
        if undo or known is None:
            case = handbook.let_go(work, writer, grant, change_id, entry_id)
        else:
            case = handbook.hold(work, writer, grant, change_id, entry_id, None)
        return case_views.shown(work, case, grant)

    return await opened.store.awrite(unit)


@router.get("/{change_id}/diff")
async def diff_change(change_id: str, opened: Opened, work: Work, grant: Looking) -> Json:
    """What the change would do to each entry; of a published one, what it did."""

    def unit(reader: Reader) -> Json:
        case = find(work, reader, grant, change_id, "change")
        held = changes.planned(reader, grant.tenant, change_id)
        before = _before(reader, grant.tenant, case, list(held))
        found = [
            compared(
                name,
                from_json(before[name]) if name in before else None,
                None if one.entry is None else from_json(one.entry),
            )
            for name, one in held.items()
        ]
        counts = {op: sum(one["op"] == op for one in found) for op in ("added", "removed", "changed", "same")}
        release = case.data.get("release")
        return {"id": change_id, "state": case.state, "release": release, "counts": counts, "entries": found}

    return await opened.store.aread(unit)


def _before(reader: Reader, tenant: str, case: Case, names: list[str]) -> dict[str, Json]:
    """The texts that a change is compared with: what stands, or stood when it was published."""
    release = entries.release_named(reader, tenant, str(case.data.get("release")))
    texts = entries.texts_of(reader, tenant, names, None if release is None else release.seq - 1)
    return {name: raw for name, raws in texts.items() for raw in raws if raw["id"] == name}


@router.post("/{change_id}/trial")
async def begin_trial(change_id: str, body: TrialIn, opened: Opened, work: Work, grant: Editor) -> Json:
    """Let teams, agents or a share of all agents read the change's texts for 7 to 14 days."""
    due = work.clock() + timedelta(days=body.days)
    fields: Json = {
        "teams": body.teams, "agents": body.agents, "percent": body.percent, "due_at": written(due)
    }  # fmt: skip
    return await _moved(opened, work, grant, change_id, "trial", fields, body.note)


@router.post("/{change_id}/publish")
async def publish_change(change_id: str, body: PublishIn, opened: Opened, work: Work, grant: Editor) -> Json:
    """Publish everything in the change as one release."""
    fields: Json = {"effective_from": _iso(body.effective_from), "effective_to": _iso(body.effective_to)}
    if body.force:
        fields["force"] = True
    return await _moved(opened, work, grant, change_id, "publish", fields, body.note)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


async def _moved(
    opened: Service, work: Casework, grant: Grant, change: str, code: str, fields: Json, note: str | None
) -> Json:
    """A move of a change, in force when it is answered."""

    def unit(writer: Writer) -> Json:
        find(work, Reader(writer), grant, change, "change")
        told = None if note is None else mask(note)
        case = cases.move(work, writer, grant, change, code, fields=fields, note=told)
        return case_views.shown(work, case, grant)

    reply = await opened.store.awrite(unit)
    await asyncio.to_thread(opened.sites.refresh, grant.tenant)
    return reply
