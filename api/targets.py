"""Door of the targets: specific, measured, from a baseline, by a day, somebody's; and how far along they are."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api import measured, target_views, wiring
from api.auth import requires
from api.deps import IdempotencyKey, Json, Opened, Supervisor, once
from api.errors import invalid, not_found
from api.metric_asks import book_for, day_of, where_of
from api.store import Reader, Writer, targets
from api.store.keys import Grant
from nlp.metrics.targets import phase_of

router = APIRouter(prefix="/v1/targets", tags=["metrics"])
Reading = Annotated[Grant, requires("supervisor", "quality")]


class TargetIn(BaseModel):
    """A target; without metric, baseline, target, due or owner it is a wish, and refused.

    `target` is the number itself, or what to change the baseline by: `points` in the metric's unit, `percent` of it.
    """

    model_config = ConfigDict(extra="forbid")

    metric: str = Field(min_length=1, max_length=64, examples=["nps"])
    baseline: float = Field(ge=-1e9, le=1e9)
    target: float = Field(ge=-1e9, le=1e9)
    due: str = Field(max_length=10, examples=["2027-02-28"])
    owner: str = Field(min_length=1, max_length=128)
    change: Literal["value", "points", "percent"] = "value"
    aim: Literal["reach", "hold"] = "reach"
    start: str | None = Field(None, max_length=10)
    phase: str | None = Field(None, max_length=32)
    window_days: int = Field(30, ge=1, le=400)
    where: list[str] = Field(default_factory=list, max_length=10)
    name: str | None = Field(None, max_length=200)


@router.post("", status_code=201)
async def set_target(
    body: TargetIn, opened: Opened, grant: Supervisor, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Set a target: 3, 6 or 12 months by its days, or the phase named."""
    today = datetime.now(ZoneInfo(opened.settings.timezone)).date()
    book = book_for(opened, today)
    if body.metric not in book.metrics:
        raise invalid("metric", f"没有指标 {body.metric[:40]!r}", "|".join(book.metrics))
    start, due = day_of(body.start, "start", today), day_of(body.due, "due", date.min)
    if due <= start:
        raise invalid("due", "不晚于开始的一天", f"{start} 之后的一天")
    if body.phase is not None and body.phase not in book.phases:
        raise invalid("phase", f"没有阶段 {body.phase[:40]!r}", "|".join(book.phases))
    where_of(book, book.metrics[body.metric], body.where)
    data = {
        **body.model_dump(exclude={"metric"}, exclude_none=True),
        "start": start.isoformat(), "due": due.isoformat(), "phase": body.phase or phase_of(start, due, book.phases),
    }  # fmt: skip
    if not math.isfinite(body.baseline) or not math.isfinite(body.target):
        raise invalid("target", "不是有限的数", "数")
    identity = wiring.new_id("tg")

    def unit(writer: Writer) -> tuple[int, Json]:
        kept = targets.add(writer, grant.tenant, identity, body.metric, data, grant.actor_id)
        return 201, targets.to_json(kept)

    return await once(opened, grant, idempotency_key, ["target", body.model_dump()], unit)


@router.get("")
async def list_targets(
    opened: Opened, grant: Reading, metric: Annotated[str | None, Query(max_length=64)] = None
) -> Json:
    """Open targets with where each stands today: value, goal, gap, progress, colour."""
    today = datetime.now(ZoneInfo(opened.settings.timezone)).date()
    ask = measured.asked(opened, grant.tenant, today, today)

    def unit(reader: Reader) -> list[Json]:
        return [
            target_views.standing(reader, ask, kept, today)
            for kept in targets.listed(reader, grant.tenant, metric)
        ]

    return {"as_of": today.isoformat(), "targets": await measured.counting(opened.store, unit)}


@router.delete("/{target_id}")
async def end_target(target_id: str, opened: Opened, grant: Supervisor) -> Json:
    """End a target; what it was stays in the record."""
    if not await opened.store.awrite(lambda writer: targets.end(writer, grant.tenant, target_id)):
        raise not_found("目标", target_id)
    return {"id": target_id, "ended": True}
