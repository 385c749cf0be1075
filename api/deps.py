"""What doors ask for: the service, the caller, idempotency."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse

from api.auth import requires
from api.errors import invalid
from api.service import Service
from api.store import Writer, decisions
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
Admin = Annotated[Grant, requires("admin")]
IdempotencyKey = Annotated[str | None, Header(max_length=200)]


def acting(grant: Grant, by: str | None) -> str:
    """Who a record is by: the actor of the key; another value needs `admin`."""
    if by is None or by == grant.actor_id:
        return grant.actor_id
    if grant.scope != "admin":
        raise invalid("by", "只有 admin 钥匙可以代他人操作", grant.actor_id)
    return by


async def once(
    opened: Service,
    grant: Grant,
    key: str | None,
    content: Any,
    effect: Callable[[Callable[[Writer, int, Json], None]], Awaitable[tuple[int, Json]]],
) -> JSONResponse:
    """Run `effect` once for each Idempotency-Key. It is handed `keep`, to be called in its transaction."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
    if key is not None:
        known = await opened.store.aread(lambda reader: decisions.replayed(reader, grant.tenant, key, digest))
        if known is not None:
            return JSONResponse(known[1], known[0], {"Idempotent-Replay": "true"})

    def keep(writer: Writer, status: int, reply: Json) -> None:
        if key is not None:
            decisions.remember(writer, grant.tenant, key, digest, status, reply)

    status, reply = await effect(keep)
    return JSONResponse(reply, status)
