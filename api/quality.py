"""Door of the fourth job: a transcript to points with evidence, and the results that were kept."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api import blinds, rulings, stored, wiring
from api.auth import requires
from api.bodies import Moment
from api.casework import Work
from api.deps import Json, Opened, Quality
from api.errors import Problem, invalid, not_found
from api.forms import CODE, form_of, site_folder
from api.judging import judged
from api.routing import CustomerIn
from api.service import Service
from api.settings import MOST_TEXT
from api.store import Reader, results, transcripts
from api.store.keys import Grant
from api.telemetry import DECISIONS
from nlp.metrics.transcripts import observe
from nlp.quality.form import Form
from nlp.quality.kept import keep
from nlp.quality.result import to_json
from nlp.quality.scorer import moment_of
from nlp.transcript import Role, Transcript, TranscriptError, parse_transcript

router = APIRouter(prefix="/v1/quality", tags=["quality"])

KEPT_DAYS = 90
"""How far back a list of results looks when it is not told."""
Judged = Annotated[Grant, requires("agent", "supervisor", "quality")]


class SpokenIn(BaseModel):
    """One turn of a transcript; its text may be empty."""

    model_config = ConfigDict(extra="allow")

    turn_id: str | None = Field(None, max_length=128)
    role: Role
    text: str = Field("", max_length=MOST_TEXT)
    at: str | None = Field(None, max_length=64)


class AgentIn(BaseModel):
    """Who served."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(min_length=1, max_length=128)
    name: str | None = Field(None, max_length=128)
    team: str | None = Field(None, max_length=128)


class OutcomeIn(BaseModel):
    """What is known of the end."""

    model_config = ConfigDict(extra="allow")

    resolved: bool | None = None
    satisfaction: int | None = Field(None, ge=0, le=10)
    follow_up: bool | None = None


class TranscriptIn(BaseModel):
    """A finished dialogue; unknown fields are kept and ignored."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(min_length=1, max_length=200)
    turns: list[SpokenIn]
    channel: str | None = Field(None, max_length=64)
    category: str | None = Field(None, max_length=128)
    agent: AgentIn | None = None
    customer: CustomerIn | None = None
    started_at: str | None = Field(None, max_length=64)
    outcome: OutcomeIn | None = None


class ScoreIn(BaseModel):
    """What to score, with which form, as of when (by default: when it started)."""

    transcript: TranscriptIn
    form: str = Field("standard", pattern=CODE)
    as_of: Moment | None = None


def transcript_of(body: TranscriptIn, settings_limit: int, text_limit: int) -> Transcript:
    """The core's transcript. Raises 413 for too many turns, 422 naming the field."""
    if len(body.turns) > settings_limit:
        raise Problem("too_large", f"transcript.turns: 至多 {settings_limit} 个话轮")
    for index, turn in enumerate(body.turns):
        if len(turn.text) > text_limit:
            raise invalid(f"transcript.turns.{index}.text", "内容太长", f"至多 {text_limit} 个字符")
    try:
        return parse_transcript(body.model_dump(mode="json", exclude_none=True))
    except TranscriptError as error:
        raise invalid(f"transcript.{error.field}", error.message, error.accepted) from None


@router.post("/score")
async def score_transcript(body: ScoreIn, opened: Opened, work: Work, grant: Quality) -> Json:
    """Score one transcript; the same one with the same form and versions has the same id and one row."""
    began = time.perf_counter()
    settings = opened.settings
    transcript = transcript_of(body.transcript, settings.transcript_turns_limit, settings.text_limit)
    as_of = moment_of(transcript, body.as_of)
    form, _ = form_of(settings, grant.tenant, body.form, as_of)
    reply = await asyncio.to_thread(answered, opened, grant.tenant, transcript, form, as_of, began)
    DECISIONS.labels("quality", reply["mode"]).inc()
    agent = transcript.agent.id if transcript.agent else None
    kept, masked = lasting(transcript, reply), await asyncio.to_thread(keep, transcript)
    unit = await asyncio.to_thread(stored.one, work, opened, grant.tenant, (kept, agent, masked))
    await opened.store.awrite(unit)
    return reply


