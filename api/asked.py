"""What a suggestion or a search was asked with, as it is kept: enough to decide it again, masked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from kb.filters import Filters
from kb.knowledge import Knowledge
from kb.suggest import SuggestRequest
from nlp.privacy import mask
from nlp.transcript import Turn

Json = dict[str, Any]
SETS = ("kinds", "audience", "sent_ids", "done_stages", "unless_overdue", "stages", "exclude")
"""Fields that are sets in memory and sorted lists in the store."""


def index_json(knowledge: Knowledge) -> Json:
    """Which index answered: the release its base was made of, and the synonyms it was read with."""
    return {"base": knowledge.base, "lexicon": knowledge.lexicon.version}


def suggest_json(request: SuggestRequest) -> Json:
    """A request as it is kept; its turns and query are masked already, values of variables are masked here."""
    kept: Json = {field.name: getattr(request, field.name) for field in fields(request)}
    kept["turns"] = [{"role": turn.role, "text": turn.text} for turn in request.turns]
    kept["variables"] = {name: mask(str(value)) for name, value in request.variables.items()}
    return _plain(kept)


def suggest_of(kept: Mapping[str, Any]) -> SuggestRequest:
    """The request that `suggest_json` kept. Raises KeyError, TypeError, ValueError for another shape."""
    known = {field.name for field in fields(SuggestRequest)}
    read = _read({name: value for name, value in kept.items() if name in known})
    read["turns"] = tuple(Turn(turn["role"], turn["text"]) for turn in kept["turns"])
    return SuggestRequest(**read)


def filters_json(filters: Filters) -> Json:
    """The filters of a search as they are kept."""
    return _plain({field.name: getattr(filters, field.name) for field in fields(filters)})


def filters_of(kept: Mapping[str, Any]) -> Filters:
    """The filters that `filters_json` kept."""
    return Filters(**_read(kept))


def _plain(kept: Mapping[str, Any]) -> Json:
    shown: Json = {}
    for name, value in kept.items():
        if isinstance(value, frozenset):
            shown[name] = sorted(value)
        elif isinstance(value, datetime):
            shown[name] = value.isoformat()
        elif value is not None:
            shown[name] = dict(value) if isinstance(value, Mapping) else value
    return shown


def _read(kept: Mapping[str, Any]) -> Json:
    read: Json = {name: frozenset(value) if name in SETS else value for name, value in kept.items()}
    if "as_of" in read:
        read["as_of"] = datetime.fromisoformat(read["as_of"])
    return read
