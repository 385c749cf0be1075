"""Hits in order: one of each part, none too far from the one before."""

from __future__ import annotations

from collections.abc import Sequence as Row

from nlp.quality.rules.outcome import Hit
from nlp.quality.rules.tree import Sequence
from nlp.transcript import Turn


def of(parts: Row[Row[Hit]], turns: Row[Turn], wanted: Sequence) -> tuple[Hit, ...]:
    """The first chain through the parts, or nothing."""
    chains: list[tuple[Hit, ...]] = [(hit,) for hit in sorted(parts[0])]
    for part in parts[1:]:
        longer, at = [], 0
        for hit in sorted(part):
            while at < len(chains) and _ends(chains[at][-1]) <= (hit.turn, hit.start):
                at += 1
            # the nearest chain before leaves the least between: the others need not be tried
            if at and _near(chains[at - 1][-1], hit, turns, wanted):
                longer.append((*chains[at - 1], hit))
        chains = longer
    return chains[0] if chains else ()


def _ends(hit: Hit) -> tuple[int, int]:
    return hit.turn, max(hit.end, hit.start + 1)


def _near(one: Hit, other: Hit, turns: Row[Turn], wanted: Sequence) -> bool:
    if wanted.turns is not None and other.turn - one.turn > wanted.turns:
        return False
    before, after = turns[one.turn].at, turns[other.turn].at
    if wanted.seconds is None or before is None or after is None:
        return True
    return (after - before).total_seconds() <= wanted.seconds
