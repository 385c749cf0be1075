"""What doors ask for: the service, the caller, idempotency."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse

from api.auth import requires
from api.errors import invalid
from api.service import Service
from api.store import Reader, Writer, decisions
from api.store.keys import Grant

Json = dict[str, Any]


def service(request: Request) -> Service:
    """What was opened at start."""
    opened: Service = request.app.state.service
    return opened


Opened = Annotated[Service, Depends(service)]
Anyone = Annotated[Grant, requires("bot", "agent", "supervisor", "quality", "editor")]
Bot = Annotated[Grant, requires("bot")]
AgentKey = Annotated[Grant, requires("agent")]
Supervisor = Annotated[Grant, requires("supervisor")]
Quality = Annotated[Grant, requires("quality")]
Editor = Annotated[Grant, requires("editor")]
Reading = Annotated[Grant, requires("bot", "editor")]
"""Knowledge is read by who serves with it and by who writes it."""
Overseer = Annotated[Grant, requires("supervisor", "quality")]
"""Who looks after quality: reads every report, audits, opens what follows."""
Admin = Annotated[Grant, requires("admin")]
IdempotencyKey = Annotated[str | None, Header(max_length=200)]


def within(opened: Service, field: str, text: str | None) -> None:
    """Refuse a text longer than the site takes. Raises 422 naming the field."""
    limit = opened.settings.text_limit
    if text is not None and len(text) > limit:
        raise invalid(field, "内容太长", f"至多 {limit} 个字符")


def acting(grant: Grant, by: str | None) -> str:
    """Who a record is by: the actor of the key; another value needs `admin`."""
    if by is None or by == grant.actor_id:
        return grant.actor_id
    if grant.scope != "admin":
        raise invalid("by", "只有 admin 钥匙可以代他人操作", grant.actor_id)
    return by


async def once(
    opened: Service, grant: Grant, key: str | None, content: Any, unit: Callable[[Writer], tuple[int, Json]]
) -> JSONResponse:
    """Run a unit of work that gives (status, reply) once for each Idempotency-Key, in one transaction with it."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()

    def guarded(writer: Writer) -> tuple[int, Json, bool]:
        known = None if key is None else decisions.replayed(Reader(writer), grant.tenant, key, digest)
        if known is not None:
            return *known, True
        status, reply = unit(writer)
        if key is not None:
            decisions.remember(writer, grant.tenant, key, digest, status, reply)
        return status, reply, False

    status, reply, replayed = await opened.store.awrite(guarded)
    return JSONResponse(reply, status, {"Idempotent-Replay": "true"} if replayed else None)
