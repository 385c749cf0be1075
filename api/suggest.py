"""Door of the second job: a dialogue's context to ranked scripts, and what the agent did with them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from api import observed, wiring
from api.asked import index_json, suggest_json
from api.bodies import Moment
from api.deps import AgentKey, Bot, Json, Opened, within
from api.errors import Problem, invalid, not_found
from api.kb_policy import knowledge_policy
from api.routing import CustomerIn
from api.service import Service
from api.settings import MOST_TEXT
from api.store import Reader, Writer, decisions
from api.telemetry import DECISIONS
from api.trials import person_of
from kb.entries import Kind, Stage
from kb.slots import BLANK, from_turns
from kb.suggest import SuggestRequest
from kb.trial import Person
from nlp.privacy import mask
from nlp.stages import stages_of
from nlp.transcript import Role, Turn

router = APIRouter(prefix="/v1", tags=["suggest"])


class TurnIn(BaseModel):
    """One message of a dialogue."""

    turn_id: str | None = Field(None, min_length=1, max_length=128)
    role: Role
    text: Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]
    at: Moment | None = None

    def value(self) -> Turn:
        return Turn(self.role, self.text, self.at, self.turn_id)


class SuggestIn(BaseModel):
    """What to suggest for: the dialogue so far, or a plain query."""

    conversation_id: str | None = Field(None, max_length=128)
    turns: list[TurnIn] | None = Field(None, max_length=2000)
    query: str | None = Field(None, min_length=1, max_length=2000, examples=["退款怎么还没到账"])
    stage: Stage | None = None
    kinds: list[Kind] | None = Field(None, max_length=6)
    channel: str | None = Field(None, max_length=64)
    audience: list[str] | None = Field(None, max_length=20)
    customer: CustomerIn | None = None
    variables: dict[str, str] = Field(default_factory=dict, max_length=50)
    limit: int = Field(5, ge=1, le=20)
    min_precision: float | None = Field(None, ge=0, le=1)
    as_of: Moment | None = None

    @model_validator(mode="after")
    def something_to_answer(self) -> SuggestIn:
        if not self.query and not self.turns and not self.conversation_id:
            raise ValueError("query、turns、conversation_id 至少给一个")
        return self


class FeedbackIn(BaseModel):
    """What the agent did with a suggestion."""

    entry_id: str = Field(min_length=1, max_length=128)
    action: Literal["shown", "inserted", "edited", "sent", "dismissed", "helpful", "not_helpful"]
    final_text: str | None = Field(None, max_length=MOST_TEXT)


def request_of(body: SuggestIn, turns: tuple[Turn, ...], sent: frozenset[str]) -> SuggestRequest:
    """The contract's body as the core's request; a VIP tier reads as audience `vip`.

    What is asked is decided masked, as it is kept: a number of an order fills its slot and is not searched for.
    """
    audience = None if body.audience is None else frozenset(body.audience)
    done = frozenset(stage for turn in turns if turn.role == "agent" for stage in stages_of(turn.text))
    return SuggestRequest(
        turns=tuple(replace(turn, text=mask(turn.text)) for turn in turns[-READ_TURNS:]),
        query=None if body.query is None else mask(body.query),
        stage=body.stage,
        done_stages=done,
        kinds=frozenset(body.kinds or ()),
        channel=body.channel,
        audience=audience_of(audience, body.customer),
        variables={**from_turns(turn.text for turn in turns), **body.variables},
        limit=body.limit,
        min_precision=body.min_precision,
        as_of=body.as_of or datetime.now(UTC),
        sent_ids=sent,
    )


READ_TURNS = 20
"""Turns of a dialogue that are read and kept, the latest."""
VIP_TIERS = frozenset({"vip", "gold", "black"})


def audience_of(asked: frozenset[str] | None, customer: CustomerIn | None) -> frozenset[str] | None:
    """Reader groups: as asked, the customer's tier, and `vip` for such a tier."""
    tier = "" if customer is None else (customer.tier or "").lower()
    if not tier:
        return asked
    return (asked or frozenset()) | ({tier, "vip"} if tier in VIP_TIERS else {tier})


async def make(
    opened: Service,
    tenant: str,
    request: SuggestRequest,
    as_of: datetime | None,
    person: Person | None = None,
) -> Json:
    """A suggestion body without the decision head; also used for a live turn. `person` is who will read it.

    `asked` in it is what the decision is made again with; it is kept, and told nobody.
    """
    knowledge = await asyncio.to_thread(opened.sites.at, tenant, as_of, person)
    hidden, priors = knowledge_policy(opened).hide_overdue, opened.learned.of(tenant)
    request = replace(request, unless_overdue=hidden, priors=priors)
    made = await opened.models.think(
        lambda encode: wiring.suggest_body(opened.models, knowledge, request, encode)
    )
    pushed = {name: priors[name] for name in made.pop("pushed")}
    asked = {"core": suggest_json(replace(request, priors=pushed)), "index": index_json(knowledge)}
    return {"release": knowledge.release, "asked": asked, **made}


