"""Door of the search box: entries whose questions hold what was typed so far."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.auth import requires
from api.deps import Json, Opened
from api.store.keys import Grant
from kb.filters import Filters, refusal
from kb.knowledge import Knowledge
from kb.slots import fill
from kb.typeahead import Found, Typeahead, build, complete

router = APIRouter(prefix="/v1/kb/typeahead", tags=["kb"])

Typing = Annotated[Grant, requires("agent", "editor")]


@router.get("")
async def complete_question(
    request: Request,
    opened: Opened,
    grant: Typing,
    q: Annotated[str, Query(max_length=200, description="已输入的内容：汉字、全拼、首字母、繁体，可错一字")],
    limit: Annotated[int, Query(ge=1, le=50)] = 8,
    channel: Annotated[str | None, Query(max_length=64)] = None,
    audience: Annotated[list[str] | None, Query(max_length=20)] = None,
) -> Json:
    """Entries that may be shown now, nearest first, each with the question that matched and where."""
    knowledge = opened.sites.knowledge(grant.tenant)
    kept: dict[str, tuple[Knowledge, Typeahead]] = request.app.state.__dict__.setdefault("typeaheads", {})
    known = kept.get(grant.tenant)
    if known is None or known[0] is not knowledge:
        known = (knowledge, await asyncio.to_thread(build, knowledge.entries.values()))
        kept[grant.tenant] = known
    audiences = None if audience is None else frozenset(audience)
    filters = Filters(audience=audiences, channel=channel, as_of=datetime.now(UTC))
    found = complete(known[1], q, limit, lambda entry: refusal(entry, filters) is None)
    return {"release": knowledge.release, "items": [_told(one) for one in found]}


def _told(found: Found) -> Json:
    entry = found.entry
    return {
        "entry_id": entry.known_as,
        "kind": entry.kind,
        "stage": entry.stage,
        "title": entry.title,
        "text": found.text,
        "answer": fill(entry, {}).text[:2000],
        "start": found.start,
        "end": found.end,
        "way": found.way,
    }
