"""Customers to call back: after a conversation, by the time that was promised, and those who had to come again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import case_views, cases, live, red_cards
from api.auth import requires
from api.casework import Casework, Work, clock_of, find
from api.deps import AgentKey, IdempotencyKey, Json, Opened, once
from api.forms import site_folder
from api.service import Service
from api.settled import FOLLOW_UP
from api.store import Reader, Writer, conversations, observations
from api.store.cases import Case
from api.store.conversations import Kept
from api.store.keys import Grant
from nlp import handoff
from nlp.metrics.observation import Observation
from nlp.privacy import mask
from nlp.quality.follow_up import Commitment, Earlier, FollowUpPolicy, escalations, first_of, read_follow_up
from nlp.transcript import parse_transcript

router = APIRouter(tags=["quality"])

REPEAT = "second_complaint"
FARTHEST_DAYS = 366
"""No promise reaches farther: older conversations are not read for one."""
FACTS = ("conversation", "ticket")
Person = Annotated[Grant, requires("agent", "supervisor", "quality")]
Named = Annotated[str | None, Query(max_length=256)]
_read = lru_cache(maxsize=64)(read_follow_up)


def policy_of(opened: Service) -> FollowUpPolicy:
    """The policy of an opened site, read once."""
    return _read(site_folder(opened.settings))


class OutcomeIn(BaseModel):
    """What the customer said when called back."""

    outcome: Literal["满意", "基本满意", "不满意"]
    remark: str | None = Field(None, min_length=1, max_length=2000)


def at_close(work: Casework, opened: Service, writer: Writer, grant: Grant, kept: Kept) -> Case | None:
    """A conversation that people served has ended: its customer is called back in some days."""
    if kept.status in ("bot", "closed"):
        return None
    agent = (kept.state.get("agent") or {}).get("id") or grant.actor_id
    return cases.open_case(
        work, writer, clock_of(grant.tenant), FOLLOW_UP, title=f"回访：会话 {kept.id}"[:200], subject=kept.id,
        owner=agent, data={"why": "close", "channel": kept.state.get("channel")},
        due_at=work.clock() + timedelta(days=policy_of(opened).days), identity=f"fu-{kept.id}-{kept.revision}",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Promise:
    """A time that an agent promised in a conversation, when the matter was handed on."""

    conversation: str
    agent: str | None
    handed_on: str
    made: Commitment


def promises_in(opened: Service, told: Mapping[str, Any], now: datetime) -> list[Promise]:
    """The promises of a kept transcript. Pure work, done before anything is written."""
    policy = policy_of(opened)
    transcript = parse_transcript(dict(told))
    agent = transcript.agent.id if transcript.agent else None
    began = transcript.started_at or now
    if began < now - timedelta(days=policy.fresh_days + FARTHEST_DAYS):
        return []
    return [
        Promise(transcript.id, agent, found.text, found.commitment)
        for found in escalations(transcript.turns, began, policy)
        if found.commitment is not None and found.commitment.due > now - timedelta(days=policy.fresh_days)
    ]


def promised(work: Casework, writer: Writer, tenant: str, promises: Sequence[Promise]) -> list[Case]:
    """A task for each promised time, for whose conversation it was; scored again it stays one."""
    return [
        cases.open_case(
            work,
            writer,
            clock_of(tenant),
            FOLLOW_UP,
            subject=one.conversation,
            owner=one.agent,
            title=f"承诺跟进：{one.made.text}（会话 {one.conversation}）"[:200],
            data={
                "why": "commitment",
                "commitment": one.made.text,
                "handed_on": one.handed_on,
                "promised_owner": one.made.owner,
                "turn": one.made.turn,
                "start": one.made.start,
                "end": one.made.end,
                "promised_for": one.made.due.isoformat(),
            },
            due_at=one.made.due.astimezone(UTC),
            identity=f"fp-{one.conversation}-{one.made.turn}",
        )
        for one in promises
    ]


def again(
    work: Casework, opened: Service, writer: Writer, tenant: str, result: Mapping[str, Any]
) -> Case | None:
    """A complaint of a customer who had complained of the same before: flagged, and tied to the first."""
    seen, policy = result.get("observed"), policy_of(opened)
    if not seen or not seen.get("customer"):
        return None
    path = seen["values"].get("path") or []
    if not path or path[0] not in policy.repeat_categories:
        return None
    at = datetime.fromisoformat(seen["at"]) if seen.get("at") else work.clock()
    if at < work.clock() - timedelta(days=policy.fresh_days):
        return None
    span = (at - timedelta(days=policy.repeat_days), at)
    rows = [
        one
        for kind in FACTS
        for one in observations.between(Reader(writer), tenant, kind, *span, {"customer": seen["customer"]})
    ]
    earlier = [_earlier(one) for one in rows if one.subject != seen["subject"] and _complains(one, policy)]
    first = first_of(str(seen["values"].get("quote") or ""), seen["category"], earlier, policy)
    if first is None:
        return None
    return _flag(work, writer, tenant, seen["subject"], seen.get("agent"), {
        "first": first.id, "first_at": first.at.isoformat(), "customer": seen["customer"],
        "category": seen["category"], "days": (at - first.at).days,
    })  # fmt: skip


def _complains(one: Observation, policy: FollowUpPolicy) -> bool:
    path = one.values.get("path") or []
    return bool(path) and path[0] in policy.repeat_categories


def _earlier(one: Observation) -> Earlier:
    return Earlier(str(one.subject), one.at, one.category, str(one.values.get("quote") or ""))


def _flag(work: Casework, writer: Writer, tenant: str, subject: str, agent: str | None, data: Json) -> Case:
    return cases.open_case(
        work, writer, clock_of(tenant), REPEAT, title=f"二次投诉：{subject}（首次 {data['first']}）"[:200],
        subject=subject, owner=agent, data=data, identity=f"sc-{subject}",
    )  # fmt: skip


def register(work: Casework, opened: Service) -> None:
    """A customer who is not satisfied when called back gets the conversation opened anew, and another call."""

    def called(writer: Writer, case: Case, grant: Grant) -> None:
        subject = str(case.subject)
        if case.data["outcome"] == "不满意":
            _reopened(writer, grant.tenant, subject)
            rounds = int(case.data.get("round", 1)) + 1
            cases.open_case(
                work, writer, clock_of(grant.tenant), FOLLOW_UP, title=f"再次回访：{subject}"[:200], subject=subject,
                owner=case.owner, data={"why": "unsatisfied", "round": rounds, "before": case.id},
                due_at=work.clock() + timedelta(days=policy_of(opened).days), identity=f"{case.id}-{rounds}",
            )  # fmt: skip
            _flag(work, writer, grant.tenant, subject, case.owner, {
                "first": subject, "first_at": case.created_at, "follow_up": case.id, "why": "回访不满意",
            })  # fmt: skip
            return
        seen = observations.get(Reader(writer), grant.tenant, f"conversation:{subject}")
        if seen is not None and seen.agent is not None:  # solved: now it may be asked whose fault it was
            red_cards.issue(work, opened, writer, grant.tenant, seen.agent, (seen.at, seen.at))

    work.on_move(FOLLOW_UP, "finish", called)


def _reopened(writer: Writer, tenant: str, conversation_id: str) -> None:
    kept = conversations.get(Reader(writer), tenant, conversation_id)
    if kept is None or kept.status != "closed":
        return
    course = live.from_json(kept.state)
    state = handoff.reopen(course.handoff)
    course = replace(course, handoff=state)
    conversations.advance(writer, tenant, kept, state.state, course.to_json(), 0)
    told: Json = {
        "state": state.state,
        "action": "none",
        "reasons": [],
        "step": "reopen",
        "reason": "回访不满意",
    }
    conversations.add_event(writer, tenant, conversation_id, "handoff", told)


@router.get("/v1/follow-ups")
async def list_follow_ups(
    opened: Opened,
    work: Work,
    grant: Person,
    state: Named = None,
    owner: Named = None,
    overdue: bool = False,
    after: Named = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Customers to call back, newest first; an agent's own."""

    def unit(reader: Reader) -> list[Json]:
        found = case_views.listed(
            work,
            reader,
            grant,
            kind=FOLLOW_UP,
            state=state,
            owner=owner,
            overdue=overdue,
            after=after,
            limit=limit,
        )
        return [case_views.shown(work, case, grant) for case in found]

    page = await opened.store.aread(unit)
    return {"follow_ups": page, "next": page[-1]["id"] if len(page) == limit else None}


