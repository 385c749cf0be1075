"""Door of 沉淀: a finished complaint becomes a draft case, masked; one that is known already is linked to its case."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, model_validator

from api import wiring
from api.auth import requires
from api.deps import IdempotencyKey, Json, Opened, once
from api.errors import Problem, invalid, not_found
from api.forms import form_of, site_folder
from api.kb_policy import knowledge_policy
from api.quality import TranscriptIn, transcript_of
from api.service import Service
from api.store import Reader, Writer, conversations, decisions, entries
from api.store import knowledge as stored
from api.store.keys import Grant
from kb.deposit import Course, Near, draft_of, nearest
from kb.dialogue import asks_nothing
from kb.entries import Entry, from_json, to_json
from nlp.privacy import mask
from nlp.quality.dialogue import open_dialogue, prepare
from nlp.quality.summary import summarise
from nlp.routing import Ticket
from nlp.stages import STAGE_NAMES, stages_of
from nlp.text import key, sentences
from nlp.transcript import SERVICE_ROLES, Transcript, Turn

router = APIRouter(prefix="/v1/kb/deposits", tags=["kb"])

Keeper = Annotated[Grant, requires("supervisor", "editor")]
FORM = "standard"
TURNS, TOLD = 500, 5
TELLING = 8
"""Letters from which a sentence tells what is wanted."""
EXPECTED = ("comfort", "verify", "solve", "follow_up")
"""Stages whose absence is a lesson of a complaint."""


class DepositIn(BaseModel):
    """One of the three says which complaint; a title and a lesson replace those that are made."""

    conversation_id: str | None = Field(None, min_length=1, max_length=128)
    ticket_id: str | None = Field(None, min_length=1, max_length=128)
    transcript: TranscriptIn | None = None
    title: str | None = Field(None, min_length=1, max_length=200)
    outcome: str | None = Field(None, min_length=1, max_length=2000)
    lesson: str | None = Field(None, min_length=1, max_length=2000)

    @model_validator(mode="after")
    def one_of_them(self) -> DepositIn:
        if sum(one is not None for one in (self.conversation_id, self.ticket_id, self.transcript)) != 1:
            raise ValueError("conversation_id、ticket_id、transcript 给一个")
        return self


@router.post("", status_code=201)
async def deposit(
    body: DepositIn, opened: Opened, grant: Keeper, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Put the draft case into the open draft (201), or link the complaint to the case it repeats (200)."""
    source, transcript = await _complaint(opened, grant.tenant, body)
    course = await asyncio.to_thread(_course, opened, grant.tenant, source, transcript, body)
    entry = draft_of(course)
    live = [one for one in opened.sites.knowledge(grant.tenant).entries.values() if one.kind == "case"]
    planned = await opened.store.aread(lambda reader: entries.draft(reader, grant.tenant))
    near = await asyncio.to_thread(_near, opened, entry, live, planned)
    least = knowledge_policy(opened).duplicate

    def unit(writer: Writer) -> tuple[int, Json]:
        known = near[0] if near and near[0].likeness >= least else None
        told: Json = {
            "id": wiring.new_id("dp"),
            "state": "draft" if known is None else "linked",
            "entry_id": entry.id if known is None else known.entry_id,
            "source": entry.source,
            "likeness": near[0].likeness if near else 0.0,
        }
        if known is None:
            entries.set_draft(writer, grant.tenant, {entry.id: to_json(entry)}, grant.actor_id)
        decisions.add_feedback(
            writer, grant.tenant, told["id"], "deposit", told["entry_id"], grant.actor_id, told
        )
        shown = [{"entry_id": one.entry_id, "title": one.title, "likeness": one.likeness} for one in near]
        return (201 if known is None else 200), {**told, "entry": to_json(entry), "near": shown}

    return await once(opened, grant, idempotency_key, ["deposit", body.model_dump(mode="json")], unit)


def _near(
    opened: Service, entry: Entry, live: list[Entry], planned: dict[str, Json | None]
) -> tuple[Near, ...]:
    drafts = {name: from_json(raw) for name, raw in planned.items() if raw and raw["kind"] == "case"}
    standing = [one for one in live if one.id not in planned]
    return nearest(entry, [*standing, *drafts.values()], opened.models.encode)


