"""Numbers of a quarter: every one is counted by month, and the quarter is the sum of its months."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.errors import invalid
from api.report_base import Window, window
from api.store import Reader, decisions, observations
from api.store import knowledge as stored
from api.store.knowledge import Span
from kb.gaps import Theme
from nlp.metrics.observation import Observation
from nlp.reports.facts import top_of
from nlp.taxonomy import Taxonomy

Json = dict[str, Any]
COMPLAINT = "complaint"
_QUARTER = re.compile(r"(\d{4})-?[Qq]([1-4])")


def months_of(given: str | None, today: date, zone: ZoneInfo) -> tuple[str, list[Window]]:
    """The name of a quarter such as 2026Q3 (that of `today` for None) and its three months. Raises 422."""
    year, number = today.year, (today.month + 2) // 3
    if given is not None:
        match = _QUARTER.fullmatch(given)
        if match is None or not 2000 <= int(match[1]) <= 9000:
            raise invalid("quarter", "不是季度", "YYYYQn，如 2026Q3")
        year, number = int(match[1]), int(match[2])
    first = 3 * number - 2
    months = [window("monthly", date(year, month, 1), zone) for month in range(first, first + 3)]
    return f"{year}Q{number}", months


def month(reader: Reader, tenant: str, span: Span, tree: Taxonomy, low: float) -> Json:
    """Everything that is counted of one month, as numbers that can be added."""
    leaves = decisions.counted(reader, tenant, "route", *span, "category", "code")
    asked, answered = stored.answered(reader, tenant, span, low)
    return {
        "complaints": {code: n for code, n in sorted(leaves.items()) if _top(code, tree) == COMPLAINT},
        "changes": {
            **stored.edits(reader, tenant, span),
            "published": stored.published(reader, tenant, span),
        },
        "coverage": {"asked": asked, "answered": answered},
        "quality": _quality(_conversations(reader, tenant, span)),
    }


def _top(code: str, tree: Taxonomy) -> str | None:
    node = tree.codes.get(code)
    return None if node is None else node.path[0]


def _conversations(reader: Reader, tenant: str, span: Span) -> Iterator[Observation]:
    since, until = (datetime.fromisoformat(at) for at in span)
    return observations.between(reader, tenant, "conversation", since, until)


def _quality(rows: Iterable[Observation]) -> Json:
    """By scenario, the top category of the transcript, else the form: transcripts, points, vetoes, checks."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        values = row.values
        if values.get("score") is None:
            continue
        passed, applicable = int(values.get("passed") or 0), int(values.get("applicable") or 0)
        sums = found.setdefault(top_of(row) or str(values.get("form")), Counter())
        sums.update(scored=1, vetoes=int(bool(values.get("veto"))), passed=passed, failed=applicable - passed)
        sums["hundredths"] += round(100 * float(values["score"]))  # whole numbers add up exactly
    names = ("scored", "vetoes", "passed", "failed", "hundredths")
    return {scenario: {name: found[scenario][name] for name in names} for scenario in sorted(found)}


def rated(counted: Json) -> Json:
    """The numbers with the shares that follow from them."""
    coverage, told = counted["coverage"], dict(counted)
    rate = round(coverage["answered"] / coverage["asked"], 4) if coverage["asked"] else None
    told["coverage"] = {**coverage, "rate": rate}
    told["quality"] = {}
    for scenario, sums in counted["quality"].items():
        checks = sums["passed"] + sums["failed"]
        told["quality"][scenario] = {
            **{name: value for name, value in sums.items() if name != "hundredths"},
            "points": sums["hundredths"] / 100,
            "mean": round(sums["hundredths"] / 100 / sums["scored"], 2),
            "pass_rate": round(sums["passed"] / checks, 4) if checks else None,
        }
    return told


def pains(themes: Sequence[Theme], months: Sequence[Window], limit: int) -> list[Json]:
    """The most asked gaps of the quarter, each counted by month."""
    return [
        {
            "id": theme.id,
            "title": theme.title,
            "count": theme.count,
            "by_month": [
                sum(at[0] <= one.at < at[1] for one in theme.asked) for at in (m.utc for m in months)
            ],
            "questions": list(theme.questions[:3]),
        }
        for theme in themes[:limit]
    ]
