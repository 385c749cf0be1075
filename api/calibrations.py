"""Doors of calibration: several people score one transcript, differences are shown item by item, and a conclusion."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import blinds, case_views, cases, rulings
from api.auth import requires
from api.blind import WordsIn, keep_words, sheet
from api.bodies import Moment
from api.casework import Casework, Work, find
from api.deps import IdempotencyKey, Json, Opened, once
from api.errors import Problem
from api.store import Reader, Writer, second_scores
from api.store.cases import Case
from api.store.keys import Grant
from nlp.privacy import mask
from nlp.quality.agreement import alpha

router = APIRouter(prefix="/v1/quality/calibrations", tags=["quality"])

KIND = "calibration"
Judge = Annotated[Grant, requires("supervisor", "quality")]
Named = Annotated[str | None, Query(max_length=256)]


class SessionIn(BaseModel):
    """Which result is scored by whom, and until when."""

    title: str = Field(min_length=1, max_length=200, examples=["十一月校准"])
    result_id: str = Field(min_length=1, max_length=200)
    participants: list[str] = Field(min_length=2, max_length=50, examples=[["Q001", "S001"]])
    due_at: Moment | None = None


@router.post("", status_code=201)
async def open_session(
    body: SessionIn, opened: Opened, work: Work, grant: Judge, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Plan a session; its participants do not see the result until they have scored it."""

    def unit(writer: Writer) -> tuple[int, Json]:
        found = rulings.stored(Reader(writer), grant.tenant, body.result_id)
        people = list(dict.fromkeys(body.participants))
        if len(people) < 2 or found.agent in people:
            raise Problem("conflict", "校准至少两人参加，且不能是这段会话的客服")
        due = body.due_at or work.clock() + timedelta(days=3)
        case = cases.open_case(
            work, writer, grant, KIND, title=mask(body.title), subject=found.id,
            data={"participants": people}, due_at=due,
        )  # fmt: skip
        return 201, case_views.shown(work, case, grant)

    content = ["calibration", body.model_dump(mode="json")]
    return await once(opened, grant, idempotency_key, content, unit)


@router.get("")
async def list_sessions(
    opened: Opened,
    work: Work,
    grant: Judge,
    state: Named = None,
    after: Named = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Sessions, newest first."""

    def unit(reader: Reader) -> list[Json]:
        found = case_views.listed(work, reader, grant, kind=KIND, state=state, after=after, limit=limit)
        return [case_views.shown(work, case, grant) for case in found]

    page = await opened.store.aread(unit)
    return {"calibrations": page, "next": page[-1]["id"] if len(page) == limit else None}


@router.get("/{session_id}")
async def read_session(session_id: str, opened: Opened, work: Work, grant: Judge) -> Json:
    """A session: the sheet to score while one has not, and the differences once one has."""

    def unit(reader: Reader) -> Json:
        case = find(work, reader, grant, session_id, KIND)
        found = rulings.stored(reader, grant.tenant, str(case.subject))
        told = case_views.shown(work, case, grant)
        told["history"] = case_views.history(reader, grant, case)
        if found.id in blinds.hidden(reader, grant):
            return {**told, **sheet(opened, reader, grant.tenant, found)}
        return {**told, **_differences(work, reader, grant, case)}

    return await opened.store.aread(unit)


def _differences(work: Casework, reader: Reader, grant: Grant, case: Case) -> Json:
    """Item by item what the machine and each person said, those that people disagree on first."""
    found = rulings.stored(reader, grant.tenant, str(case.subject))
    scores = second_scores.of_session(reader, grant.tenant, case.id)
    told = []
    for item in found.result["items"]:
        words = {one["by"]: one["items"][item["code"]] for one in scores if item["code"] in one["items"]}
        most = Counter(words.values()).most_common(1)
        told.append(
            {
                "code": item["code"],
                "name": item["name"],
                "machine": item["result"],
                "people": words,
                "agreed": len(set(words.values())) <= 1,
                "share": most[0][1] / len(words) if words else None,
            }
        )
    told.sort(key=lambda one: one["agreed"])
    units = [list(item["people"].values()) for item in told]
    return {
        "scored": [one["by"] for one in scores],
        "waiting": [p for p in case.data["participants"] if p not in {one["by"] for one in scores}],
        "scores": {"machine": found.result["score"], **{one["by"]: one["score"] for one in scores}},
        "notes": {one["by"]: one["note"] for one in scores if one["note"]},
        "alpha": alpha(units).value,
        "differences": told,
    }


@router.post("/{session_id}/scores", status_code=201)
async def score_session(
    session_id: str,
    body: WordsIn,
    opened: Opened,
    work: Work,
    grant: Judge,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Hand in one's own words; only participants, once, while the session is being scored."""

    def unit(writer: Writer) -> tuple[int, Json]:
        reader = Reader(writer)
        case = find(work, reader, grant, session_id, KIND)
        if grant.actor_id not in case.data["participants"]:
            raise Problem("forbidden", "只有参加校准的人评分")
        if case.state != "scoring":
            raise Problem("conflict", f"当前状态是 {case.state}，评分中（scoring）才能提交")
        if any(
            one["by"] == grant.actor_id for one in second_scores.of_session(reader, grant.tenant, case.id)
        ):
            raise Problem("conflict", "您已提交过：每人一次")
        found = rulings.stored(reader, grant.tenant, str(case.subject))
        keep_words(opened, writer, grant, found, case.id, body, work.now())
        return 201, {**case_views.shown(work, case, grant), **_differences(work, reader, grant, case)}

    return await once(
        opened, grant, idempotency_key, ["calibration-score", session_id, body.model_dump()], unit
    )
