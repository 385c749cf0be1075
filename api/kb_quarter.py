"""Door of the quarter's review: pain points, changes, coverage and quality, each month and their sum."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from api.auth import requires
from api.deps import Json, Opened
from api.kb_gaps import gaps_of
from api.kb_policy import knowledge_policy
from api.measured import counting
from api.quarter import month, months_of, pains, rated
from api.store import Reader
from api.store.keys import Grant
from nlp.reports.facts import added

router = APIRouter(prefix="/v1/kb/quarter", tags=["kb"])

Keeper = Annotated[Grant, requires("supervisor", "editor")]


@router.get("")
async def read_quarter(
    opened: Opened,
    grant: Keeper,
    quarter: Annotated[str | None, Query(max_length=7, examples=["2026Q3"])] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Json:
    """Everything the quarterly review of the handbook looks at."""
    zone = ZoneInfo(opened.settings.timezone)
    name, months = months_of(quarter, datetime.now(zone).date(), zone)
    low, tree = knowledge_policy(opened).low, opened.policy.taxonomy
    themes = await gaps_of(opened, grant.tenant, (months[0].utc[0], months[-1].utc[1]))

    def unit(reader: Reader) -> list[Json]:
        return [month(reader, grant.tenant, one.utc, tree, low) for one in months]

    counted = await counting(opened.store, unit)
    for one, window in zip(counted, months, strict=True):
        begin, end = window.utc
        asked = [question for theme in themes for question in theme.asked if begin <= question.at < end]
        one["gaps"] = {"questions": len(asked)}
    total = added(counted)
    codes = sorted(total["complaints"], key=lambda code: (-total["complaints"][code], code))
    return {
        "quarter": name,
        "from": months[0].begin.isoformat(),
        "to": months[-1].end.isoformat(),
        "months": [
            {"month": window.begin.strftime("%Y-%m"), **rated(one)}
            for one, window in zip(counted, months, strict=True)
        ],
        "total": rated(total),
        "pain_points": {
            "gaps": pains(themes, months, limit),
            "complaints": [
                {"code": code, "name": tree.codes[code].name, "count": total["complaints"][code]}
                for code in codes[:limit]
            ],
        },
    }
