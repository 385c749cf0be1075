"""What was decided in a span of time, counted: routes, handoffs, suggestions; and what was scored in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.store import Reader, decisions, results

Json = dict[str, Any]
Span = tuple[str, str]
"""Half-open, UTC ISO."""


def _falling(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def counts(reader: Reader, tenant: str, span: Span) -> Json:
    """Decisions of a span of time."""

    def routes(*path: str | int) -> dict[str, int]:
        return _falling(decisions.counted(reader, tenant, "route", *span, *path))

    automation = routes("automation")
    made = decisions.counted(reader, tenant, "suggest", *span, "abstained")
    used = decisions.feedback_counted(reader, tenant, "suggestion", *span, "action")
    return {
        "routes": {
            "total": sum(automation.values()),
            "by_category": routes("category", "path", 0),
            "by_leaf": routes("category", "code"),
            "by_priority": routes("priority", "level"),
            "by_automation": automation,
        },
        "handoffs": {
            "by_action": _falling(decisions.counted(reader, tenant, "handoff", *span, "action")),
            "by_reason": _falling(decisions.counted(reader, tenant, "handoff", *span, "reasons", 0, "code")),
            "steps": _falling(decisions.counted(reader, tenant, "handoff_step", *span, "step")),
        },
        "suggestions": {
            "made": sum(made.values()),
            "abstained": sum(number for value, number in made.items() if value in ("1", "true")),
            "by_action": _falling(used),
        },
    }


def scored(reader: Reader, tenant: str, span: Span) -> Json:
    """What was scored in a span, whenever the conversations were: the board's own count of the work done."""
    tally = results.tally(reader, tenant, *span)
    return {
        "scored": tally.scored,
        "mean": None if tally.mean is None else round(tally.mean, 2),
        "vetoes": tally.vetoes,
        "grades": dict(sorted(tally.grades.items())),
        "violations": [
            {"code": code, "count": number, "rate": round(number / tally.scored, 4)}
            for code, number in _falling(tally.failed).items()
        ],
        "agents": [
            {"agent": agent, "scored": scored, "mean": round(mean, 2)}
            for agent, (scored, mean) in tally.agents.items()
        ],
    }
