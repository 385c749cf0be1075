"""Door of the third job: live conversations, their turns, and the handoff between bot and people."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import live, observed, wiring
from api.deps import AgentKey, Bot, IdempotencyKey, Json, Opened, once, within
from api.errors import Problem, invalid, not_found
from api.events import Bell
from api.handoff import Lanes, remember
from api.quality import AgentIn
from api.routing import CustomerIn
from api.service import Service
from api.store import Reader, Writer, conversations, decisions
from api.store.conversations import Exists, Kept, Moved
from api.suggest import TurnIn
from api.telemetry import DECISIONS
from kb.slots import BLANK
from nlp.metrics.transcripts import HUMANS
from nlp.privacy import mask
from nlp.transcript import Turn

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])

ID = r"^[^\s/?#\x00-\x1f]{1,128}$"
TRIES = 8
LISTED_DAYS = 7
AGENT = {"id", "name", "team"}
State = Literal["bot", "requested", "offered", "accepted", "human", "closed"]


class ConversationIn(BaseModel):
    """A conversation to open."""

    conversation_id: str | None = Field(None, pattern=ID)
    channel: str | None = Field(None, max_length=64)
    customer: CustomerIn | None = None
    served_by: Literal["bot", "agent"] = "bot"
    agent: AgentIn | None = None


@router.post("", status_code=201)
async def open_conversation(
    body: ConversationIn, opened: Opened, grant: Bot, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Open a conversation, served by the bot or by an agent."""
    identity = body.conversation_id or wiring.new_id("cv")
    given = body.model_dump(mode="json", exclude_none=True)
    agent = None if body.agent is None else body.agent.model_dump(include=AGENT, exclude_none=True)
    course = live.opening(body.served_by, body.channel, given.get("customer"), agent)
    state = course.handoff.state

    def unit(writer: Writer) -> tuple[int, Json]:
        try:
            conversations.create(writer, grant.tenant, identity, state, course.to_json())
        except Exists as error:
            raise Problem("conflict", str(error)) from None
        return 201, {"id": identity, "conversation_id": identity, "state": state}

    return await once(opened, grant, idempotency_key, ["conversation", given], unit)


