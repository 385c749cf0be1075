"""A week of conversations whose numbers are worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from nlp.metrics.observation import Observation

MONDAY = datetime(2026, 11, 16, 2, tzinfo=UTC)
"""Ten in the morning in Shanghai."""


def conversation(
    name: str, day: int = 0, agent: str = "A1", team: str = "甲组", **values: Any
) -> Observation:
    """A scored conversation of a day of the week, 0 for Monday."""
    told = {
        "score": 90.0,
        "grade": "A",
        "veto": False,
        "failed": [],
        "passed": 10,
        "applicable": 10,
        **values,
    }
    told.setdefault("result", f"qs_{name}")
    return Observation(
        f"conversation:{name}", "conversation", MONDAY + timedelta(days=day), name, agent, team, values=told
    )


def week() -> list[Observation]:
    """100 conversations, 5 without closing and 2 of these without greeting; two teams, three agents, five days.

    甲组 A1: 50 of 90 points, 30 complained about nothing; 甲组 A2: 20 of 80; 乙组 B1: 30 of 70, 5 failed the closing.
    """
    made = [conversation(f"a1-{n}", n % 5, praised=n < 10) for n in range(50)]
    made += [conversation(f"a2-{n}", n % 5, "A2", score=80.0, grade="B", passed=9) for n in range(20)]
    for n in range(30):
        failed = (["closing", "greeting"] if n < 2 else ["closing"]) if n < 5 else []
        made.append(
            conversation(
                f"b1-{n}", n % 5, "B1", "乙组", score=70.0, grade="C", failed=failed,
                passed=10 - len(failed), complained=n < 3, veto=n == 4,
            )
        )  # fmt: skip
    return made
