"""Alive, ready, metrics, self-test."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api import wiring
from api.deps import Opened
from api.store.entries import heads
from api.telemetry import exposition
from api.web import open_page
from nlp.routing import Ticket

router = APIRouter(tags=["operations"])

CANNED = (
    ("我要投诉，你们客服态度太差了", "complaint"),
    ("退款什么时候到账", "after_sales"),
    ("帮我开一张发票", "operation"),
    ("这款空调多大功率", "inquiry"),
)
"""Questions whose top category must come out right on a healthy install of the shipped taxonomy."""


@router.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(request: Request, opened: Opened) -> JSONResponse:
    """Each part with its state; 503 when a part that is needed is down."""
    open_page(request, opened.settings)
    parts: dict[str, Any] = {}
    began = time.perf_counter()
    try:
        await opened.store.aread(heads)
        parts["store"] = {"state": "ok", "ms": round((time.perf_counter() - began) * 1000, 1)}
    except Exception as error:
        parts["store"] = {"state": "down", "why": type(error).__name__}
    parts["handbooks"] = {"state": "ok", "sites": opened.sites.states()}
    for name in ("encoder", "intent", "sentiment", "alarm"):
        why = opened.models.missing.get(name)
        parts[name] = {"state": "degraded", "why": why} if why else {"state": "ok"}
    if opened.models.encoding is not None:
        parts["encoder"] |= opened.models.encoding.told()
    if opened.settings.shadow is not None:
        why = request.app.state.shadow.why
        parts["shadow"] = {"state": "degraded", "why": why} if why else {"state": "ok"}
    ok = parts["store"]["state"] == "ok"
    status = "ready" if ok and not opened.models.missing else "degraded" if ok else "down"
    body = {"status": status, "parts": parts, "versions": opened.models.versions()}
    return JSONResponse(body, 200 if ok else 503)


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request, opened: Opened) -> Response:
    """Prometheus text."""
    open_page(request, opened.settings)
    return Response(exposition(), media_type="text/plain; version=0.0.4")


@router.get("/v1/selftest")
def selftest(request: Request, opened: Opened) -> dict[str, Any]:
    """Ask canned questions of the running models and policy."""
    open_page(request, opened.settings)
    tickets = [Ticket(text=text) for text, _ in CANNED]
    routes = wiring.route_tickets(opened.models, opened.policy, tickets, datetime.now(UTC))
    checks = [
        {
            "question": text,
            "expected": expected,
            "got": route.category.path[0],
            "ok": route.category.path[0] == expected,
        }
        for (text, expected), route in zip(CANNED, routes, strict=True)
    ]
    return {"ok": all(check["ok"] for check in checks), "checks": checks}
