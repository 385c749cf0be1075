"""What makes a ticket complex: reasons with weights, so that every escalation can say why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nlp.entities import Entity, amount_of
from nlp.policy import Policy
from nlp.priority import Priority


@dataclass(frozen=True, slots=True)
class Because:
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Complexity:
    complex: bool
    reasons: tuple[Because, ...]


def complexity(
    text: str,
    attributes: Mapping[str, Any],
    totals: Mapping[str, float],
    priority: Priority,
    named: tuple[Entity, ...],
    policy: Policy,
) -> Complexity:
    """Whether a ticket needs a senior hand. `attributes` may carry `transfers` (count) and `kb_hit` (bool)."""
    reasons = tuple(_reasons(text, attributes, totals, priority, named, policy))
    weight = sum(policy.routing.complexity[one.code] for one in reasons)
    return Complexity(weight >= policy.routing.complexity["least"], reasons)


def _reasons(
    text: str,
    attributes: Mapping[str, Any],
    totals: Mapping[str, float],
    priority: Priority,
    named: tuple[Entity, ...],
    policy: Policy,
) -> Iterator[Because]:
    limits = policy.routing.complexity
    likely = [top for top in policy.taxonomy.tops if totals[top] >= limits["intent_share"]]
    if len(likely) > 1:
        yield Because("several_intents", "、".join(policy.taxonomy.codes[top].name for top in likely))
    transfers = attributes.get("transfers")
    if isinstance(transfers, int) and transfers >= limits["transfers_from"]:
        yield Because("transfers", f"已转接 {transfers} 次")
    if attributes.get("kb_hit") is False:
        yield Because("no_answer", "知识库没有答案")
    large = max((one for one in named if one.type == "amount"), key=amount_of, default=None)
    if large is not None and amount_of(large) >= limits["amount_from"]:
        yield Because("amount", large.text)
    for one in priority.reasons:
        if one.code in ("legal", "regulator"):
            yield Because(one.code, one.text)
    if len(text) >= limits["long_from"]:
        yield Because("long_text", f"{len(text)} 字")
