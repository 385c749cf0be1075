"""Doors of blind second scoring, and one report of who agrees with whom: people with people, machine with people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import case_views, cases, rulings, stored
from api.auth import requires
from api.blinds import BLIND
from api.casework import Casework, Work, find
from api.deps import IdempotencyKey, Json, Opened, once
from api.errors import FieldError, Problem
from api.service import Service
from api.store import Reader, Writer, second_scores, transcripts, words
from api.store import rulings as said
from api.store.cases import Case
from api.store.keys import Grant
from api.store.results import Stored
from nlp.privacy import mask
from nlp.quality.ruling import SAID, Word, effective

router = APIRouter(prefix="/v1/quality", tags=["quality"])

Judge = Annotated[Grant, requires("supervisor", "quality")]
MOST = 500


class WordsIn(BaseModel):
    """A word on every item of the form."""

    items: dict[str, str] = Field(
        min_length=1, max_length=200, description='{"项目代码": "pass|fail|na"}，每项都要有'
    )
    note: str | None = Field(None, max_length=2000)


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
    said_here = rulings.words_of(found, given, "items")
    missing = [item["code"] for item in found.result["items"] if item["code"] not in said_here]
    if missing:
        errors = [FieldError(f"items.{code}", "缺失", "|".join(SAID)) for code in missing]
        raise Problem("invalid", f"还缺 {'、'.join(missing)}", errors=errors)
    return said_here


def keep_words(
    opened: Service, writer: Writer, grant: Grant, found: Stored, session: str, body: WordsIn, at: str
) -> None:
    """Keep a person's words of a session, with the points they come to."""
    said_here = words_on(found, body.items)
    words.put(writer, grant.tenant, found.result, said_here, source="second", at=at, who=grant.actor_id)
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
            "items": said_here,
            "score": effective(form, found.result, said_here)["score"],
            "note": None if body.note is None else mask(body.note),
        },
    )


@router.get("/blind")
async def list_blind(opened: Opened, work: Work, grant: Judge) -> Json:
    """What the caller is to score blind."""

    def unit(reader: Reader) -> list[Json]:
        found = case_views.listed(
            work, reader, grant, kind=BLIND, state="open", owner=grant.actor_id, limit=MOST
        )
        return [case_views.shown(work, case, grant) for case in found]

    return {"tasks": await opened.store.aread(unit)}


@router.get("/blind/{task_id}")
async def read_blind(task_id: str, opened: Opened, work: Work, grant: Judge) -> Json:
    """One task: transcript and items, nobody's verdict."""

    def unit(reader: Reader) -> Json:
        case = find(work, reader, grant, task_id, BLIND)
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
        case = find(work, reader, grant, task_id, BLIND)
        found = rulings.stored(reader, grant.tenant, str(case.subject))
        _independent(reader, grant, found)
        if case.state != "open" or case.owner != grant.actor_id:
            cases.move(work, writer, grant, case.id, "finish")  # says what stands in the way
        keep_words(opened, writer, grant, found, case.id, body, work.now())
        after = cases.move(work, writer, grant, case.id, "finish")
        stored.after_ruling(work, opened, writer, grant.tenant, found, body.items)
        return 201, case_views.shown(work, after, grant)

    return await once(opened, grant, idempotency_key, ["blind", task_id, body.model_dump()], unit)


def _independent(reader: Reader, grant: Grant, found: Stored) -> None:
    before = {one["by"] for one in said.of(reader, grant.tenant, found.id)}
    before |= {one["by"] for one in second_scores.of_results(reader, grant.tenant, [found.id])}
    if grant.actor_id == found.agent or grant.actor_id in before:
        raise Problem("conflict", "盲评需要另一个人：您评过这段会话，或这段会话就是您的")


def register(work: Casework) -> None:
    """A blind task is done by scoring, not by saying so."""

    def scored(writer: Writer, case: Case, grant: Grant) -> None:
        said_there = second_scores.of_session(Reader(writer), grant.tenant, case.id)
        if not any(one["by"] == grant.actor_id for one in said_there):
            raise Problem("conflict", "先提交盲评：POST /v1/quality/blind/{id}")

    work.on_move(BLIND, "finish", scored)
