"""Who is asking: bearer keys, scopes, and what a scope may do."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from fastapi import Depends, Request

from api.errors import Problem
from api.limits import Rate
from api.store import Store
from api.store.keys import Grant, Scope, digest, find

COVERS: dict[Scope, frozenset[Scope]] = {
    "bot": frozenset({"bot"}),
    "agent": frozenset({"bot", "agent"}),
    "supervisor": frozenset({"bot", "agent", "supervisor"}),
    "quality": frozenset({"quality"}),
    "editor": frozenset({"editor"}),
    "admin": frozenset({"bot", "agent", "supervisor", "quality", "editor", "admin"}),
}
"""Every scope and the scopes it stands in for."""

REMEMBERED_FOR = 2.0
"""Seconds a looked-up key is trusted: the longest a revoked key still opens a door."""
REMEMBERED = 4096


class Doorman:
    """Looks keys up, remembers them briefly, counts their requests."""

    def __init__(self, store: Store, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._rate, self._clock = store, rate, clock
        self._known: OrderedDict[str, tuple[float, Grant]] = OrderedDict()

    async def admit(self, header: str | None) -> Grant:
        """The grant of `Authorization: Bearer <key>`. Raises Problem 401 or 429."""
        kind, _, secret = (header or "").partition(" ")
        secret = secret.strip()
        if kind.lower() != "bearer" or not secret or len(secret) > 256:
            raise Problem("unauthorized", "请带上请求头 Authorization: Bearer <钥匙>")
        name = digest(secret)
        known = self._known.get(name)
        if known is not None and self._clock() - known[0] < REMEMBERED_FOR:
            grant = known[1]
        else:
            found = await self._store.aread(lambda reader: find(reader, secret))
            if found is None:
                self._known.pop(name, None)
                raise Problem("unauthorized", "钥匙无效、已过期或已吊销")
            grant = found
            self._known[name] = (self._clock(), grant)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._rate.check(grant.key_id, time.time)
        return grant


def page_secret(request: Request) -> str | None:
    """The bearer value of a signed-in page: its cookie, trusted only beside a header no other site can set."""
    page = request.headers.get("x-zuoxi-page")
    secret = request.cookies.get(f"zuoxi_{page}") if page else None
    return None if secret is None else f"Bearer {secret}"


def requires(*scopes: Scope) -> Any:
    """A dependency: the caller's grant, if its scope covers one of `scopes`; else 403."""

    async def dependency(request: Request) -> Grant:
        doorman: Doorman = request.app.state.doorman
        grant = await doorman.admit(request.headers.get("authorization") or page_secret(request))
        if not COVERS[grant.scope] & set(scopes):
            raise Problem("forbidden", f"钥匙的权限是 {grant.scope}，此处需要 {' 或 '.join(scopes)}")
        return grant

    return Depends(dependency)
