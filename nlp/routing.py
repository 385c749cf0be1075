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
from nlp.route_reply import to_json
from nlp.sla import Hop
from nlp.taxonomy import Node
from nlp.transcript import Customer

__all__ = [
    "NOBODY",
    "Alternative",
    "Automation",
    "Bands",
    "Category",
    "Conditions",
    "Queue",
    "Route",
    "Settled",
    "Sla",
    "Ticket",
    "route",
    "to_json",
]

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
class Settled:
    """The deepest node on the category's path that is as sure as acting alone takes, by its own threshold."""

    code: str
    name: str
    confidence: float


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
    """Everything decided about a ticket; pure data, equal for equal input, policy and moment.

    `settled` may stop at a parent of the category; None where not even the root of its path is sure enough.
    `outside` is the probability that the text belongs to no category, None where nobody judged it.
    """

    category: Category
    settled: Settled | None
    outside: float | None
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
    outside: float | None = None,
) -> Route:
    """Route one ticket. `probabilities` are the classifier's, by leaf; None falls back to keywords.

    `alarm` are those of the alarm classifier by label, None without one. `outside` is the probability that the
    text is about nothing the labels know: from the thresholds' own bound on, a person looks at it.

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
        settled=None if probabilities is None else _settled(totals, policy, thresholds),
        outside=None if outside is None else round(outside, 4),
        alternatives=_alternatives(totals, node, policy),
        priority=priority,
        sentiment=sentiment,
        queue=Queue(queue, policy.taxonomy.queues[queue]),
        automation=_automation(
            node, confidence, priority, complexity_, policy, thresholds, probabilities is None
        )
        if not _foreign(outside, thresholds)
        else "manual",
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


def _settled(totals: Mapping[str, float], policy: Policy, thresholds: Bands | None) -> Settled | None:
    tree, found = policy.taxonomy, None
    if thresholds is None:
        return None
    for code in tree.deepest(totals, 0.0).path:
        share, needed = min(totals[code], 1.0), thresholds.auto.get(code)
        if needed is not None and share >= needed:
            found = Settled(code, tree.codes[code].name, round(share, 4))
    return found


def _foreign(outside: float | None, thresholds: Bands | None) -> bool:
    bound = getattr(thresholds, "outside", None)
    return outside is not None and bound is not None and outside >= bound


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