def lasting(transcript: Transcript, reply: Json) -> Json:
    """What is kept of a reply: reports tell scores by what the dialogue was about."""
    kept = {name: value for name, value in reply.items() if name != "took_ms"}
    return kept if transcript.category is None else {**kept, "category": transcript.category}


def answered(
    opened: Service, tenant: str, transcript: Transcript, form: Form, as_of: datetime, began: float
) -> Json:
    """The reply of a score: the same transcript with the same form and versions has the same id."""
    found, knowledge = judged(opened, tenant, transcript, form, as_of)
    told = to_json(found)
    head = wiring.decision("", found.mode, knowledge.release, opened.models, opened.policy.version, began)
    told["mode"] = head["mode"]
    told["observed"] = observe(transcript, told, site_folder(opened.settings))
    basis = [_canonical(transcript), form.digest, head["versions"], as_of.isoformat()]
    digest = hashlib.sha256(json.dumps(basis, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return {**head, **told, "id": f"qs_{digest[:24]}"}


def _canonical(transcript: Transcript) -> Json:
    """What the score depends on."""
    agent, outcome = transcript.agent, transcript.outcome
    return {
        "id": transcript.id,
        "turns": [
            [turn.role, turn.text, turn.at.isoformat() if turn.at else None] for turn in transcript.turns
        ],
        "channel": transcript.channel,
        "category": transcript.category,
        "agent": agent.id if agent else None,
        "tier": transcript.customer.tier,
        "outcome": [outcome.resolved, outcome.satisfaction, outcome.follow_up] if outcome else None,
        "extra": json.loads(json.dumps(dict(transcript.extra), default=str)),
    }


@router.get("/results")
async def list_results(
    opened: Opened,
    grant: Judged,
    agent: Annotated[str | None, Query(max_length=128)] = None,
    transcript_id: Annotated[str | None, Query(max_length=200)] = None,
    form: Annotated[str | None, Query(pattern=CODE)] = None,
    since: Moment | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Kept results, newest first; an agent sees their own."""
    if grant.scope == "agent":
        if agent not in (None, grant.actor_id):
            raise Problem("forbidden", "客服只能看自己的质检结果")
        agent = grant.actor_id
    at = (since or datetime.now(UTC) - timedelta(days=KEPT_DAYS)).astimezone(UTC)

    def unit(reader: Reader) -> list[Json]:
        found = results.since(
            reader,
            grant.tenant,
            at.isoformat(timespec="milliseconds"),
            agent,
            limit,
            transcript_id=transcript_id,
            form=form,
        )
        unseen = blinds.hidden(reader, grant)
        found = [row for row in found if row["id"] not in unseen]
        return rulings.listed(reader, grant.tenant, found)

    return {"results": await opened.store.aread(unit)}


@router.get("/results/{result_id}")
async def read_result(result_id: str, opened: Opened, grant: Judged) -> Json:
    """One result as it stands; what the machine said is its `original`, and every word in between a ruling."""

    def unit(reader: Reader) -> Json:
        found = rulings.stored(reader, grant.tenant, result_id, grant)
        if result_id in blinds.hidden(reader, grant):
            raise Problem("forbidden", "您还有这个结果的盲评或校准评分未提交：提交后再看")
        return rulings.shown(opened, reader, grant.tenant, found)

    return await opened.store.aread(unit)


@router.get("/results/{result_id}/transcript")
async def read_transcript(result_id: str, opened: Opened, grant: Judged) -> Json:
    """What a result was scored on, personal data covered letter by letter: its evidence points into these turns."""

    def unit(reader: Reader) -> Json | None:
        rulings.stored(reader, grant.tenant, result_id, grant)
        return transcripts.of_result(reader, grant.tenant, result_id)

    found = await opened.store.aread(unit)
    if found is None:
        raise not_found("会话记录", result_id)
    return {"result_id": result_id, "transcript": found}
