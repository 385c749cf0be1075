"""Door of the first job: tickets to category, priority, queue and clocks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError

from api import errors, observed, wiring
from api.bodies import Moment
from api.deps import AgentKey, Bot, Json, Opened, acting, within
from api.forms import site_folder
from api.service import Service
from api.settings import MOST_TEXT
from api.shadow import Shadow
from api.store import Reader, Writer, decisions, observations
from api.telemetry import DECISIONS
from nlp.duplicates import Duplicate, Recent, duplicates
from nlp.privacy import mask
from nlp.routing import Route, Ticket
from nlp.routing import to_json as route_json
from nlp.transcript import Customer

router = APIRouter(prefix="/v1/tickets", tags=["route"])

AT_ONCE = 4
"""Tickets routed on the event loop; more go to a thread."""
REMEMBERED = timedelta(days=7)


class CustomerIn(BaseModel):
    """Who wrote it."""

    id: str | None = Field(None, max_length=128)
    tier: str | None = Field(None, max_length=64)
    region: str | None = Field(None, max_length=64)

    def value(self) -> Customer:
        return Customer(self.id, self.tier, self.region)


class TicketIn(BaseModel):
    """A ticket as it came in."""

    ticket_id: str | None = Field(None, min_length=1, max_length=128)
    channel: str | None = Field(None, max_length=64)
    subject: str | None = Field(None, max_length=500)
    text: Annotated[
        str, Field(min_length=1, max_length=MOST_TEXT, examples=["空调装了三次都没装好，再不处理我就打12315"])
    ]
    customer: CustomerIn | None = None
    created_at: Moment | None = None
    attributes: dict[str, Any] = Field(default_factory=dict, max_length=50)

    def value(self) -> Ticket:
        return Ticket(
            text=self.text,
            ticket_id=self.ticket_id,
            channel=self.channel,
            subject=self.subject,
            customer=self.customer.value() if self.customer else Customer(),
            created_at=self.created_at,
            attributes=self.attributes,
        )


class BatchIn(BaseModel):
    """Many tickets; a bad one is answered as its own problem."""

    tickets: list[Any] = Field(min_length=1)


class CorrectionIn(BaseModel):
    """What a person put right."""

    category: str | None = Field(None, max_length=128)
    priority: str | None = Field(None, pattern="^(normal|urgent|critical)$")
    queue: str | None = Field(None, max_length=128)
    by: str | None = Field(None, max_length=128)


def _reply(opened: Service, route: Route, found: Sequence[Duplicate], began: float) -> Json:
    mode = "rules_only" if opened.models.intent is None else "full"
    DECISIONS.labels("route", mode).inc()
    head = wiring.decision(wiring.new_id("rt"), mode, None, opened.models, opened.policy.version, began)
    return {**head, **route_json(route), "duplicates": _told(found)}


def _remembered(ticket: Ticket, now: datetime) -> Json:
    """The request as it is kept, masked, with all that the decision depends on."""
    customer, subject, text = ticket.customer, mask(ticket.subject or ""), mask(ticket.text)
    attributes = {name: _kept(value) for name, value in ticket.attributes.items()}
    return {
        "ticket_id": ticket.ticket_id,
        "channel": ticket.channel,
        "subject": subject,
        "text": text,
        "customer": {"id": customer.id, "tier": customer.tier, "region": customer.region},
        "created_at": None if ticket.created_at is None else ticket.created_at.isoformat(),
        "attributes": attributes,
        "now": now.isoformat(),
        "masked": (subject, text) != (ticket.subject or "", ticket.text) or attributes != ticket.attributes,
    }


def _kept(value: Any) -> Any:
    """A ticket's attribute without personal data, whatever its shape."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: _kept(one) for name, one in value.items()}
    return [_kept(one) for one in value] if isinstance(value, list) else value


def again(opened: Service, reader: Reader, tenant: str, kept: Json, at: str) -> Json:
    """The body of a kept routing decided again, as if at the moment `at` (UTC ISO) of the decision."""
    now, created = datetime.fromisoformat(kept["now"]), kept["created_at"]
    ticket = Ticket(
        text=kept["text"],
        ticket_id=kept["ticket_id"],
        channel=kept["channel"],
        subject=kept["subject"] or None,
        customer=Customer(**kept["customer"]),
        created_at=datetime.fromisoformat(created) if created else None,
        attributes=kept["attributes"],
    )
    route = wiring.route_tickets(opened.models, opened.policy, [ticket], now)[0]
    since = (now - REMEMBERED).isoformat(timespec="milliseconds")
    customers = [ticket.customer.id] if ticket.customer.id else []
    found = duplicates(ticket, _recent(reader, tenant, customers, since, at))
    return {**route_json(route), "duplicates": _told(found)}


def _told(found: Sequence[Duplicate]) -> list[Json]:
    return [{"ticket_id": one.ticket_id, "confidence": one.confidence} for one in found]


