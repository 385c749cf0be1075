"""What was done with offered entries, as a small push up or down in the order of the next suggestions.

An offer speaks by what the agent did, as far as the conversation was a good one, and above all by what the customer's
next turn did: a mood that falls or a question asked again makes any offer count against its entry. One agent's offers
of an entry count as one voice, so that nobody can push an entry up alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

CAP = 0.6
"""Most that is added to a ranking score, either way; the stage that is needed adds 2."""
CALM = 4.0
"""Voices that speak for nothing: with few real ones the push stays small."""
POOR, GOOD = 60.0, 90.0
"""Quality scores from which what an agent chose counts a little, and counts in full."""
UNKNOWN = 0.4
"""How much an agent's choice counts in a conversation nobody has scored."""
MOST = 500
"""Entries kept for a site, those pushed most."""
DONE = {"sent": 1.0, "helpful": 1.0, "edited": 0.3, "dismissed": -1.0, "not_helpful": -1.0}
AFTER = 0.6
"""What a falling mood or a repeated question takes away, and half of it what a rising mood adds."""
MOVED = 0.15
"""A change of mood (−1…1) from which it rose or fell."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An entry offered once: what was done (`actions`), by whom, the conversation's score 0…100, what came after.

    `mood` is the change of the customer's mood from the turn before to the turn after, `repeated` that the
    question was asked again. None where it is not known.
    """

    entry_id: str
    actor: str
    actions: frozenset[str]
    quality: float | None = None
    mood: float | None = None
    repeated: bool = False


def weight_of(quality: float | None) -> float:
    """How much an agent's choice in a conversation of this score counts, 0…1."""
    if quality is None:
        return UNKNOWN
    return min(max((quality - POOR) / (GOOD - POOR), 0.0), 1.0)


def evidence(offer: Offer) -> float:
    """What one offer says of its entry, −1…1; nothing good where the customer's next turn was worse."""
    done = [DONE[action] for action in offer.actions if action in DONE]
    if "sent" in offer.actions and "edited" in offer.actions:
        done.remove(DONE["sent"])  # it was sent in other words
    told = sum(done) / len(done) if done else 0.0
    told = told * weight_of(offer.quality) if told > 0 else told
    worse = offer.repeated or (offer.mood is not None and offer.mood <= -MOVED)
    if worse and "sent" in offer.actions:
        return max(min(told, 0.0) - AFTER, -1.0)
    if offer.mood is not None and offer.mood >= MOVED and "sent" in offer.actions and told > 0:
        told += AFTER / 2 * weight_of(offer.quality)
    return max(min(told, 1.0), -1.0)


def learned(offers: Iterable[Offer]) -> dict[str, float]:
    """The push of each entry, −CAP…CAP, whatever the order of the offers; entries without one are left out."""
    voices: dict[str, dict[str, list[float]]] = {}
    for offer in offers:
        voices.setdefault(offer.entry_id, {}).setdefault(offer.actor, []).append(evidence(offer))
    found: dict[str, float] = {}
    for entry_id, heard in voices.items():
        each = sorted(sum(sorted(said)) / len(said) for said in heard.values())
        push = round(CAP * sum(each) / (len(each) + CALM), 3)
        if push:
            found[entry_id] = push
    ranked = sorted(found, key=lambda entry_id: (-abs(found[entry_id]), entry_id))[:MOST]
    return {entry_id: found[entry_id] for entry_id in sorted(ranked)}
