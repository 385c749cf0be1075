"""Refuse early: body size, requests in flight, requests waiting, and a rate for each key.

Shedding happens before a byte of the body is parsed, so that an overloaded service stays cheap to refuse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem, response
from api.settings import Settings
from api.telemetry import QUEUED, REFUSED

ALWAYS = ("/healthz", "/readyz", "/metrics")
STREAMS = ("/events",)


class Shed:
    """ASGI middleware: at most `in_flight` requests run, `waiting` wait for `patience` seconds, bodies are bounded."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._slots = asyncio.Semaphore(settings.in_flight)
        # Uploads are read while they run: in slots of their own, slow ones keep only one another waiting.
        self._upload_slots = asyncio.Semaphore(UPLOAD_SLOTS)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if scope["type"] != "http" or path in ALWAYS or path.endswith(STREAMS):
            await self._app(scope, receive, send)
            return
        request_id = scope.get("state", {}).get("request_id")
        limit = self._limit(scope)
        slots = self._upload_slots if path in UPLOADS else self._slots
        read = _bounded(receive, limit)
        problem = self._too_large(scope, limit) or self._busy(slots)
        if problem is None and path not in UPLOADS:
            # A body that trickles in must not hold a slot: it is read whole before one is taken.
            try:
                read = await _whole(read)
                problem = self._busy(slots)
            except Problem as late:
                problem = late
        if problem is not None:
            await response(problem, request_id, path)(scope, receive, send)
            return
        if not await self._turn(slots):
            await response(_BUSY, request_id, path)(scope, receive, send)
            return
        try:
            await self._app(scope, read, send)
        finally:
            slots.release()

    async def _turn(self, slots: asyncio.Semaphore) -> bool:
        """Wait for a slot; False when patience ran out: a late answer is worth less than an early refusal."""
        if not slots.locked():
            return await slots.acquire()  # free: taken at once, before another request looks
        self._waiting += 1
        QUEUED.set(self._waiting)
        try:
            await asyncio.wait_for(slots.acquire(), self._settings.patience)
        except TimeoutError:
            REFUSED.labels("busy").inc()
            return False
        finally:
            self._waiting -= 1
            QUEUED.set(self._waiting)
        return True

    def _busy(self, slots: asyncio.Semaphore) -> Problem | None:
        if not slots.locked() or self._waiting < self._settings.waiting:
            return None
        REFUSED.labels("busy").inc()
        return _BUSY

    def _limit(self, scope: Scope) -> int:
        upload = str(scope["path"]) in UPLOADS
        return self._settings.upload_limit if upload else self._settings.body_limit

    def _too_large(self, scope: Scope, limit: int) -> Problem | None:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            return Problem("too_large", f"请求体 {int(declared)} 字节，上限 {limit} 字节")
        return None


_BUSY = Problem("busy", "正在处理的请求太多，请按 Retry-After 稍后重试", retry_after=1)
UPLOAD_SLOTS = 8
UPLOADS = frozenset({"/v1/kb/import", "/v1/quality/jobs"})
BODY_SECONDS, STILL_SECONDS = 30.0, 15.0
"""How long a JSON body may take as a whole, and how long an upload may stand still."""


async def _whole(receive: Receive) -> Receive:
    """Read the body to its end, then give it again. Raises Problem 408 or 413."""
    held: list[Message] = []
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                held.append(await receive())
                if held[-1]["type"] != "http.request" or not held[-1].get("more_body", False):
                    break
    except TimeoutError:
        raise Problem("timeout", f"请求体 {BODY_SECONDS:.0f} 秒内没有到齐") from None
    told = iter(held)

    async def again() -> Message:
        return next(told, None) or await receive()

    return again


def _bounded(receive: Receive, limit: int) -> Receive:
    """A `receive` that refuses a body longer than was allowed, declared or not, or one that stands still."""
    seen, ended = 0, False

    async def read() -> Message:
        nonlocal seen, ended
        try:
            message = await asyncio.wait_for(receive(), None if ended else STILL_SECONDS)
        except TimeoutError:
            raise Problem("timeout", f"请求体 {STILL_SECONDS:.0f} 秒没有进展") from None
        ended = message["type"] != "http.request" or not message.get("more_body", False)
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise Problem("too_large", f"请求体超过上限 {limit} 字节")
        return message

    return read


class Rate:
    """Requests a minute for each key, kept in this process."""

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def check(self, key_id: str, now: Callable[[], float]) -> None:
        """Count one request. Raises Problem `rate_limited` with the seconds to wait."""
        if not self._limiter.hit(self._item, key_id):
            REFUSED.labels("rate").inc()
            window: Any = self._limiter.get_window_stats(self._item, key_id)
            raise Problem(
                "rate_limited",
                "这把钥匙本分钟的请求数已用完",
                retry_after=max(1, int(window.reset_time - now())),
            )
