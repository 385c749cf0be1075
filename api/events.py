"""Streams of what happens in conversations: server-sent events, resumable, holding nothing while they wait.

The events table is the stream: an event commits with what it tells of. A ring in this process wakes its
streams at once; what another process wrote is seen by polling.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Annotated

from fastapi import APIRouter, Header, Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.auth import Doorman, page_secret
from api.deps import AgentKey, Bot, Json, Opened
from api.errors import Problem, invalid, not_found
from api.store import Reader, Store, conversations

router = APIRouter(prefix="/v1", tags=["events"])

POLL_SECONDS = 1.0
KEEP_ALIVE_SECONDS = 15
ASK_AGAIN_SECONDS = 30.0
"""How long a stream outlives its key."""


class Bell:
    """Wakes the streams of a tenant in this process."""

    def __init__(self) -> None:
        self._listening: dict[str, set[asyncio.Event]] = {}

    def ring(self, tenant: str) -> None:
        """Something was written; call it on the event loop after the commit."""
        for listener in self._listening.get(tenant, ()):
            listener.set()

    @contextlib.contextmanager
    def listen(self, tenant: str) -> Iterator[asyncio.Event]:
        """An event that is set by every ring from now on."""
        listener = asyncio.Event()
        self._listening.setdefault(tenant, set()).add(listener)
        try:
            yield listener
        finally:
            self._listening[tenant].discard(listener)
            if not self._listening[tenant]:
                del self._listening[tenant]


async def stream(
    store: Store,
    bell: Bell,
    tenant: str,
    after: int,
    conversation_id: str | None = None,
    welcome: Callable[[], Awaitable[bool]] | None = None,
) -> AsyncIterator[ServerSentEvent]:
    """Events with an id above `after`, for as long as the reader stays and `welcome` says so."""
    loop = asyncio.get_running_loop()
    asked, seen = loop.time(), after
    with bell.listen(tenant) as rung:
        while True:
            rung.clear()
            found = await store.aread(_after(tenant, seen, conversation_id))
            for seen, kind, data in found:
                yield ServerSentEvent(json.dumps(data, ensure_ascii=False), event=kind, id=str(seen))
            if welcome is not None and loop.time() - asked > ASK_AGAIN_SECONDS:
                if not await welcome():
                    return
                asked = loop.time()
            if not found:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(rung.wait(), POLL_SECONDS)


def _after(
    tenant: str, seen: int, conversation_id: str | None
) -> Callable[[Reader], list[tuple[int, str, Json]]]:
    return lambda reader: conversations.events_after(reader, tenant, seen, conversation_id)


LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=20)]


def _number(last_event_id: str | None) -> int | None:
    if last_event_id is None or last_event_id == "":
        return None
    if not last_event_id.isascii() or not last_event_id.isdigit() or len(last_event_id) > 18:
        raise invalid("Last-Event-ID", "不是事件编号", "收到的最后一个 id，从头开始为 0")
    return int(last_event_id)


def welcome_of(request: Request) -> Callable[[], Awaitable[bool]]:
    doorman: Doorman = request.app.state.doorman
    credential = request.headers.get("authorization") or page_secret(request)

    async def ask() -> bool:
        try:
            await doorman.admit(credential)
        except Problem as problem:
            return problem.code == "rate_limited"
        return True

    return ask


def _answer(
    request: Request, opened: Opened, tenant: str, after: int, one: str | None
) -> EventSourceResponse:
    bell: Bell = request.app.state.bell
    events = stream(opened.store, bell, tenant, after, one, welcome_of(request))
    return EventSourceResponse(events, ping=KEEP_ALIVE_SECONDS)


STREAMED = {
    200: {"content": {"text/event-stream": {}}, "description": "turn、analysis、suggestions、handoff、alert"}
}


@router.get("/events", response_class=EventSourceResponse, responses=STREAMED)  # type: ignore[arg-type]
async def all_events(
    request: Request, opened: Opened, grant: AgentKey, last_event_id: LastEventId = None
) -> EventSourceResponse:
    """Events of every conversation, from now on or after `Last-Event-ID`."""
    after = _number(last_event_id)
    if after is None:
        after = await opened.store.aread(lambda reader: conversations.last_event(reader, grant.tenant))
    return _answer(request, opened, grant.tenant, after, None)


@router.get(
    "/conversations/{conversation_id}/events",
    response_class=EventSourceResponse,
    responses=STREAMED,  # type: ignore[arg-type]
)
async def conversation_events(
    conversation_id: str, request: Request, opened: Opened, grant: Bot, last_event_id: LastEventId = None
) -> EventSourceResponse:
    """Events of one conversation, from its beginning or after `Last-Event-ID`."""
    after = _number(last_event_id) or 0
    known = await opened.store.aread(lambda reader: conversations.get(reader, grant.tenant, conversation_id))
    if known is None:
        raise not_found("会话", conversation_id)
    return _answer(request, opened, grant.tenant, after, conversation_id)
