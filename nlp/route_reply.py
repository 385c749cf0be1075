"""A route as the contract's reply."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nlp.routing import Route


def to_json(route: Route) -> dict[str, Any]:
    """The contract's body of a route, less id, mode, versions, took_ms and duplicates."""
    mood = route.sentiment
    return {
        "category": {
            "code": route.category.code,
            "name": route.category.name,
            "path": list(route.category.path),
            "confidence": route.category.confidence,
            "owner": route.category.owner,
        },
        "settled": route.settled
        and {"code": route.settled.code, "name": route.settled.name, "confidence": route.settled.confidence},
        "outside": route.outside,
        "alternatives": [
            {"code": one.code, "name": one.name, "confidence": one.confidence} for one in route.alternatives
        ],
        "priority": {
            "level": route.priority.level,
            "confidence": route.priority.confidence,
            "reasons": [
                {"code": one.code, "text": one.text, "start": one.start, "end": one.end}
                for one in route.priority.reasons
            ],
        },
        "sentiment": mood
        and {
            "polarity": mood.polarity,
            "score": mood.score,
            "emotion": mood.emotion,
            "intensity": mood.intensity,
        },
        "queue": {"code": route.queue.code, "name": route.queue.name},
        "automation": route.automation,
        "sla": {
            "policy": route.sla.policy,
            "name": route.sla.name,
            "first_response_due": _iso(route.sla.due("first_response")),
            "resolution_due": _iso(route.sla.due("resolution")),
            "clocks": [
                {"code": one.code, "name": one.name, "due": _iso(one.due), "warn_at": _iso(one.warn_at)}
                | ({"field": one.field} if one.field else {})
                for one in route.sla.clocks
            ],
            "notify": list(route.sla.notify),
        },
        "ladder": [{"role": hop.role, "name": hop.name, "at": _iso(hop.at)} for hop in route.ladder],
        "entities": [
            {"type": one.type, "text": one.text, "start": one.start, "end": one.end} for one in route.entities
        ],
        "complexity": {
            "complex": route.complexity.complex,
            "reasons": [{"code": one.code, "text": one.text} for one in route.complexity.reasons],
        },
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
