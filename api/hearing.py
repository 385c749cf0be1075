"""Doors of the hearing: a review of a result, an agent's appeal, its decision. Each ends in a ruling."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import blinds, case_views, cases, rulings, stored
from api.auth import requires
from api.casework import Casework, Work, find, written
from api.deps import AgentKey, IdempotencyKey, Json, Opened, once
from api.errors import FieldError, Problem
from api.service import Service
from api.settled import unsettled
from api.store import Reader, Writer, results
from api.store import cases as kept
from api.store import rulings as said
from api.store.cases import Case
from api.store.keys import Grant
from api.store.results import Stored
from nlp.privacy import mask
from nlp.quality.ruling import Word

router = APIRouter(prefix="/v1/quality", tags=["quality"])

Judge = Annotated[Grant, requires("supervisor", "quality")]
Person = Annotated[Grant, requires("agent", "supervisor", "quality")]
Named = Annotated[str | None, Query(max_length=256)]
Verdicts = Annotated[
    dict[str, str] | None,
    Field(max_length=200, examples=[{"forbidden_word": "pass"}], description='{"项目代码": "pass|fail|na"}'),
]


class ReviewIn(BaseModel):
    """Without `items` the result is upheld; with them those items are overruled, and a reason is due."""

    items: Verdicts = None
    reason: str | None = Field(None, min_length=1, max_length=2000)


class AppealIn(BaseModel):
    """Which items the agent contests, and why."""

    items: list[str] = Field(min_length=1, max_length=100, examples=[["forbidden_word"]])
    reason: str = Field(min_length=1, max_length=2000)


class DecisionIn(BaseModel):
    """The word on an appeal; `items` says what each contested item becomes (all of them `pass` when absent)."""

    decision: Literal["uphold", "change"]
    reason: str = Field(min_length=1, max_length=2000)
    items: Verdicts = None


@router.post("/results/{result_id}/review", status_code=201)
async def review_result(
    result_id: str,
    body: ReviewIn,
    opened: Opened,
    work: Work,
    grant: Judge,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Look at a result again: upheld, or items overruled and the points given anew."""
    reason = None if body.reason is None else mask(body.reason)
    if body.items and reason is None:
        raise Problem("invalid", "改判要写理由", errors=[FieldError("reason", "缺失", "非空文本")])

    def unit(writer: Writer) -> tuple[int, Json]:
        found = rulings.stored(Reader(writer), grant.tenant, result_id)
        fields: Json = {"reason": reason}
        if body.items:
            fields["verdicts"] = rulings.words_of(found, body.items, "items")
        case = _waiting(writer, grant, found) or cases.open_case(
            work, writer, grant, "review", title=_title("复核", found), subject=found.id,
            owner=grant.actor_id, data=_about(found),
        )  # fmt: skip
        case = cases.move(work, writer, grant, case.id, "change" if body.items else "uphold", fields=fields)
        return 201, _answer(work, opened, writer, grant, case, found.id)

    return await once(opened, grant, idempotency_key, ["review", result_id, body.model_dump()], unit)


def _waiting(writer: Writer, grant: Grant, found: Stored) -> Case | None:
    """A review of this result that was asked for and not done yet."""
    wanted = kept.Wanted(kind="review", state="open", subject=found.id)
    return next(iter(kept.listed(Reader(writer), grant.tenant, wanted, None, None, 1)), None)


def _title(what: str, found: Stored) -> str:
    return f"{what}：会话 {found.transcript_id}"[:200]


def _about(found: Stored) -> Json:
    return {"transcript_id": found.transcript_id, "agent": found.agent, "score": found.score}


def _answer(
    work: Casework, opened: Service, writer: Writer, grant: Grant, case: Case, result_id: str
) -> Json:
    """A case with the result as it stands after it."""
    reader = Reader(writer)
    found = rulings.stored(reader, grant.tenant, result_id)
    told = rulings.shown(opened, reader, grant.tenant, found)
    return {**case_views.shown(work, case, grant), "result": told}


