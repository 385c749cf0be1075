"""Capability route: a ticket to category, priority, queue, clocks and ladder, with the evidence for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from nlp import sla
from nlp.complexity import Complexity, complexity
from nlp.entities import Entity, entities
from nlp.keywords import guess
from nlp.mood import Mood
from nlp.policy import Policy
from nlp.priority import Priority, prioritise
from nlp.sla import Hop
from nlp.taxonomy import Node
from nlp.transcript import Customer

Automation = Literal["auto", "suggest", "manual"]
Conditions = Mapping[str, frozenset[str]]
NOBODY = Customer()


class Bands(Protocol):
    """A classifier's thresholds by label; `nlp.classify.Thresholds` is one."""

    @property
    def auto(self) -> Mapping[str, float]: ...
    @property
    def suggest(self) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request as it came in. `created_at` is aware; None means the moment of routing."""

    text: str
    ticket_id: str | None = None
    channel: str | None = None
    subject: str | None = None
    customer: Customer = NOBODY
    created_at: datetime | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Category:
    """`path` runs from the root to the deepest node that is sure enough."""

    code: str
    name: str
    path: tuple[str, ...]
    confidence: float
    owner: str


@dataclass(frozen=True, slots=True)
class Alternative:
    code: str
    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Queue:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Sla:
    policy: str
    name: str
    clocks: tuple[sla.Clock, ...]
    notify: tuple[str, ...]

    def due(self, code: str) -> datetime:
        """When the clock `code` runs out. Raises StopIteration for a clock the policy has not."""
        return next(clock.due for clock in self.clocks if clock.code == code)


@dataclass(frozen=True, slots=True)
class Route:
    """Everything decided about a ticket; pure data, equal for equal input, policy and moment."""

    category: Category
    alternatives: tuple[Alternative, ...]
    priority: Priority
    sentiment: Mood | None
    queue: Queue
    automation: Automation
    sla: Sla
    ladder: tuple[Hop, ...]
    entities: tuple[Entity, ...]
    complexity: Complexity


def route(
    ticket: Ticket,
    probabilities: Mapping[str, float] | None,
    sentiment: Mood | None,
    policy: Policy,
    now: datetime,
    thresholds: Bands | None = None,
    alarm: Mapping[str, float] | None = None,
) -> Route:
    """Route one ticket. `probabilities` are the classifier's, by leaf; None falls back to keywords.

    `alarm` are those of the alarm classifier by label, None without one.

    A floor is never routed automatically. `now` (aware) stands in for a missing `created_at`.
    """
    opened_at = ticket.created_at or now
    text = f"{ticket.subject} {ticket.text}" if ticket.subject else ticket.text
    shares = guess(text, policy, probabilities)
    totals = policy.taxonomy.totals(shares)
    node = policy.taxonomy.deepest(totals, policy.routing.sure)
    priority = _in_text(prioritise(text, policy.priority, alarm), ticket)
    named = entities(ticket.text)
    complexity_ = complexity(ticket.text, ticket.attributes, totals, priority, named, policy)
    given = _conditions(ticket, node, priority)
    queue = next((rule.queue for rule in policy.routing.queues if rule.when.holds(given)), node.queue)
    level = next(one for one in policy.sla if one.when.holds(given))
    ladder = next(one for one in policy.ladders if one.when.holds(given))
    clocks = sla.start(level, opened_at, policy.calendars, policy.calendar_of(queue))
    confidence = round(min(totals[node.code], 1.0), 4)
    return Route(
        category=Category(node.code, node.name, node.path, confidence, node.owner),
        alternatives=_alternatives(totals, node, policy),
        priority=priority,
        sentiment=sentiment,
        queue=Queue(queue, policy.taxonomy.queues[queue]),
        automation=_automation(
            node, confidence, priority, complexity_, policy, thresholds, probabilities is None
        ),
        sla=Sla(level.code, level.name, clocks, level.notify),
        ladder=sla.climb(ladder, opened_at.astimezone(policy.zone)),
        entities=named,
        complexity=complexity_,
    )


def _in_text(priority: Priority, ticket: Ticket) -> Priority:
    # Subject and text are read as one; spans point into the text as sent, a reason in the subject to its start.
    if not ticket.subject:
        return priority
    shift = len(ticket.subject) + 1
    return priority.shifted(-shift, len(ticket.text))


def _conditions(ticket: Ticket, node: Node, priority: Priority) -> Conditions:
    return {
        "category": frozenset(node.path),
        "priority": frozenset((priority.level,)),
        "tier": frozenset(((ticket.customer.tier or "").lower(),)),
        "channel": frozenset(((ticket.channel or "").lower(),)),
    }


def _alternatives(totals: Mapping[str, float], node: Node, policy: Policy) -> tuple[Alternative, ...]:
    leaves = policy.taxonomy.leaves - {node.code}
    ranked = sorted(leaves, key=lambda code: (-totals[code], code))[: policy.routing.alternatives]
    return tuple(
        Alternative(code, policy.taxonomy.codes[code].name, round(totals[code], 4))
        for code in ranked
        if totals[code] >= policy.routing.alternative
    )


def _automation(
    node: Node,
    confidence: float,
    priority: Priority,
    complexity_: Complexity,
    policy: Policy,
    thresholds: Bands | None,
    by_rules: bool,
) -> Automation:
    if priority.level == "critical" or any(one.code in policy.priority.floors for one in priority.reasons):
        return "manual"
    is_leaf = node.code in policy.taxonomy.leaves
    auto = thresholds.auto.get(node.code) if thresholds else None
    suggest = thresholds.suggest.get(node.code) if thresholds else None
    auto = policy.routing.auto if auto is None else auto
    suggest = policy.routing.suggest if suggest is None else suggest
    if (
        confidence >= auto
        and is_leaf
        and priority.level == "normal"
        and not complexity_.complex
        and not by_rules
    ):
        return "auto"
    return "suggest" if confidence >= suggest else "manual"


def to_json(route: Route) -> dict[str, Any]:
    """The contract's body of a route, less id, mode, versions, took_ms and duplicates."""
    mood = route.sentiment
    return {
        "category": {
            "code": route.category.code,
            "name": route.category.name,
            "path": list(route.category.path),
            "confidence": route.category.confidence,
            "owner": route.category.owner,
        },
        "alternatives": [
            {"code": one.code, "name": one.name, "confidence": one.confidence} for one in route.alternatives
        ],
        "priority": {
            "level": route.priority.level,
            "confidence": route.priority.confidence,
            "reasons": [
                {"code": one.code, "text": one.text, "start": one.start, "end": one.end}
                for one in route.priority.reasons
            ],
        },
        "sentiment": mood
        and {
            "polarity": mood.polarity,
            "score": mood.score,
            "emotion": mood.emotion,
            "intensity": mood.intensity,
        },
        "queue": {"code": route.queue.code, "name": route.queue.name},
        "automation": route.automation,
        "sla": {
            "policy": route.sla.policy,
            "name": route.sla.name,
            "first_response_due": _iso(route.sla.due("first_response")),
            "resolution_due": _iso(route.sla.due("resolution")),
            "clocks": [
                {"code": one.code, "name": one.name, "due": _iso(one.due), "warn_at": _iso(one.warn_at)}
                | ({"field": one.field} if one.field else {})
                for one in route.sla.clocks
            ],
            "notify": list(route.sla.notify),
        },
        "ladder": [{"role": hop.role, "name": hop.name, "at": _iso(hop.at)} for hop in route.ladder],
        "entities": [
            {"type": one.type, "text": one.text, "start": one.start, "end": one.end} for one in route.entities
        ],
        "complexity": {
            "complex": route.complexity.complex,
            "reasons": [{"code": one.code, "text": one.text} for one in route.complexity.reasons],
        },
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
