"""Numbers of the reports that are computed from rows: how long a search took, how well the handbook was kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from statistics import fmean, median
from typing import Any

from api.store import Reader
from api.store import knowledge as stored
from api.store.knowledge import Span

Json = dict[str, Any]
USEFUL = frozenset({"inserted", "edited", "sent", "helpful"})
"""What an agent does with an answer that served."""


def search_times(opened: Mapping[str, str], acts: Iterable[Mapping[str, Any]]) -> Json:
    """Seconds from the first answer opened in a session to the first useful one.

    `opened` gives when each session began (UTC ISO); an act names its `subject` session, `action` and `at`.
    """
    useful: dict[str, str] = {}
    for act in acts:
        session, at = act["subject"], act["at"]
        if act["action"] in USEFUL and session in opened and at >= opened[session]:
            useful[session] = min(at, useful.get(session, at))
    seconds = sorted(
        (datetime.fromisoformat(at) - datetime.fromisoformat(opened[session])).total_seconds()
        for session, at in useful.items()
    )
    return {
        "sessions": len(opened),
        "useful": len(seconds),
        "seconds_mean": round(fmean(seconds), 3) if seconds else None,
        "seconds_median": round(median(seconds), 3) if seconds else None,
        "seconds_p90": round(seconds[min(len(seconds) - 1, int(0.9 * len(seconds)))], 3) if seconds else None,
    }


def adherence(checks: Iterable[tuple[str | None, Mapping[str, int]]]) -> list[Json]:
    """Passed of applicable checks by agent, N/A left out; (agent, counts by result) of each scored transcript."""
    passed: dict[str, int] = {}
    applied: dict[str, int] = {}
    scored: dict[str, int] = {}
    for agent, counts in checks:
        if agent is None:
            continue
        ok = counts.get("pass", 0)
        passed[agent] = passed.get(agent, 0) + ok
        applied[agent] = applied.get(agent, 0) + ok + counts.get("fail", 0)
        scored[agent] = scored.get(agent, 0) + 1
    return [
        {
            "agent": agent,
            "scored": scored[agent],
            "passed": passed[agent],
            "applicable": applied[agent],
            "rate": round(passed[agent] / applied[agent], 4) if applied[agent] else None,
        }
        for agent in sorted(scored)
    ]


def metrics(reader: Reader, tenant: str, span: Span) -> Json:
    """`search` and `adherence` of a span of time."""
    opened = stored.sessions(reader, tenant, span)
    acts = stored.feedback(reader, tenant, "suggestion", span)
    return {
        "search": search_times(opened, acts),
        "adherence": adherence(stored.checks(reader, tenant, span)),
    }
