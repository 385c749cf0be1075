"""How new agents come on: use of suggestions, quality score and handling time by days since their start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from kb.outcomes import shown, tally

Json = dict[str, Any]
Arm = Literal["on", "off"]
EDGES = (3, 7, 10, 14, 21, 30, 60, 90)
"""Last days of the spans that are told apart; day 1 is the first."""


@dataclass(frozen=True, slots=True)
class Events:
    """What agents did: acts are (agent, at, suggestion, action), scores (agent, at, score 0…100), handled
    (agent, at of the end, seconds)."""

    acts: Sequence[tuple[str, datetime, str, str]] = ()
    scores: Sequence[tuple[str, datetime, float]] = ()
    handled: Sequence[tuple[str, datetime, float]] = ()

    def starts(self) -> dict[str, datetime]:
        """The first event of every agent."""
        first: dict[str, datetime] = {}
        rows: Iterable[tuple[Any, ...]] = (*self.acts, *self.scores, *self.handled)
        for agent, at, *_ in rows:
            first[agent] = min(at, first.get(agent, at))
        return first


def day_of(at: datetime, start: datetime) -> int:
    """Which day of service a moment lies in: 1 for the first 24 hours, below 1 before the start."""
    return (at - start).days + 1


def table(events: Events, starts: Mapping[str, datetime], edges: Sequence[int] = EDGES) -> list[Json]:
    """A row for each span of days: agents seen in it, adoption with its interval, mean score and seconds."""
    rows = []
    for first, last in zip((1, *(edge + 1 for edge in edges[:-1])), edges, strict=True):
        spans = range(first, last + 1)
        acts = [one for one in events.acts if one[0] in starts and day_of(one[1], starts[one[0]]) in spans]
        scores = [
            one for one in events.scores if one[0] in starts and day_of(one[1], starts[one[0]]) in spans
        ]
        took = [one for one in events.handled if one[0] in starts and day_of(one[1], starts[one[0]]) in spans]
        seen = {one[0] for one in acts} | {one[0] for one in scores} | {one[0] for one in took}
        used = shown(tally((suggestion, "", action) for _, _, suggestion, action in acts))
        rows.append(
            {
                "from_day": first,
                "to_day": last,
                "agents": len(seen),
                "adoption": {name: used[name] for name in ("offered", "used", "rate", "interval")},
                "score": _mean([score for _, _, score in scores]),
                "handling_seconds": _mean([seconds for _, _, seconds in took]),
            }
        )
    return rows


def _mean(values: Sequence[float]) -> Json:
    return {"n": len(values), "mean": round(sum(values) / len(values), 2) if values else None}


def by_arm(events: Events, starts: Mapping[str, datetime], arms: Mapping[str, Arm]) -> Json:
    """The table of everybody, and those of who works with suggestions and without, where both are known."""
    told: Json = {"all": table(events, starts)}
    for arm in ("on", "off"):
        named = {agent: at for agent, at in starts.items() if arms.get(agent) == arm}
        if named:
            told[arm] = table(events, named)
    return told
