"""Facts for tests, written so that every number can be worked out by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nlp.metrics.observation import DIMENSIONS, Observation

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 2, 9, tzinfo=ZONE)
"""The first day of the month's first whole week."""
_made = iter(range(1_000_000))


def fact(kind: str, day: float = 0, **more: Any) -> Observation:
    """An observation `day` days after MONDAY; dimensions and values by name."""
    about = {name: more.pop(name) for name in list(more) if name in DIMENSIONS}
    identity = more.pop("id", f"{kind}-{next(_made)}")
    return Observation(identity, kind, MONDAY + timedelta(days=day), values=more, **about)


def facts(count: int, kind: str, day: float = 0, **more: Any) -> list[Observation]:
    """`count` of the same."""
    return [fact(kind, day, **more) for _ in range(count)]


def surveys(promoters: int, passives: int, detractors: int, day: float = 0, **more: Any) -> list[Observation]:
    """Answers to 'would you recommend us': 9, 8 and 3."""
    groups = ((promoters, 9), (passives, 8), (detractors, 3))
    return [fact("survey", day, nps=score, **more) for count, score in groups for _ in range(count)]
