"""Is this ticket one we already have? Overlap of wording, weighed by who wrote it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlp.privacy import mask
from nlp.text import bigrams, key

if TYPE_CHECKING:
    from nlp.routing import Ticket


@dataclass(frozen=True, slots=True)
class Recent:
    """An earlier ticket, masked."""

    ticket_id: str
    text: str
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    ticket_id: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """`middle` is the overlap at which a pair is as likely one ticket as two, for the same and another customer."""

    same_customer: float = 0.35
    other_customer: float = 0.9
    steepness: float = 12.0
    least: float = 0.5
    limit: int = 5
    shortest: int = 6


def duplicates(
    ticket: Ticket,
    recent: Sequence[Recent],
    likeness: Likeness = Likeness(),
) -> tuple[Duplicate, ...]:
    """Earlier tickets this one repeats, likeliest first; never itself, and nothing for a very short text."""
    text = mask(f"{ticket.subject or ''} {ticket.text}")
    if len(key(text)) < likeness.shortest:
        return ()
    mine = bigrams(text)
    found = []
    for other in recent:
        if other.ticket_id == ticket.ticket_id:
            continue
        same = other.customer_id is not None and other.customer_id == ticket.customer.id
        confidence = _confidence(mine, bigrams(other.text), same, likeness)
        if confidence >= likeness.least:
            found.append(Duplicate(other.ticket_id, round(confidence, 4)))
    return tuple(sorted(found, key=lambda one: (-one.confidence, one.ticket_id))[: likeness.limit])


def _confidence(mine: frozenset[str], theirs: frozenset[str], same: bool, likeness: Likeness) -> float:
    if not mine or not theirs:
        return 0.0
    shared = len(mine & theirs)
    # A short reminder of a long ticket shares nearly all of its own words: containment counts by half.
    overlap = max(shared / len(mine | theirs), 0.6 * shared / min(len(mine), len(theirs)) if same else 0.0)
    middle = likeness.same_customer if same else likeness.other_customer
    return 1.0 / (1.0 + math.exp(-likeness.steepness * (overlap - middle)))
