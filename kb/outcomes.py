"""What came of offered texts: counts, the rate at which they were used, and how sure that rate is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from kb.trial import wilson

USED = frozenset({"inserted", "edited", "sent"})
ACTIONS = ("shown", "inserted", "edited", "sent", "dismissed", "helpful", "not_helpful")


@dataclass(frozen=True, slots=True)
class Tally:
    """Offers of a text: how many, how many were used, and how often each action was taken on them."""

    offered: int
    used: int
    actions: Mapping[str, int]


def tally(acts: Iterable[tuple[str, str, str]]) -> Tally:
    """Count (suggestion, entry, action): one offer is one suggestion of one entry, whatever was done with it."""
    offers: dict[tuple[str, str], set[str]] = {}
    for suggestion, entry_id, action in acts:
        offers.setdefault((suggestion, entry_id), set()).add(action)
    actions = {name: sum(name in done for done in offers.values()) for name in ACTIONS}
    return Tally(len(offers), sum(bool(done & USED) for done in offers.values()), actions)


def shown(counted: Tally) -> dict[str, Any]:
    """A tally with its rate and interval (95 %, Wilson)."""
    interval = wilson(counted.used, counted.offered)
    return {
        "offered": counted.offered,
        "used": counted.used,
        "actions": dict(counted.actions),
        "rate": round(counted.used / counted.offered, 4) if counted.offered else None,
        "interval": None if interval is None else [round(bound, 4) for bound in interval],
    }


def mean(values: Iterable[float]) -> dict[str, Any]:
    """Number and mean of what was observed."""
    found = list(values)
    return {"n": len(found), "mean": round(fmean(found), 4) if found else None}
