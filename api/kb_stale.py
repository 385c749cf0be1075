"""Door of the stale entries: overdue for review, expired, unused, often dismissed, often rewritten."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import requires
from api.casework import written
from api.deps import Json, Opened
from api.kb_policy import KnowledgePolicy, knowledge_policy
from api.store import Reader
from api.store import knowledge as stored
from api.store.keys import Grant
from kb.stale import NAMES, Act, Reason, Rules, Stale, stale

router = APIRouter(prefix="/v1/kb/stale", tags=["kb"])

Keeper = Annotated[Grant, requires("supervisor", "editor")]


@router.get("")
async def list_stale(
    opened: Opened,
    grant: Keeper,
    days: Annotated[int | None, Query(ge=1, le=3650)] = None,
    reason: Reason | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Json:
    """Entries that need a look, with why and how they were used; `days` without use make one unused."""
    policy, now = knowledge_policy(opened), datetime.now(UTC)
    span = (written(now - timedelta(days=days or policy.unused_days)), written(now + timedelta(minutes=1)))

    def unit(reader: Reader) -> tuple[dict[str, str], list[Json]]:
        return stored.begun(reader, grant.tenant), stored.feedback(reader, grant.tenant, "suggestion", span)

    begun, given = await opened.store.aread(unit)
    entries = list(opened.sites.knowledge(grant.tenant).entries.values())
    acts = [Act(one["at"], one["suggestion_id"], one["entry_id"], one["action"]) for one in given]
    found = await asyncio.to_thread(stale, entries, begun, acts, _rules(policy, span[0]), now)
    counts = Counter(code for one in found for code in one.reasons)
    wanted = [one for one in found if reason is None or reason in one.reasons]
    return {
        "since": span[0],
        "days": days or policy.unused_days,
        "hide_overdue": sorted(policy.hide_overdue),
        "counts": {code: counts[code] for code in NAMES},
        "total": len(wanted),
        "entries": [_shown(one) for one in wanted[:limit]],
    }


def _rules(policy: KnowledgePolicy, since: str) -> Rules:
    return Rules(since, policy.dismissed, policy.edited, policy.hide_overdue)


def _shown(one: Stale) -> Json:
    entry = one.entry
    return {
        "entry_id": entry.id,
        "title": entry.title,
        "kind": entry.kind,
        "stage": entry.stage,
        "owner": entry.owner or None,
        "review_due": None if entry.review_due is None else entry.review_due.isoformat(),
        "effective_to": None if entry.effective_to is None else entry.effective_to.isoformat(),
        "hidden": one.hidden,
        "reasons": [{"code": code, "name": NAMES[code]} for code in one.reasons],
        "usage": dict(one.usage),
    }
