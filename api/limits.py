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
    """ASGI middleware: at most `in_flight` requests run, at most `waiting` wait, bodies are bounded."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._slots = asyncio.Semaphore(settings.in_flight)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if scope["type"] != "http" or path in ALWAYS or path.endswith(STREAMS):
            await self._app(scope, receive, send)
            return
        request_id = scope.get("state", {}).get("request_id")
        limit = self._limit(scope)
        problem = self._too_large(scope, limit)
        if problem is None and self._slots.locked() and self._waiting >= self._settings.waiting:
            REFUSED.labels("busy").inc()
            problem = Problem("busy", "正在处理的请求太多，请按 Retry-After 稍后重试", retry_after=1)
        if problem is not None:
            await response(problem, request_id, path)(scope, receive, send)
            return
        self._waiting += 1
        QUEUED.set(self._waiting)
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
            QUEUED.set(self._waiting)
        try:
            await self._app(scope, _bounded(receive, limit), send)
        finally:
            self._slots.release()

    def _limit(self, scope: Scope) -> int:
        headers = dict(scope["headers"])
        kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        json_body = kind in (b"application/json", b"") or str(scope["path"]) not in UPLOADS
        return self._settings.body_limit if json_body else self._settings.upload_limit

    def _too_large(self, scope: Scope, limit: int) -> Problem | None:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            return Problem("too_large", f"请求体 {int(declared)} 字节，上限 {limit} 字节")
        return None


UPLOADS = frozenset({"/v1/kb/import", "/v1/quality/jobs"})


def _bounded(receive: Receive, limit: int) -> Receive:
    """A `receive` that refuses a body longer than was allowed, declared or not."""
    seen = 0

    async def read() -> Message:
        nonlocal seen
        message = await receive()
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
