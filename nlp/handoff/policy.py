"""Policy of the handoff: causes in order, what each does, limits and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nlp.priority import PriorityPolicy
from nlp.rules import RuleSet, read_rules
from nlp.tables import Preset

Cause = Literal["sensitive", "asked", "vip", "anger", "repeat", "unanswered", "no_progress"]
CAUSES: tuple[Cause, ...] = ("sensitive", "asked", "vip", "anger", "repeat", "unanswered", "no_progress")
LEVELS = ("customer", "service", "topic")


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts, shares 0…1, a mood −1…0 and seconds; see `handoff.toml`."""

    restated: int
    missed: int
    same_answer: int
    referrals: int
    shouting: int
    bangs: int
    likeness: float
    restatement: float
    low_confidence: float
    despair: float
    despair_turns: int
    overdue: float


@dataclass(frozen=True, slots=True)
class HandoffPolicy:
    """`order` is the precedence of causes; `actions` what each does while the bot serves."""

    order: tuple[str, ...]
    actions: Mapping[str, str]
    queues: Mapping[str, str]
    sensitive: frozenset[str]
    limits: Limits
    words: RuleSet
    priority: PriorityPolicy


def read_handoff(preset: Preset, priority: PriorityPolicy, queues: Mapping[str, str]) -> HandoffPolicy:
    """The policy of `handoff.toml`. Raises PolicyError."""
    table = preset.table
    known = (
        "version",
        "order",
        "sensitive",
        "standard",
        "action",
        "queue",
        "limit",
        "words",
        "guard",
        "rule",
    )
    table.only(*known)
    order = table.texts("order")
    if sorted(order) != sorted(CAUSES):
        raise table.error("order", "原因不全或未知", "|".join(CAUSES) + " 各一次")
    action, queue = table.table("action"), table.table("queue")
    action.only(*CAUSES)
    queue.only("default", *CAUSES)
    return HandoffPolicy(
        order,
        {cause: action.text(cause, "transfer", ("transfer", "offer", "none")) for cause in CAUSES},
        {key: queue.text(key, choices=tuple(queues)) for key in queue.values},
        frozenset(table.texts("sensitive")),
        _limits(preset),
        read_rules(table, LEVELS),
        priority,
    )


def _limits(preset: Preset) -> Limits:
    table = preset.table.table("limit")
    return Limits(
        restated=int(table.number("restated", low=1, high=20)),
        missed=int(table.number("missed", low=1, high=20)),
        same_answer=int(table.number("same_answer", low=2, high=8)),
        referrals=int(table.number("referrals", low=1, high=20)),
        shouting=int(table.number("shouting", low=1, high=20)),
        bangs=int(table.number("bangs", low=1, high=50)),
        likeness=table.number("likeness", low=0.1, high=1),
        restatement=table.number("restatement", low=0.1, high=1),
        low_confidence=table.number("low_confidence", high=1),
        despair=table.number("despair", low=-1, high=0),
        despair_turns=int(table.number("despair_turns", low=1, high=100)),
        overdue=table.number("overdue", low=1, high=86_400),
    )
