"""Door of everything with states: lists, one with its history, moves, approvals, comments, counts for badges.

The doors of single kinds open cases and hook their own effects in; what is common to all kinds is here.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import approvals, case_views, cases
from api.auth import requires
from api.casework import Casework, Work, find
from api.deps import IdempotencyKey, Json, Opened, once
from api.errors import Problem
from api.store import Reader, Store, Writer
from api.store import cases as store
from api.store.keys import Grant
from nlp.privacy import mask

router = APIRouter(prefix="/v1/cases", tags=["cases"])
log = structlog.get_logger()

Person = Annotated[Grant, requires("agent", "supervisor", "quality", "editor")]
Named = Annotated[str | None, Query(max_length=256)]
LAPSE_SECONDS = 30.0
"""How often the clock looks for cases whose time is up: short beside deadlines counted in days."""
LAPSED_AT_ONCE = 200


class MoveIn(BaseModel):
    """A step of a case; `revision` refuses it where the case changed since it was read."""

    move: str = Field(min_length=1, max_length=64, examples=["submit"])
    note: str | None = Field(None, max_length=2000)
    fields: dict[str, Any] = Field(default_factory=dict)
    revision: int | None = Field(None, ge=1)


class ApprovalIn(BaseModel):
    """A word for one role: agreed, taken back, or refused with a reason."""

    role: str = Field(min_length=1, max_length=64, examples=["法务"])
    decision: approvals.Decision
    note: str | None = Field(None, max_length=2000)
    revision: int | None = Field(None, ge=1)


class CommentIn(BaseModel):
    """Something said about a case."""

    note: str = Field(min_length=1, max_length=2000)


@router.get("")
async def list_cases(
    opened: Opened,
    work: Work,
    grant: Person,
    kind: Named = None,
    state: Named = None,
    owner: Named = None,
    subject: Named = None,
    overdue: bool = False,
    sprint: Named = None,
    after: Named = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Cases the caller may see, newest first; `next` is the `after` of the next page."""
    if kind is not None:
        work.kind(kind)

    def unit(reader: Reader) -> list[store.Case]:
        return case_views.listed(
            work, reader, grant, kind=kind, state=state, owner=owner, subject=subject,
            overdue=overdue, sprint=sprint, after=after, limit=limit,
        )  # fmt: skip

    found = await opened.store.aread(unit)
    page = [case_views.shown(work, case, grant) for case in found]
    return {"cases": page, "next": page[-1]["id"] if len(page) == limit else None}


@router.get("/counts")
async def count_cases(opened: Opened, work: Work, grant: Person) -> Json:
    """How many cases the caller may see stand in each state, and how many are late: for badges."""
    return {"kinds": await opened.store.aread(lambda reader: case_views.counts(work, reader, grant))}


@router.get("/{case_id}")
async def read_case(case_id: str, opened: Opened, work: Work, grant: Person) -> Json:
    """One case with everything that happened to it."""

    def unit(reader: Reader) -> Json:
        case = find(work, reader, grant, case_id)
        return {
            **case_views.shown(work, case, grant),
            "history": case_views.history(reader, grant, case),
        }

    return await opened.store.aread(unit)


@router.post("/{case_id}/moves")
async def move_case(
    case_id: str,
    body: MoveIn,
    opened: Opened,
    work: Work,
    grant: Person,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Take a step; one that is not possible now is 409 naming the state and what is possible."""

    def unit(writer: Writer) -> tuple[int, Json]:
        note = _masked(body.note)
        case = cases.move(
            work, writer, grant, case_id, body.move, fields=body.fields, note=note, revision=body.revision
        )
        return 200, case_views.shown(work, case, grant)

    content = ["case-move", case_id, body.model_dump()]
    answer = await once(opened, grant, idempotency_key, content, unit)
    await asyncio.to_thread(
        opened.sites.refresh, grant.tenant
    )  # a move may publish, or begin and end a trial
    return answer


@router.post("/{case_id}/approvals")
async def approve_case(
    case_id: str,
    body: ApprovalIn,
    opened: Opened,
    work: Work,
    grant: Person,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Approve in a role, withdraw, or reject; two approvals of one case come from two people."""

    def unit(writer: Writer) -> tuple[int, Json]:
        note = _masked(body.note)
        case = approvals.approve(
            work, writer, grant, case_id, body.role, body.decision, note=note, revision=body.revision
        )
        return 200, case_views.shown(work, case, grant)

    content = ["case-approval", case_id, body.model_dump()]
    return await once(opened, grant, idempotency_key, content, unit)


@router.post("/{case_id}/comments", status_code=201)
async def comment_case(
    case_id: str,
    body: CommentIn,
    opened: Opened,
    work: Work,
    grant: Person,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Say something about a case; personal data is masked."""

    def unit(writer: Writer) -> tuple[int, Json]:
        case = cases.comment(work, writer, grant, case_id, mask(body.note))
        return 201, case_views.shown(work, case, grant)

    return await once(opened, grant, idempotency_key, ["case-comment", case_id, body.note], unit)


def _masked(note: str | None) -> str | None:
    return None if note is None else mask(note)


def lapse_all(work: Casework, kept: Store) -> int:
    """Make every move that is the clock's to make. Returns how many were made."""
    made = 0
    for kind in work.kinds.values():
        states = [state.code for state in kind.states.values() if state.lapses]
        due = partial(store.due, kind=kind.code, states=states, at=work.now(), limit=LAPSED_AT_ONCE)
        for tenant, identity in kept.read(due) if states else ():
            try:
                moved = kept.write(partial(cases.lapse, work, tenant=tenant, identity=identity))
            except Problem as problem:  # one case that cannot go on must not hold the others
                log.warning("lapse", tenant=tenant, case=identity, why=problem.detail)
            else:
                made += moved is not None
    return made


async def follow(work: Casework, kept: Store) -> None:
    """Let the clock make its moves for as long as the service runs."""
    while True:
        try:
            await asyncio.to_thread(lapse_all, work, kept)
        except Exception as error:  # a full queue or a locked database: the next round tries again
            log.error("lapse", why=str(error))
        await asyncio.sleep(LAPSE_SECONDS)