@router.post("/suggest")
async def suggest_scripts(body: SuggestIn, opened: Opened, grant: Bot) -> Json:
    """Rank what the agent could send now; abstain below the asked precision."""
    began = time.perf_counter()
    if len(body.turns or ()) > opened.settings.suggest_turns_limit:
        raise Problem("too_large", f"turns: 至多 {opened.settings.suggest_turns_limit} 个话轮")
    for index, turn in enumerate(body.turns or ()):
        within(opened, f"turns.{index}.text", turn.text)
    turns = tuple(turn.value() for turn in body.turns or ())
    sent, agent = frozenset[str](), None
    if body.conversation_id:
        turns, sent, agent = await _dialogue(opened, grant.tenant, body.conversation_id, turns, body.query)
    person = person_of(grant, agent)
    made = await make(opened, grant.tenant, request_of(body, turns, sent), body.as_of, person)
    release, asked = made.pop("release"), made.pop("asked")
    mode = wiring.search_mode(opened.models, opened.sites.knowledge(grant.tenant))
    DECISIONS.labels("suggest", mode).inc()
    head = wiring.decision(wiring.new_id("sg"), mode, release, opened.models, opened.policy.version, began)
    reply = {**head, **made}
    kept = {**body.model_dump(mode="json", exclude={"turns"}, exclude_none=True)}
    core = asked["core"]
    kept |= {name: core[name] for name in ("turns", "query", "variables") if name in core}
    kept |= {**asked, "core": {name: value for name, value in core.items() if name != "turns"}}
    told = {**reply, "suggestions": [masked(one) for one in reply["suggestions"]]}

    def unit(writer: Writer) -> None:
        decisions.save(writer, grant.tenant, "suggest", kept, told, subject=body.conversation_id)

    await opened.store.awrite(unit)
    return reply


def masked(suggestion: Json) -> Json:
    """A suggestion as it is kept: what filled its slots came from a customer."""
    if not any(slot["filled"] for slot in suggestion["slots"]):
        return suggestion
    text, slots = suggestion["text"], []
    for slot in suggestion["slots"]:
        value = mask(slot["value"]) if slot["value"] else None
        text = text.replace(slot["value"], value) if value else text
        slots.append({**slot, "value": value})
    return {**suggestion, "text": mask(text), "slots": slots}


async def _dialogue(
    opened: Service, tenant: str, conversation_id: str, given: tuple[Turn, ...], query: str | None
) -> tuple[tuple[Turn, ...], frozenset[str], Json | None]:
    """Turns of a known conversation when none are given, the entries already sent in it, and its agent."""
    from api.store import conversations

    def unit(reader: Reader) -> tuple[tuple[Turn, ...], frozenset[str], Json | None] | None:
        known = conversations.get(reader, tenant, conversation_id)
        turns = given
        if known is None and not given and not query:
            return None
        if known is not None and not given:
            stored = conversations.turns_of(reader, tenant, conversation_id, 20, last=True)
            turns = tuple(Turn(turn["role"], turn["text"]) for turn, _ in stored)
        served = None if known is None or known.status == "bot" else known.state.get("agent")
        return turns, frozenset(decisions.sent_in(reader, tenant, conversation_id)), served

    found = await opened.store.aread(unit)
    if found is None:
        raise not_found("会话", conversation_id)
    return found


@router.post("/suggest/{suggestion_id}/feedback", status_code=201)
async def feedback(suggestion_id: str, body: FeedbackIn, opened: Opened, grant: AgentKey) -> Json:
    """Record what the agent did with one suggestion."""
    within(opened, "final_text", body.final_text)
    told = await opened.store.aread(
        lambda reader: decisions.get(reader, grant.tenant, "suggest", suggestion_id)
    )
    if told is None:
        raise not_found("推荐", suggestion_id)
    offered = {one["entry_id"]: one["release"] for one in told[1]["suggestions"]}
    if body.entry_id not in offered:
        raise invalid("entry_id", "不在这次推荐之中", "|".join(sorted(offered)) or "（这次推荐为空）")
    _complete(body, told[1]["suggestions"])
    record: dict[str, Any] = {
        "suggestion_id": suggestion_id,
        "conversation_id": told[0].get("conversation_id"),
        "entry_id": body.entry_id,
        "release": offered[body.entry_id],
        "action": body.action,
    }
    if body.final_text is not None:
        record["final_text"] = mask(body.final_text)
    identity = wiring.new_id("fb")
    subject = record["conversation_id"] or suggestion_id

    def unit(writer: Writer) -> None:
        decisions.add_feedback(writer, grant.tenant, identity, "suggestion", subject, grant.actor_id, record)
        observed.used(writer, grant, identity, record)

    await opened.store.awrite(unit)
    return {"id": identity, **record}


def _complete(body: FeedbackIn, offered: list[Json]) -> None:
    """Refuse to record as sent what still has a blank in it. Raises 422."""
    text = body.final_text
    if text is None:
        text = next(one["text"] for one in offered if one["entry_id"] == body.entry_id)
    if body.action == "sent" and BLANK in text:
        raise invalid("final_text", "还有必填内容没有填写", "补全【请填写…】之后的全文")