@router.post("/v1/follow-ups/{task_id}/outcome")
async def record_outcome(
    task_id: str,
    body: OutcomeIn,
    opened: Opened,
    work: Work,
    grant: AgentKey,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """What the customer said: 满意, 基本满意, or 不满意, which opens the matter anew."""

    def unit(writer: Writer) -> tuple[int, Json]:
        fields = {"outcome": body.outcome, "remark": None if body.remark is None else mask(body.remark)}
        found = find(work, Reader(writer), grant, task_id, FOLLOW_UP)
        case = cases.move(work, writer, grant, found.id, "finish", fields=fields)
        return 200, case_views.shown(work, case, grant)

    return await once(opened, grant, idempotency_key, ["follow-up", task_id, body.model_dump()], unit)


@router.get("/v1/second-complaints")
async def list_second_complaints(
    opened: Opened,
    work: Work,
    grant: Person,
    state: Named = None,
    after: Named = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Complaints that came again, newest first, each with the first of them; exempting one names the clause."""

    def unit(reader: Reader) -> list[Json]:
        found = case_views.listed(work, reader, grant, kind=REPEAT, state=state, after=after, limit=limit)
        return [case_views.shown(work, case, grant) for case in found]

    page = await opened.store.aread(unit)
    return {"second_complaints": page, "next": page[-1]["id"] if len(page) == limit else None}
