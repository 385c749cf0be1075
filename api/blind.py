"""Doors of blind second scoring, and one report of who agrees with whom: people with people, machine with people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date as Day
from itertools import combinations
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import case_views, cases, rulings, stored
from api.auth import requires
from api.casework import Work, find, written
from api.deps import IdempotencyKey, Json, Opened, once
from api.errors import FieldError, Problem
from api.samples import day_of
from api.service import Service
from api.store import Reader, Writer, results, second_scores, transcripts
from api.store import cases as kept
from api.store import rulings as said
from api.store.keys import Grant
from api.store.results import Stored
from nlp.privacy import mask
from nlp.quality.agreement import alpha, kappa
from nlp.quality.ruling import SAID, Word, effective

router = APIRouter(prefix="/v1/quality", tags=["quality"])

Judge = Annotated[Grant, requires("supervisor", "quality")]
KIND, SESSION = "second_score", "calibration"
MOST = 500


class WordsIn(BaseModel):
    """A word on every item of the form."""

    items: dict[str, str] = Field(
        min_length=1, max_length=200, description='{"项目代码": "pass|fail|na"}，每项都要有'
    )
    note: str | None = Field(None, max_length=2000)


def hidden(reader: Reader, grant: Grant) -> frozenset[str]:
    """Results the caller must not see yet: those they are still to score without knowing another's word."""
    if grant.scope not in ("supervisor", "quality", "admin"):
        return frozenset()
    me, tenant = grant.actor_id, grant.tenant
    mine = kept.listed(reader, tenant, kept.Wanted(kind=KIND, state="open", owner=me), None, None, MOST)
    found = {str(case.subject) for case in mine}
    for state in ("planned", "scoring"):
        for case in kept.listed(reader, tenant, kept.Wanted(kind=SESSION, state=state), None, None, MOST):
            done = {one["by"] for one in second_scores.of_session(reader, tenant, case.id)}
            if me in case.data.get("participants", ()) and me not in done:
                found.add(str(case.subject))
    return frozenset(found)


def sheet(opened: Service, reader: Reader, tenant: str, found: Stored) -> Json:
    """What is scored blind: the transcript and the items of its form, without anybody's verdict."""
    head = found.result["form"]
    form = rulings.form_at(opened.settings, tenant, head["code"], head["version"])
    names = {dimension.code: dimension.name for dimension in form.dimensions}
    return {
        "form": {"code": form.code, "name": form.name, "version": form.version},
        "items": [
            {"code": item.code, "name": item.name, "dimension": names[item.dimension], "veto": item.veto}
            for item in form.items
        ],
        "transcript": transcripts.of_result(reader, tenant, found.id),
    }


def words_on(found: Stored, given: dict[str, str]) -> dict[str, Word]:
    """A person's words on every item of a result. Raises 422 naming what is missing or unknown."""
    words = rulings.words_of(found, given, "items")
    missing = [item["code"] for item in found.result["items"] if item["code"] not in words]
    if missing:
        errors = [FieldError(f"items.{code}", "缺失", "|".join(SAID)) for code in missing]
        raise Problem("invalid", f"还缺 {'、'.join(missing)}", errors=errors)
    return words


def keep_words(
    opened: Service, writer: Writer, grant: Grant, found: Stored, session: str, body: WordsIn, at: str
) -> None:
    """Keep a person's words of a session, with the points they come to."""
    words = words_on(found, body.items)
    head = found.result["form"]
    form = rulings.form_at(opened.settings, grant.tenant, head["code"], head["version"])
    second_scores.add(
        writer,
        grant.tenant,
        {
            "session": session,
            "by": grant.actor_id,
            "result": found.id,
            "at": at,
            "items": words,
            "score": effective(form, found.result, words)["score"],
            "note": None if body.note is None else mask(body.note),
        },
    )


@router.get("/blind")
async def list_blind(opened: Opened, work: Work, grant: Judge) -> Json:
    """What the caller is to score blind."""

    def unit(reader: Reader) -> list[Json]:
        found = case_views.listed(
            work, reader, grant, kind=KIND, state="open", owner=grant.actor_id, limit=MOST
        )
        return [case_views.shown(work, case, grant) for case in found]

    return {"tasks": await opened.store.aread(unit)}


@router.get("/blind/{task_id}")
async def read_blind(task_id: str, opened: Opened, work: Work, grant: Judge) -> Json:
    """One task: transcript and items, nobody's verdict."""

    def unit(reader: Reader) -> Json:
        case = find(work, reader, grant, task_id, KIND)
        found = rulings.stored(reader, grant.tenant, str(case.subject))
        return {
            **case_views.shown(work, case, grant),
            **sheet(opened, reader, grant.tenant, found),
        }

    return await opened.store.aread(unit)


@router.post("/blind/{task_id}", status_code=201)
async def score_blind(
    task_id: str,
    body: WordsIn,
    opened: Opened,
    work: Work,
    grant: Judge,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Hand in a blind score. Not by whom it is about, nor by who has ruled on it or scored it before (409)."""

    def unit(writer: Writer) -> tuple[int, Json]:
        reader = Reader(writer)
        case = find(work, reader, grant, task_id, KIND)
        found = rulings.stored(reader, grant.tenant, str(case.subject))
        _independent(reader, grant, found)
        after = cases.move(work, writer, grant, case.id, "finish")
        keep_words(opened, writer, grant, found, case.id, body, work.now())
        stored.after_ruling(work, opened, writer, grant.tenant, found)
        return 201, case_views.shown(work, after, grant)

    return await once(opened, grant, idempotency_key, ["blind", task_id, body.model_dump()], unit)


def _independent(reader: Reader, grant: Grant, found: Stored) -> None:
    before = {one["by"] for one in said.of(reader, grant.tenant, found.id)}
    before |= {one["by"] for one in second_scores.of_results(reader, grant.tenant, [found.id])}
    if grant.actor_id == found.agent or grant.actor_id in before:
        raise Problem("conflict", "盲评需要另一个人：您评过这段会话，或这段会话就是您的")


@router.get("/agreement")
async def read_agreement(
    opened: Opened,
    grant: Judge,
    since: Day,
    until: Day,
    form: Annotated[str | None, Query(max_length=64)] = None,
) -> Json:
    """Agreement over second scores of these days: κ and α between people, and between machine and people."""

    def unit(reader: Reader) -> tuple[list[Json], dict[str, Stored]]:
        span = (written(day_of(opened, since)[0]), written(day_of(opened, until)[1]))
        scores = second_scores.between(reader, grant.tenant, *span)
        return scores, results.several(reader, grant.tenant, sorted({one["result"] for one in scores}))

    scores, rows = await opened.store.aread(unit)
    wanted = [
        s for s in scores if s["result"] in rows and form in (None, rows[s["result"]].result["form"]["code"])
    ]
    return {"since": since.isoformat(), "until": until.isoformat(), **agreement(wanted, rows)}


def agreement(scores: Sequence[Json], rows: dict[str, Stored]) -> Json:
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
    return {
        "results": len(by_result),
        "reviewers": sorted({one["by"] for one in scores}),
        "people": {**_people(by_result, items), "score_alpha": alpha(points, "interval").value},
        "machine": {**_against(by_result, machine, items), "score_alpha": alpha(both, "interval").value},
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
