"""One report of who agrees with whom: people with people, and the machine with people (κ, α)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date as Day
from itertools import combinations
from typing import Annotated

from fastapi import APIRouter, Query

from api import rulings
from api.auth import requires
from api.casework import written
from api.days import day_of
from api.deps import Json, Opened
from api.errors import Problem, invalid
from api.measured import counting
from api.service import Service
from api.store import Reader, results, second_scores
from api.store.keys import Grant
from api.store.results import Stored
from nlp.quality.agreement import alpha, kappa
from nlp.quality.items import Grade

router = APIRouter(prefix="/v1/quality", tags=["quality"])

SPAN_DAYS = 366
"""Days one question may span."""
Judge = Annotated[Grant, requires("supervisor", "quality")]


@router.get("/agreement")
async def read_agreement(
    opened: Opened,
    grant: Judge,
    since: Day,
    until: Day,
    form: Annotated[str | None, Query(max_length=64)] = None,
) -> Json:
    """Agreement over second scores of these days: κ and α between people, and between machine and people."""

    if not 0 <= (until - since).days < SPAN_DAYS:
        raise invalid("until", "区间不对", f"since 当天或之后，至多 {SPAN_DAYS} 天")

    def unit(reader: Reader) -> tuple[list[Json], dict[str, Stored]]:
        span = (written(day_of(opened, since)[0]), written(day_of(opened, until)[1]))
        scores = second_scores.between(reader, grant.tenant, *span)
        return scores, results.several(reader, grant.tenant, sorted({one["result"] for one in scores}))

    scores, rows = await counting(opened.store, unit)
    grades = await asyncio.to_thread(_grading, opened, grant.tenant, rows.values())
    wanted = [
        s for s in scores if s["result"] in rows and form in (None, rows[s["result"]].result["form"]["code"])
    ]
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        **await asyncio.to_thread(agreement, wanted, rows, grades),
    }


Grading = Mapping[str, Sequence[Grade]]
"""The grades of the form a result was scored with, best first, by result."""


def _grading(opened: Service, tenant: str, rows: Iterable[Stored]) -> Grading:
    forms: dict[tuple[str, str], Sequence[Grade]] = {}
    told = {}
    for row in rows:
        key = (row.result["form"]["code"], row.result["form"]["version"])
        if key not in forms:
            try:
                forms[key] = rulings.form_at(opened.settings, tenant, *key).grades
            except Problem:  # a version that is gone: its points are compared, its grades are not
                forms[key] = ()
        told[row.id] = forms[key]
    return told


def _graded(score: float, grades: Sequence[Grade]) -> int | None:
    """Which grade points come to, the best 0."""
    return next((at for at, one in enumerate(grades) if score >= one.least - 1e-9), None)


def _ranks(pairs: Iterable[tuple[str, float, float]], grades: Grading) -> Json:
    """Quadratic-weighted κ of grades: a step apart weighs less than two."""
    found = [
        (one, other)
        for name, first, second in pairs
        if (one := _graded(first, grades[name])) is not None
        and (other := _graded(second, grades[name])) is not None
    ]
    most = max((len(own) for own in grades.values()), default=0)
    cohen = kappa(found, "quadratic", range(most))
    return {"grade_kappa": cohen.value, "grade_n": cohen.n}


def agreement(scores: Sequence[Json], rows: dict[str, Stored], grades: Grading) -> Json:
    """The report: over all items together, item by item, and over the points."""
    by_result: dict[str, list[Json]] = defaultdict(list)
    for one in scores:
        by_result[one["result"]].append(one)
    machine = {
        name: {item["code"]: item["result"] for item in rows[name].result["items"]} for name in by_result
    }
    items = sorted({code for one in scores for code in one["items"]})
    people = {name: _people(by_result, [name]) for name in items}
    against = {name: _against(by_result, machine, [name]) for name in items}
    points = [[one["score"] for one in given] for given in by_result.values()]
    both = [
        [rows[name].result["score"], *(one["score"] for one in given)] for name, given in by_result.items()
    ]
    two = [
        (name, one["score"], other["score"])
        for name, given in by_result.items()
        for one, other in combinations(sorted(given, key=lambda score: str(score["by"])), 2)
    ]
    ours = [(name, float(rows[name].result["score"]), one["score"]) for name, given in by_result.items()
            for one in given]  # fmt: skip
    return {
        "results": len(by_result),
        "reviewers": sorted({one["by"] for one in scores}),
        "people": {
            **_people(by_result, items),
            **_ranks(two, grades),
            "score_alpha": alpha(points, "interval").value,
        },
        "machine": {
            **_against(by_result, machine, items),
            **_ranks(ours, grades),
            "score_alpha": alpha(both, "interval").value,
        },
        "items": {name: {"people": people[name], "machine": against[name]} for name in items},
    }


def _people(by_result: dict[str, list[Json]], items: Sequence[str]) -> Json:
    pairs = [
        (one["items"][code], other["items"][code])
        for given in by_result.values()
        for one, other in combinations(sorted(given, key=lambda score: str(score["by"])), 2)
        for code in items
        if code in one["items"] and code in other["items"]
    ]
    units = [[one["items"].get(code) for one in given] for given in by_result.values() for code in items]
    return _agreed(pairs, units)


def _against(
    by_result: dict[str, list[Json]], machine: dict[str, dict[str, str]], items: Sequence[str]
) -> Json:
    pairs = [
        (machine[name].get(code, "na"), one["items"][code])
        for name, given in by_result.items()
        for one in given
        for code in items
        if code in one["items"]
    ]
    return _agreed(pairs, [list(pair) for pair in pairs])


def _agreed(pairs: Sequence[tuple[str, str]], units: Sequence[Sequence[str | None]]) -> Json:
    cohen, krippendorff = kappa(pairs), alpha(units)
    return {
        "kappa": cohen.value,
        "observed": cohen.observed,
        "n": cohen.n,
        "alpha": krippendorff.value,
        "alpha_n": krippendorff.n,
    }