@router.get("")
async def list_conversations(
    opened: Opened,
    grant: AgentKey,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Json:
    """Conversations of the last days, newest first."""
    since = (datetime.now(UTC) - timedelta(days=LISTED_DAYS)).isoformat(timespec="milliseconds")
    states = () if state is None else (state,)
    found = await opened.store.aread(
        lambda reader: conversations.recent(reader, grant.tenant, since, limit, states)
    )
    return {"conversations": [_head(one) for one in found]}


def _head(kept: Kept) -> Json:
    return {
        "id": kept.id,
        "conversation_id": kept.id,
        "state": kept.status,
        "channel": kept.state.get("channel"),
        "customer": kept.state.get("customer"),
        "agent": kept.state.get("agent"),
        "trajectory": kept.state["trajectory"],
        "turn_count": kept.turns,
        "created_at": kept.created_at,
        "updated_at": kept.updated_at,
    }


@router.get("/{conversation_id}")
async def read_conversation(
    conversation_id: str,
    opened: Opened,
    grant: Bot,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    before: Annotated[int | None, Query(ge=0, le=1_000_000_000)] = None,
) -> Json:
    """A conversation with its last turns, masked, each with its analysis; `before` pages back."""

    def unit(reader: Reader) -> tuple[Kept, list[tuple[Json, Json]], int] | None:
        kept = conversations.get(reader, grant.tenant, conversation_id)
        if kept is None:
            return None
        turns = conversations.turns_of(reader, grant.tenant, conversation_id, limit, True, before)
        return kept, turns, conversations.last_event(reader, grant.tenant, conversation_id)

    found = await opened.store.aread(unit)
    if found is None:
        raise not_found("会话", conversation_id)
    kept, turns, last_event = found
    course = live.from_json(kept.state)
    return {
        **_head(kept),
        "checklist": live.checklist(course.handoff),
        "turns": [_shown(turn, reply) for turn, reply in turns],
        "last_event_id": last_event,
    }


def _shown(turn: Json, reply: Json) -> Json:
    analysis = {name: reply[name] for name in ("sentiment", "trajectory", "handoff", "alerts")}
    return {**turn, "text": mask(turn["text"]), "id": reply["id"], **analysis}


@router.post("/{conversation_id}/turns")
async def take_turn(conversation_id: str, body: TurnIn, request: Request, opened: Opened, grant: Bot) -> Json:
    """Take one turn: analysis, handoff, suggestions. The same `turn_id` again gives the same answer."""
    began = time.perf_counter()
    within(opened, "text", body.text)
    if body.role != "customer" and BLANK in body.text:
        raise invalid("text", "还有必填内容没有填写", "补全【请填写…】之后的全文")
    bell: Bell = request.app.state.bell
    lanes: Lanes = request.app.state.lanes
    async with lanes.of(grant.tenant, conversation_id):
        for _ in range(TRIES):
            kept, answered, said, sent = await _read(opened, grant.tenant, conversation_id, body.turn_id)
            if answered is not None:
                return answered
            try:
                reply = await _decide(opened, grant.tenant, kept, body, said, sent, began)
            except Moved:  # another process wrote: read again, decide again
                continue
            bell.ring(grant.tenant)
            return reply
    raise Problem("busy", "会话正被别处写入，请稍后重试")


async def _read(
    opened: Service, tenant: str, conversation_id: str, turn_id: str | None
) -> tuple[Kept, Json | None, list[Json], frozenset[str]]:
    def unit(reader: Reader) -> tuple[Kept, Json | None, list[Json], frozenset[str]] | None:
        kept = conversations.get(reader, tenant, conversation_id)
        if kept is None:
            return None
        if turn_id is not None:
            answered = conversations.answered(reader, tenant, conversation_id, turn_id)
            if answered is not None:
                return kept, answered[1], [], frozenset()
        said = conversations.last_said(reader, tenant, conversation_id, live.CONTEXT_TURNS)
        return kept, None, said, frozenset(decisions.sent_in(reader, tenant, conversation_id))

    found = await opened.store.aread(unit)
    if found is None:
        raise not_found("会话", conversation_id)
    return found


async def _decide(
    opened: Service,
    tenant: str,
    kept: Kept,
    body: TurnIn,
    said: list[Json],
    sent: frozenset[str],
    began: float,
) -> Json:
    """Decide on a turn and commit it with its events. Raises Moved when the conversation went on meanwhile."""
    turn_id = body.turn_id or wiring.new_id("tn")
    at = body.at or datetime.now(UTC)
    masked = mask(body.text)
    before = tuple(Turn(turn["role"], mask(turn["text"])) for turn in said)
    spoken = live.Spoken(kept.id, kept.turns, Turn(body.role, masked, at, turn_id), before, sent)
    decided = await live.decide(opened, tenant, live.from_json(kept.state), spoken, began)
    reply, course = decided.reply, decided.course
    told = body.text if opened.settings.keep_raw_text else masked
    turn = {"turn_id": turn_id, "role": body.role, "text": told, "at": at.isoformat(), "number": kept.turns}

    def unit(writer: Writer) -> None:
        conversations.advance(writer, tenant, kept, course.handoff.state, course.to_json(), 1)
        conversations.add_turn(writer, tenant, kept.id, kept.turns, turn, reply)
        if kept.status == "closed" and body.role == "customer":
            observed.reopened(writer, tenant, kept)
        if kept.status in ("requested", "accepted") and body.role in HUMANS:
            observed.answered(writer, tenant, kept)  # before this turn's own step ends the request
        for kind, data in live.events({**turn, "text": masked}, reply, kept.status):
            conversations.add_event(writer, tenant, kept.id, kind, data)
        if decided.suggestion is not None:
            asked = {"conversation_id": kept.id, "turn_id": turn_id, **decided.asked}
            decisions.save(writer, tenant, "suggest", asked, decided.suggestion, subject=kept.id)
        if reply["handoff"]["action"] != "none":
            remember(writer, "handoff", tenant, kept.id, {**reply["handoff"], "turn_id": turn_id})

    await opened.store.awrite(unit)
    DECISIONS.labels("turn", reply["mode"]).inc()
    return reply