@router.post("/results/{result_id}/appeals", status_code=201)
async def appeal_result(
    result_id: str,
    body: AppealIn,
    opened: Opened,
    work: Work,
    grant: AgentKey,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Contest items of one's own result: within the days the site gives, once for each item."""

    def unit(writer: Writer) -> tuple[int, Json]:
        reader = Reader(writer)
        found = rulings.stored(reader, grant.tenant, result_id, grant)
        items = list(dict.fromkeys(body.items))
        _may_appeal(opened, work, reader, grant, found, items)
        data: Json = {**_about(found), "reason": mask(body.reason), "items": items}
        case = cases.open_case(
            work, writer, grant, "appeal", title=_title("申诉", found), subject=found.id, data=data
        )
        return 201, case_views.shown(work, case, grant)

    return await once(opened, grant, idempotency_key, ["appeal", result_id, body.model_dump()], unit)


def _may_appeal(
    opened: Service, work: Casework, reader: Reader, grant: Grant, found: Stored, items: list[str]
) -> None:
    """Raises 403, 409 and 422: what stands in the way of this appeal."""
    if found.agent != grant.actor_id:
        raise Problem("forbidden", "申诉由这通会话的客服本人提出")
    days = rulings.fairness_of(opened).appeal_days
    end = datetime.fromisoformat(found.at) + timedelta(days=days)
    if work.clock() > end:
        raise Problem("conflict", f"申诉期 {days:g} 天已过（截止 {written(end)}）")
    why = unsettled(reader, grant.tenant, found.transcript_id)
    if why is not None:
        raise Problem("conflict", f"先解决再追责：{why}，解决后再申诉")
    errors = [
        FieldError(f"items.{at}", f"{code[:64]!r} 没有被判不通过", "|".join(found.failed) or "没有可申诉的项")
        for at, code in enumerate(items)
        if code not in found.failed
    ]
    if errors:
        raise Problem("invalid", "；".join(one.message for one in errors), errors=errors)
    same = results.others(reader, grant.tenant, [found.transcript_id], [])
    for name in (name for name, form in same.items() if form == found.result["form"]["code"]):
        wanted = kept.Wanted(kind="appeal", subject=name)
        for case in kept.listed(reader, grant.tenant, wanted, None, None, 500):
            again = [code for code in items if code in case.data["items"]]
            if again and case.state != "withdrawn":
                raise Problem(
                    "conflict", f"{'、'.join(again)} 已申诉过（{case.id}）：每段会话的每项只能申诉一次"
                )


@router.get("/appeals")
async def list_appeals(
    opened: Opened,
    work: Work,
    grant: Person,
    state: Named = None,
    after: Named = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Appeals, newest first: an agent's own; a supervisor's and a reviewer's all."""

    def unit(reader: Reader) -> list[Json]:
        found = case_views.listed(work, reader, grant, kind="appeal", state=state, after=after, limit=limit)
        return [case_views.shown(work, case, grant) for case in found]

    page = await opened.store.aread(unit)
    return {"appeals": page, "next": page[-1]["id"] if len(page) == limit else None}


@router.post("/appeals/{appeal_id}/decision")
async def decide_appeal(
    appeal_id: str,
    body: DecisionIn,
    opened: Opened,
    work: Work,
    grant: Judge,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Uphold or change, by neither the agent nor whoever ruled on the result before (409)."""

    def unit(writer: Writer) -> tuple[int, Json]:
        case = find(work, Reader(writer), grant, appeal_id, "appeal")
        fields: Json = {"decision": mask(body.reason)}
        if body.decision == "change" and body.items:
            fields["verdicts"] = body.items
        case = cases.move(work, writer, grant, case.id, body.decision, fields=fields)
        return 200, _answer(work, opened, writer, grant, case, str(case.subject))

    return await once(opened, grant, idempotency_key, ["decision", appeal_id, body.model_dump()], unit)


def register(work: Casework, opened: Service) -> None:
    """Hook in what follows from reviews and appeals, and who may not judge."""

    def judged(writer: Writer, case: Case, grant: Grant) -> Stored:
        """The result a case is about. Raises 409 for whom it is about, and for who ruled on it before an appeal."""
        reader = Reader(writer)
        found = rulings.stored(reader, grant.tenant, str(case.subject))
        if found.agent == grant.actor_id:
            raise Problem("conflict", "不能评判自己的会话：需要另一个人")
        if found.id in blinds.hidden(reader, grant):
            raise Problem("conflict", "您还有这个结果的盲评或校准评分未提交：提交后再裁定")
        before = said.of(reader, grant.tenant, found.id) if case.kind == "appeal" else []
        if any(one["by"] == grant.actor_id for one in before):
            raise Problem("conflict", "需要另一个人：您已复核过这个结果")
        return found

    def ruled(
        writer: Writer, case: Case, grant: Grant, found: Stored, items: Mapping[str, Word], reason: str
    ) -> None:
        rulings.rule(
            opened, writer, grant, found, items, reason, source=case.kind, case=case.id, at=work.now()
        )
        stored.after_ruling(work, opened, writer, grant.tenant, found, items)

    def upheld(writer: Writer, case: Case, grant: Grant) -> None:
        """People agreed with the machine: their word counts for the health of the rules."""
        found = judged(writer, case, grant)
        failed = {item["code"] for item in found.result["items"] if item["result"] == "fail"}
        contested = case.data["items"] if case.kind == "appeal" else sorted(failed)
        words: dict[str, Word] = dict.fromkeys((code for code in contested if code in failed), "fail")
        ruled(
            writer, case, grant, found, words, case.data.get("decision") or case.data.get("reason") or "维持"
        )

    def reviewed(writer: Writer, case: Case, grant: Grant) -> None:
        found = judged(writer, case, grant)
        ruled(writer, case, grant, found, rulings.words_of(found, case.data["verdicts"], "fields.verdicts"),
              case.data["reason"])  # fmt: skip

    def won(writer: Writer, case: Case, grant: Grant) -> None:
        found = judged(writer, case, grant)
        given = case.data.get("verdicts") or dict.fromkeys(case.data["items"], "pass")
        words = rulings.words_of(found, given, "fields.verdicts")
        ruled(writer, case, grant, found, words, case.data["decision"])

    for kind in ("review", "appeal"):
        work.on_move(kind, "uphold", upheld)
    work.on_move("review", "change", reviewed)
    work.on_move("appeal", "change", won)