async def _route(
    request: Request, opened: Service, tenant: str, tickets: list[Ticket], began: float
) -> list[Json]:
    now = datetime.now(UTC)
    work = partial(wiring.route_tickets, opened.models, opened.policy, tickets, now)
    # a batch takes long enough to be felt by live turns
    at_once = len(tickets) <= AT_ONCE and not opened.models.heads_slow
    routes = work() if at_once else await asyncio.to_thread(work)
    since = (now - REMEMBERED).isoformat(timespec="milliseconds")
    customers = sorted({ticket.customer.id for ticket in tickets if ticket.customer.id})
    recent: list[Recent] = []
    if customers:
        recent = await opened.store.aread(lambda reader: _recent(reader, tenant, customers, since))
    replies = [
        _reply(opened, route, duplicates(ticket, recent), began)
        for ticket, route in zip(tickets, routes, strict=True)
    ]

    folder, asked = site_folder(opened.settings), [_remembered(ticket, now) for ticket in tickets]
    seen = [
        observed.ticket_seen(ticket, kept["text"], reply, folder)
        for ticket, kept, reply in zip(tickets, asked, replies, strict=True)
    ]

    def unit(writer: Writer) -> None:
        for ticket, kept, reply in zip(tickets, asked, replies, strict=True):
            subject = ticket.ticket_id or reply["id"]
            decisions.save(writer, tenant, "route", kept, reply, subject=subject, customer=ticket.customer.id)
        observations.put(writer, tenant, seen)

    await opened.store.awrite(unit)
    shadow: Shadow = request.app.state.shadow
    shadow.offer(tenant, tickets, replies)
    return replies


def _recent(
    reader: Reader, tenant: str, customers: list[str], since: str, before: str | None = None
) -> list[Recent]:
    rows = decisions.requests_of(reader, tenant, "route", customers, since, before=before)
    return [Recent(subject, request["text"], request["customer"]["id"]) for subject, request in rows]


@router.post("/route")
async def route_one(body: TicketIn, request: Request, opened: Opened, grant: Bot) -> Json:
    """Route one ticket."""
    began = time.perf_counter()
    within(opened, "text", body.text)
    return (await _route(request, opened, grant.tenant, [body.value()], began))[0]


@router.post("/route-batch")
async def route_batch(body: BatchIn, request: Request, opened: Opened, grant: Bot) -> Json:
    """Route many tickets in order; a bad one is its own problem object."""
    began = time.perf_counter()
    if len(body.tickets) > opened.settings.batch_limit:
        raise errors.Problem("too_large", f"一批至多 {opened.settings.batch_limit} 张工单")
    read: list[Ticket | Json] = []
    for index, raw in enumerate(body.tickets):
        try:
            ticket = TicketIn.model_validate(raw)
            within(opened, f"tickets.{index}.text", ticket.text)
            read.append(ticket.value())
        except errors.Problem as problem:
            read.append(errors.document(problem, None))
        except ValidationError as error:
            located = [{**one, "loc": ("tickets", index, *one["loc"])} for one in error.errors()]
            read.append(errors.document(errors.from_validation(located), None))
    good = [one for one in read if isinstance(one, Ticket)]
    routed = iter(await _route(request, opened, grant.tenant, good, began) if good else [])
    return {"results": [next(routed) if isinstance(one, Ticket) else one for one in read]}


@router.post("/{ticket_id:path}/corrections", status_code=201)
async def correct(ticket_id: str, body: CorrectionIn, opened: Opened, grant: AgentKey) -> Json:
    """Record what a person put right: the learning loop reads these."""
    by = acting(grant, body.by)
    given = body.model_dump(exclude_none=True, exclude={"by"})
    if not given:
        raise errors.invalid("category", "至少改一项", "category、priority、queue 之一")
    if body.category is not None and body.category not in opened.policy.taxonomy.codes:
        raise errors.invalid("category", f"没有类别 {body.category}", "分类表里的编码")
    if body.queue is not None and body.queue not in opened.policy.taxonomy.queues:
        raise errors.invalid("queue", f"没有技能组 {body.queue}", "|".join(opened.policy.taxonomy.queues))
    told = await opened.store.aread(lambda reader: decisions.about(reader, grant.tenant, "route", ticket_id))
    if told is None:
        raise errors.not_found("工单", ticket_id)
    record = {"ticket_id": ticket_id, "decision_id": told["id"], **given, "by": by}
    identity = wiring.new_id("cr")
    path = opened.policy.taxonomy.codes[body.category].path if body.category else ()

    def unit(writer: Writer) -> None:
        decisions.add_feedback(writer, grant.tenant, identity, "correction", ticket_id, by, record)
        observed.corrected(writer, grant.tenant, ticket_id, given, path)

    await opened.store.awrite(unit)
    return {"id": identity, **record}