async def _complaint(opened: Service, tenant: str, body: DepositIn) -> tuple[str, Transcript]:
    """Where it comes from, and what was said. Raises 404, and 409 for a conversation that still goes on."""
    if body.transcript is not None:
        settings = opened.settings
        transcript = transcript_of(body.transcript, settings.transcript_turns_limit, settings.text_limit)
        if not any(turn.role == "customer" and turn.text.strip() for turn in transcript.turns):
            raise invalid("transcript.turns", "没有客户的话", "至少一个非空的客户话轮")
        return f"会话记录 {transcript.id}", transcript
    if body.ticket_id is not None:
        ticket_id = body.ticket_id
        found = await opened.store.aread(lambda reader: stored.ticket(reader, tenant, ticket_id))
        if found is None:
            raise not_found("工单", ticket_id)
        told = "\n".join(part for part in (found[0].get("subject"), found[0]["text"]) if part)
        category = found[1]["category"]["code"]
        return f"工单 {ticket_id}", Transcript(ticket_id, (Turn("customer", told),), category=category)
    conversation = body.conversation_id or ""

    def unit(reader: Reader) -> tuple[str, list[tuple[Json, Json]]] | None:
        kept = conversations.get(reader, tenant, conversation)
        if kept is None:
            return None
        return kept.status, conversations.turns_of(reader, tenant, conversation, TURNS)

    held = await opened.store.aread(unit)
    if held is None:
        raise not_found("会话", conversation)
    if held[0] != "closed":
        raise Problem("conflict", f"会话状态是 {held[0]}：关闭之后才能沉淀")
    turns = tuple(Turn(turn["role"], mask(turn["text"])) for turn, _ in held[1])
    if not any(turn.role == "customer" for turn in turns):
        raise Problem("conflict", "会话里没有客户的话，无可沉淀")
    return f"会话 {conversation}", Transcript(conversation, turns)


def _course(opened: Service, tenant: str, source: str, transcript: Transcript, body: DepositIn) -> Course:
    """Request, steps and outcome word for word; what the customer went through; what was not done."""
    form, _ = form_of(opened.settings, tenant, FORM, None)
    summary = summarise(open_dialogue(transcript, prepare(form, site_folder(opened.settings)), {}))
    told = list(_told(transcript))
    request = summary.request.text if summary.request else ""
    if asks_nothing(request) or len(key(request)) < TELLING:
        request = max(told[:3], key=len, default=request)
    outcome = summary.outcome.text if summary.outcome else ""
    category = transcript.category or ""
    if category not in opened.policy.taxonomy.codes:
        ticket = Ticket(text=request or source)
        routed = wiring.route_tickets(opened.models, opened.policy, [ticket], datetime.now(UTC))
        category = routed[0].category.code
    return Course(
        source=source,
        request=request,
        told=[one for one in told if one != request][:TOLD],
        steps=[step.text for step in summary.steps],
        outcome=body.outcome or " ".join(filter(None, (outcome, _ending(transcript)))),
        lesson=body.lesson or _lesson(transcript),
        title=body.title,
        tags=(category,),
    )


def _told(transcript: Transcript) -> Iterator[str]:
    """What each of the customer's turns says, in its first telling sentence, masked."""
    seen: set[str] = set()
    for turn in transcript.turns:
        if turn.role != "customer" or asks_nothing(turn.text):
            continue
        text = mask(turn.text)
        for start, end in sentences(text):
            said = text[start:end]
            if not asks_nothing(said) and said not in seen:
                seen.add(said)
                yield said
                break


def _ending(transcript: Transcript) -> str:
    """What is recorded of the end."""
    end = transcript.outcome
    if end is None:
        return ""
    parts = []
    if end.resolved is not None:
        parts.append("已解决" if end.resolved else "未解决")
    if end.satisfaction is not None:
        parts.append(f"满意度 {end.satisfaction}")
    if end.follow_up is not None:
        parts.append("已回访" if end.follow_up else "未回访")
    return f"（{'，'.join(parts)}）" if parts else ""


def _lesson(transcript: Transcript) -> str:
    """The steps of a good conversation that were left out; empty where nobody served."""
    served = [turn.text for turn in transcript.turns if turn.role in SERVICE_ROLES]
    if not served:
        return ""
    done = {stage for text in served for stage in stages_of(text)}
    missing = [STAGE_NAMES[stage] for stage in EXPECTED if stage not in done]
    return f"这次缺少：{'、'.join(missing)}。" if missing else ""
