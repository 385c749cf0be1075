"""What happens with scored transcripts: kept, counted, and what follows from them, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api import rule_health
from api.casework import Casework
from api.service import Service
from api.store import Reader, Writer, results, transcripts
from api.store.results import Stored

Json = dict[str, Any]
Scored = tuple[Mapping[str, Any], str | None, Mapping[str, Any]]
"""A result, its agent, its transcript as it may be kept."""


def keep(work: Casework, opened: Service, writer: Writer, tenant: str, scored: Sequence[Scored]) -> int:
    """Store results with their transcripts; what is there already has no second effect. Returns how many were new."""
    names = [str(result["id"]) for result, _, _ in scored]
    there = results.several(Reader(writer), tenant, names)
    fresh = {str(one[0]["id"]): one for one in scored if str(one[0]["id"]) not in there}
    results.save(writer, tenant, [(result, agent) for result, agent, _ in scored])
    transcripts.save(
        writer,
        tenant,
        [(str(result["id"]), told) for result, _, told in scored],
        opened.settings.transcript_days,
    )
    rule_health.withhold(work, opened, writer, tenant, [result for result, _, _ in fresh.values()])
    return len(fresh)


def after_ruling(work: Casework, opened: Service, writer: Writer, tenant: str, found: Stored) -> None:
    """What a person's word on a result leads to, beyond its points."""
    rule_health.judge(work, opened, writer, tenant)
