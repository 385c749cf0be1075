"""Doors of mystery shoppers: which conversations were one's, known to supervisors only, counted apart."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import rulings
from api.auth import requires
from api.casework import Work
from api.deps import IdempotencyKey, Json, Opened, once
from api.errors import not_found
from api.store import Reader, Writer, marks, observations, results
from api.store.keys import Grant
from nlp.privacy import mask

router = APIRouter(prefix="/v1/quality/mystery", tags=["quality"])

MARK = "mystery"
"""The mark, and the kind under which such a conversation is counted: no metric of conversations sees it."""
Judge = Annotated[Grant, requires("supervisor", "quality")]


class ShopperIn(BaseModel):
    """A conversation that a shopper held, and what they were to play."""

    transcript_id: str = Field(min_length=1, max_length=200)
    scenario: str = Field(min_length=1, max_length=2000, examples=["要求退货，坚持见主管"])
    expected: list[Annotated[str, Field(min_length=1, max_length=500)]] = Field(
        default_factory=list, max_length=50
    )


def recount(writer: Writer, tenant: str, transcripts: frozenset[str]) -> None:
    """Count the shoppers' conversations among these apart from customers'."""
    for name in transcripts & marks.transcripts_with(Reader(writer), tenant, MARK):
        observations.move(writer, tenant, f"conversation:{name}", f"{MARK}:{name}", MARK)


@router.post("", status_code=201)
async def mark_shopper(
    body: ShopperIn, opened: Opened, work: Work, grant: Judge, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Say that a conversation is a shopper's, before or after it was held; the agent is never told."""

    def unit(writer: Writer) -> tuple[int, Json]:
        data: Json = {"scenario": mask(body.scenario), "expected": [mask(one) for one in body.expected]}
        marks.put(writer, grant.tenant, body.transcript_id, MARK, grant.actor_id, work.now(), data)
        recount(writer, grant.tenant, frozenset([body.transcript_id]))
        return 201, {"transcript_id": body.transcript_id, **data}

    return await once(opened, grant, idempotency_key, ["mystery", body.model_dump()], unit)


@router.delete("/{transcript_id}")
async def unmark_shopper(transcript_id: str, opened: Opened, grant: Judge) -> Json:
    """Take the mark back: the conversation counts like any other again."""

    def unit(writer: Writer) -> bool:
        dropped = marks.drop(writer, grant.tenant, transcript_id, MARK)
        if dropped:
            name = f"conversation:{transcript_id}"
            observations.move(writer, grant.tenant, f"{MARK}:{transcript_id}", name, "conversation")
        return dropped

    if not await opened.store.awrite(unit):
        raise not_found("神秘客户标记", transcript_id)
    return {"transcript_id": transcript_id, "marked": False}


@router.get("")
async def list_shoppers(
    opened: Opened, grant: Judge, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> Json:
    """Shoppers' conversations, newest first, each with its score by the same rules."""

    def unit(reader: Reader) -> list[Json]:
        told = []
        for one in marks.listed(reader, grant.tenant, MARK, limit):
            rows = results.since(reader, grant.tenant, "", transcript_id=one["transcript_id"], limit=20)
            scored = rulings.listed(reader, grant.tenant, rows)
            told.append(
                {
                    "transcript_id": one["transcript_id"],
                    "marked_at": one["at"],
                    **one["data"],
                    "results": [
                        {
                            "id": row["id"],
                            "agent": row["agent"],
                            "form": row["form"],
                            "score": row["score"],
                            "grade": row["grade"],
                            "veto": row["veto"],
                        }
                        for row in scored
                    ],
                }
            )
        return told

    return {"shoppers": await opened.store.aread(unit)}
