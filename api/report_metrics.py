"""Numbers of the reports that are computed from rows: how long a search took."""

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


def metrics(reader: Reader, tenant: str, span: Span) -> Json:
    """`search` of a span of time."""
    opened = stored.sessions(reader, tenant, span)
    acts = stored.feedback(reader, tenant, "suggestion", span)
    return {
        "search": search_times(opened, acts),
    }
