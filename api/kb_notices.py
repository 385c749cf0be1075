"""Doors of what follows a change or calls for one: notices and their acknowledgement, triggers, frozen entries."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, model_validator

from api import case_views, cases
from api.auth import requires
from api.casework import Casework, Work, find
from api.deps import Admin, Editor, IdempotencyKey, Json, Opened, once
from api.errors import not_found
from api.store import Reader, Writer, changes, entries
from api.store.cases import Case
from api.store.keys import Grant
from kb.knowledge import Knowledge
from kb.mentions import concerned
from nlp.privacy import mask

router = APIRouter(prefix="/v1/kb", tags=["changes"])
Person = Annotated[Grant, requires("agent", "supervisor", "quality", "editor")]
Looking = Annotated[Grant, requires("supervisor", "editor")]
Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=256)]], Field(max_length=500)]
MOST = 500


def _notice(work: Casework, case: Case, grant: Grant) -> Json:
    told = {
        name: case.data.get(name) for name in ("change", "release", "effective_from", "reason", "entries")
    }
    return {
        "id": case.id,
        "title": case.title,
        "to": case.owner,
        "state": case.state,
        "at": case.created_at,
        "acknowledged_at": case.updated_at if case.state == "acknowledged" else None,
        "overdue": case_views.shown(work, case, grant)["overdue"] and case.state == "sent",
        **told,
    }


@router.get("/notices")
async def list_notices(
    opened: Opened,
    work: Work,
    grant: Person,
    change: Annotated[str | None, Query(max_length=256)] = None,
    state: Annotated[str | None, Query(max_length=64)] = None,
) -> Json:
    """Notices, newest first: an agent's own; for supervisors and editors everybody's, with who has read them."""

    def unit(reader: Reader) -> list[Case]:
        owner = None if _overlooks(grant) else grant.actor_id
        return case_views.listed(
            work, reader, grant, kind="notice", subject=change, state=state, owner=owner, limit=MOST
        )

    found = [_notice(work, case, grant) for case in await opened.store.aread(unit)]
    counts = {"sent": len(found), "acknowledged": sum(one["state"] == "acknowledged" for one in found)}
    return {"notices": found, "counts": counts}


def _overlooks(grant: Grant) -> bool:
    return grant.scope in ("supervisor", "editor", "admin")


@router.post("/notices/{notice_id}/ack")
async def acknowledge(notice_id: str, opened: Opened, work: Work, grant: Person) -> Json:
    """Say that one has read a notice; said twice, recorded once."""

    def unit(writer: Writer) -> Json:
        case = find(work, Reader(writer), grant, notice_id, "notice")
        if case.state != "acknowledged" or case.owner != grant.actor_id:
            case = cases.move(work, writer, grant, notice_id, "acknowledge")
        return _notice(work, case, grant)

    return await opened.store.awrite(unit)


class TriggerIn(BaseModel):
    """Something that happened in the business: a new product, another policy."""

    what: str = Field(min_length=1, max_length=500, examples=["运费规则下月调整"])
    tags: Names = Field(default_factory=list)
    entities: Names = Field(default_factory=list)
    entry_ids: Names = Field(default_factory=list)
    owner: str | None = Field(None, min_length=1, max_length=256)

    @model_validator(mode="after")
    def something_concerned(self) -> TriggerIn:
        if not self.tags and not self.entities and not self.entry_ids:
            raise ValueError("tags、entities、entry_ids 至少给一个")
        return self


def _trigger(work: Casework, case: Case, grant: Grant, knowledge: Knowledge) -> Json:
    told = case_views.shown(work, case, grant)
    data = case.data
    found = concerned(
        knowledge.entries.values(),
        data.get("tags") or (),
        data.get("entities") or (),
        data.get("entry_ids") or (),
    )
    alerts = []
    if told["overdue"] and case.state == "open":
        alerts = [{"code": "overdue", "severity": "high", "text": "超过 7 天还没有启动修订"}]
    listed = [{"entry_id": one.id, "kind": one.kind, "title": one.title} for one in found]
    return {**told, "entries": listed, "alerts": alerts, "change": data.get("change")}


@router.post("/triggers", status_code=201)
async def open_trigger(
    body: TriggerIn, opened: Opened, work: Work, grant: Looking, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Record what happened, and which entries it concerns; a change is to follow within 7 days."""
    knowledge = opened.sites.knowledge(grant.tenant)

    def unit(writer: Writer) -> tuple[int, Json]:
        data = {"tags": body.tags, "entities": body.entities, "entry_ids": body.entry_ids}
        case = cases.open_case(
            work, writer, grant, "trigger", title=mask(body.what), owner=body.owner, data=data
        )
        return 201, _trigger(work, case, grant, knowledge)

    return await once(opened, grant, idempotency_key, ["trigger", body.model_dump()], unit)


@router.get("/triggers")
async def list_triggers(
    opened: Opened,
    work: Work,
    grant: Looking,
    state: Annotated[str | None, Query(max_length=64)] = None,
    overdue: bool = False,
) -> Json:
    """Triggers, newest first, each with every live entry that it concerns and an alert when it is late."""
    found = await opened.store.aread(
        lambda reader: case_views.listed(
            work, reader, grant, kind="trigger", state=state, overdue=overdue, limit=MOST
        )
    )
    knowledge = opened.sites.knowledge(grant.tenant)
    told = [_trigger(work, case, grant, knowledge) for case in found]
    return {"triggers": told, "overdue": sum(bool(one["alerts"]) for one in told)}


class FreezeIn(BaseModel):
    """Why an entry is frozen."""

    reason: str = Field("", max_length=500, examples=["试行一月见效"])


@router.post("/entries/{entry_id:path}/freeze", status_code=201)
async def freeze_entry(entry_id: str, opened: Opened, grant: Admin, body: FreezeIn | None = None) -> Json:
    """Freeze an entry that proved itself: from now on only an admin changes it."""

    def unit(writer: Writer) -> Json:
        if entries.get(Reader(writer), grant.tenant, entry_id) is None:
            raise not_found("知识条目", entry_id)
        reason = mask(body.reason) if body is not None and body.reason else "已验证有效"
        return {**changes.freeze(writer, grant.tenant, entry_id, reason, grant.actor_id), "frozen": True}

    return await opened.store.awrite(unit)


@router.delete("/entries/{entry_id:path}/freeze")
async def thaw_entry(entry_id: str, opened: Opened, grant: Admin) -> Json:
    """Let editors change the entry again."""
    thawed = await opened.store.awrite(lambda writer: changes.thaw(writer, grant.tenant, entry_id))
    if not thawed:
        raise not_found("固化条目", entry_id)
    return {"entry_id": entry_id, "frozen": False}


@router.get("/frozen")
async def list_frozen(opened: Opened, grant: Editor) -> Json:
    """Frozen entries: when, by whom, why."""
    found = await opened.store.aread(lambda reader: changes.frozen(reader, grant.tenant))
    return {"frozen": list(found.values())}
