"""Request ids, Prometheus metrics, structured logs. No text of a customer ever reaches a log."""

from __future__ import annotations

import logging
import re
import sys
import time
import uuid
from typing import Any, TextIO, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.tracebacks import ExceptionDictTransformer

from api.errors import Problem, response

REGISTRY = CollectorRegistry()
REQUESTS = Counter("zuoxi_requests_total", "Answered requests", ["route", "status"], registry=REGISTRY)
SECONDS = Histogram(
    "zuoxi_request_seconds",
    "Time to answer",
    ["route"],
    registry=REGISTRY,
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
REFUSED = Counter("zuoxi_refused_total", "Requests refused early", ["why"], registry=REGISTRY)
QUEUED = Gauge("zuoxi_requests_waiting", "Requests waiting for a slot", registry=REGISTRY)
DECISIONS = Counter("zuoxi_decisions_total", "Decisions made", ["kind", "mode"], registry=REGISTRY)
ENCODED = Counter("zuoxi_encoder_texts_total", "Texts a slow encoder computed", registry=REGISTRY)
ENCODER_CALLS = Counter("zuoxi_encoder_calls_total", "Calls that computed them", registry=REGISTRY)
INDEXED = Counter("zuoxi_encoder_indexed_total", "Texts it computed for an index", registry=REGISTRY)
REMEMBERED = Counter("zuoxi_encoder_remembered_total", "Texts whose vector was remembered", registry=REGISTRY)

_GIVEN = re.compile(r"[A-Za-z0-9._:-]{1,64}")
log = structlog.get_logger("zuoxi")


class _StandardError:
    """Standard error as it is at the moment of writing: another may have taken its place since the start."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logs(stream: Any = None) -> None:
    """One JSON object a line on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # a traceback with its locals would carry what customers wrote, and take seconds to print
            structlog.processors.ExceptionRenderer(
                ExceptionDictTransformer(show_locals=False, max_frames=20)
            ),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=stream or cast(TextIO, _StandardError())),
        cache_logger_on_first_use=False,
    )


def exposition() -> bytes:
    """The metrics in Prometheus text form."""
    return generate_latest(REGISTRY)


class Trace:
    """Outermost ASGI middleware: names the request, times it, and turns a crash into a problem document."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        began, status = time.perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.setdefault("headers", [])
                headers.append((b"x-request-id", request_id.encode()))
                if not any(name.lower() == b"x-content-type-options" for name, _ in headers):
                    headers.append((b"x-content-type-options", b"nosniff"))
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:
            log.exception("crash", request_id=request_id, path=scope["path"])
            if status:
                raise
            await response(Problem("internal"), request_id, scope["path"])(scope, receive, answer)
        finally:
            took = time.perf_counter() - began
            # starlette leaves the matched route in the scope: a metric label must not be a free path
            route = getattr(scope.get("route"), "path", "other")
            REQUESTS.labels(route, str(status)).inc()
            SECONDS.labels(route).observe(took)
            if status >= 400 or took > 1:
                log.info(
                    "request", request_id=request_id, route=route, status=status, ms=round(took * 1000, 1)
                )
