"""Door of the handoff's steps: a person requests, accepts, declines, gives back, closes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Literal
from weakref import WeakValueDictionary

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api import follow_ups, live, observed, surveys, wiring
from api.casework import Work
from api.deps import AgentKey, Json, Opened
from api.errors import Problem, not_found
from api.events import Bell
from api.store import Reader, Writer, conversations, decisions
from nlp import handoff
from nlp.privacy import mask

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])


class StepIn(BaseModel):
    """A step of the handoff, by a person."""

    action: Literal["request", "accept", "decline", "return", "close"]
    reason: str | None = Field(None, max_length=500)


class Lanes:
    """One lock for each conversation that is being written, so that its turns queue instead of colliding."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def of(self, tenant: str, identity: str) -> asyncio.Lock:
        lock = self._locks.get((tenant, identity))
        if lock is None:
            lock = self._locks[(tenant, identity)] = asyncio.Lock()
        return lock


def remember(writer: Writer, kind: str, tenant: str, conversation_id: str, told: Json) -> None:
    """Keep a handoff decision, or a person's step, for the reports."""
    record = {"id": wiring.new_id("ho"), **told}
    request = {"conversation_id": conversation_id}
    decisions.save(writer, tenant, kind, request, record, subject=conversation_id)


@router.post("/{conversation_id}/handoff")
async def step_handoff(
    conversation_id: str, body: StepIn, request: Request, opened: Opened, work: Work, grant: AgentKey
) -> Json:
    """Take a step of the handoff; one that is not possible now is 409 naming the state."""
    reason = None if body.reason is None else mask(body.reason)

    def unit(writer: Writer) -> Json:
        kept = conversations.get(Reader(writer), grant.tenant, conversation_id)
        if kept is None:
            raise not_found("会话", conversation_id)
        course = live.from_json(kept.state)
        try:
            state = handoff.apply(course.handoff, body.action, grant.actor_id)
        except handoff.ImpossibleStep as error:
            raise Problem("conflict", f"会话状态是 {kept.status}，不能 {body.action}") from error
        course = replace(course, handoff=state)
        conversations.advance(writer, grant.tenant, kept, state.state, course.to_json(), 0)
        step: Json = {"step": body.action, "by": grant.actor_id, "reason": reason}
        told: Json = {"state": state.state, "action": "none", "reasons": [], **step}
        invited = None
        if body.action == "close":
            invited = surveys.invite(work, writer, opened, grant, kept)
            observed.closed(writer, grant, kept)  # before the step itself: it looks at how things stood
            follow_ups.at_close(work, opened, writer, grant, kept)
        told = {**told, **({} if invited is None else {"survey": invited})}
        conversations.add_event(writer, grant.tenant, conversation_id, "handoff", told)
        remember(writer, "handoff_step", grant.tenant, conversation_id, told)
        return told

    lanes: Lanes = request.app.state.lanes
    async with lanes.of(grant.tenant, conversation_id):
        told = await opened.store.awrite(unit)
    bell: Bell = request.app.state.bell
    bell.ring(grant.tenant)
    return {
        "id": conversation_id,
        "conversation_id": conversation_id,
        "state": told["state"],
        "handoff": told,
    }
