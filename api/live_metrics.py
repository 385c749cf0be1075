"""Doors of the present: the day's numbers as they change, and how long the next customer will wait."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from api import measured, metric_views
from api.auth import requires
from api.deps import Bot, Json, Opened
from api.errors import not_found
from api.events import ASK_AGAIN_SECONDS, KEEP_ALIVE_SECONDS, welcome_of
from api.metric_asks import book_for
from api.metrics import names_of_site
from api.service import Service
from api.store import Reader, conversations, observations
from api.store.keys import Grant
from nlp.metrics.waiting import outlook

router = APIRouter(prefix="/v1", tags=["metrics"])

Reading = Annotated[Grant, requires("supervisor", "quality")]
LOOK_SECONDS = 1.0
REST = 2
"""A day that takes long to count is counted again after this many times as long."""
CAPACITY_HOURS = 1
MOST_STANDING = 5000
DEFLECT = "引导到自助或机器人"
STREAMED = {200: {"content": {"text/event-stream": {}}, "description": "metrics"}}


def _today(opened: Service, tenant: str, code: str) -> Json:
    now = datetime.now(ZoneInfo(opened.settings.timezone))
    ask = measured.asked(opened, tenant, now.date(), now.date())
    board = ask.book.boards[code]
    return opened.store.read(lambda reader: metric_views.board(reader, ask, board, names_of_site(opened)))


async def _changes(
    request: Request, opened: Service, tenant: str, code: str
) -> AsyncIterator[ServerSentEvent]:
    """The board whenever it differs from what was told last."""
    loop, bell, welcome = asyncio.get_running_loop(), request.app.state.bell, welcome_of(request)
    told, asked = None, loop.time()
    with bell.listen(tenant) as rung:
        while True:
            rung.clear()
            began = loop.time()
            now = await asyncio.to_thread(_today, opened, tenant, code)
            took = loop.time() - began
            if now != told:
                told = now
                data = {"as_of": datetime.now(UTC).isoformat(timespec="milliseconds"), **now}
                yield ServerSentEvent(json.dumps(data, ensure_ascii=False), event="metrics")
            if loop.time() - asked > ASK_AGAIN_SECONDS:
                if not await welcome():
                    return
                asked = loop.time()
            await asyncio.sleep(min(REST * took, 60.0))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), LOOK_SECONDS)


@router.get("/board/metrics/stream", response_class=EventSourceResponse, responses=STREAMED)  # type: ignore[arg-type]
async def stream_board(
    request: Request, opened: Opened, grant: Reading, board: Annotated[str, Query(max_length=64)] = "live"
) -> EventSourceResponse:
    """Today's numbers of a board, at once and then whenever one of them changes."""
    if board not in book_for(opened, datetime.now(ZoneInfo(opened.settings.timezone)).date()).boards:
        raise not_found("看板", board)
    return EventSourceResponse(_changes(request, opened, grant.tenant, board), ping=KEEP_ALIVE_SECONDS)


@router.get("/waiting")
async def read_waiting(
    opened: Opened, grant: Bot, queue: Annotated[str | None, Query(max_length=64)] = None
) -> Json:
    """How long the next customer will wait; `deflect` says to offer the bot or self-service instead.

    Who is online comes from the last capacity fact of the hour, else it is the people serving now.
    """
    now, zone = datetime.now(UTC), ZoneInfo(opened.settings.timezone)
    today = now.astimezone(zone).date()
    book = book_for(opened, today)
    ask = measured.asked(opened, grant.tenant, today - timedelta(days=book.waiting_days - 1), today)

    def unit(reader: Reader) -> Json:
        hour = now - timedelta(hours=CAPACITY_HOURS)
        facts = list(observations.between(reader, grant.tenant, "capacity", hour, now + timedelta(seconds=1)))
        told = facts[-1].values if facts else {}
        waiting, serving = _standing(reader, grant.tenant, now, queue)
        handle = measured.whole(reader, ask, "live_handle").value
        given = outlook(
            waiting,
            int(told.get("online", serving)),
            told.get("handle_s") if handle is None else handle,
            book.waiting_s,
        )
        return {**asdict(given), "text": DEFLECT if given.deflect else None}

    return await measured.counting(opened.store, unit)


def _standing(reader: Reader, tenant: str, now: datetime, queue: str | None) -> tuple[int, int]:
    """How many conversations wait for a person (of a queue), and how many people serve."""
    since = (now - timedelta(days=1)).isoformat(timespec="milliseconds")
    found = conversations.recent(reader, tenant, since, MOST_STANDING, ("requested", "accepted", "human"))
    waits = [one for one in found if one.status == "requested"]
    serving = {
        (one.state.get("agent") or {}).get("id") or one.id for one in found if one.status != "requested"
    }
    of_queue = [one for one in waits if queue in (None, one.state["handoff"].get("queue"))]
    return len(of_queue), len(serving)
