"""Hits in order: one of each part, none too far from the one before."""

from __future__ import annotations

from collections.abc import Sequence as Row

from nlp.quality.rules.outcome import Hit
from nlp.quality.rules.tree import Sequence
from nlp.transcript import Turn


def of(parts: Row[Row[Hit]], turns: Row[Turn], wanted: Sequence) -> tuple[Hit, ...]:
    """The first chain through the parts, or nothing."""
    chains: list[tuple[Hit, ...]] = [(hit,) for hit in parts[0]]
    for part in parts[1:]:
        longer = []
        for hit in part:
            # the nearest one before leaves the least between: the others need not be tried
            before = [chain for chain in chains if _follows(chain[-1], hit, turns, wanted)]
            if before:
                longer.append((*before[-1], hit))
        chains = longer
    return chains[0] if chains else ()


def _follows(one: Hit, other: Hit, turns: Row[Turn], wanted: Sequence) -> bool:
    if (other.turn, other.start) < (one.turn, max(one.end, one.start + 1)):
        return False
    if wanted.turns is not None and other.turn - one.turn > wanted.turns:
        return False
    before, after = turns[one.turn].at, turns[other.turn].at
    if wanted.seconds is None or before is None or after is None:
        return True
    return (after - before).total_seconds() <= wanted.seconds
