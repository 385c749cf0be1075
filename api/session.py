"""Signing a page in: the key moves into an HttpOnly, SameSite=Strict cookie, never into an address or a script.

A cookie counts only together with the header `X-Zuoxi-Page`, which another site cannot set.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from api.auth import COVERS, Doorman, page_secret
from api.errors import Problem
from api.store.keys import Grant, Scope

router = APIRouter(prefix="/session", tags=["pages"], include_in_schema=False)

NEEDS: dict[str, tuple[Scope, ...]] = {
    "desk": ("agent",),
    "supervisor": ("supervisor", "quality", "editor"),
    "widget": ("agent",),
}
"""The scopes each page works with: any of them opens it, and it shows what that scope may do."""

MAX_AGE = 12 * 3600


class SignIn(BaseModel):
    """A pasted key."""

    key: str = Field(min_length=8, max_length=256)


def page_of(request: Request) -> str:
    """The page that asks. Raises 403 where the header is missing: another site is asking."""
    page = request.headers.get("x-zuoxi-page", "")
    if page not in NEEDS:
        raise Problem("forbidden", "缺少请求头 X-Zuoxi-Page")
    return page


def set_cookie(response: Response, page: str, secret: str) -> None:
    """Hand the page its key."""
    response.set_cookie(f"zuoxi_{page}", secret, max_age=MAX_AGE, httponly=True, samesite="strict", path="/")


async def known(request: Request, header: str | None) -> Grant | None:
    """Who a key belongs to; None where it opens nothing (any more)."""
    doorman: Doorman = request.app.state.doorman
    try:
        return await doorman.admit(header)
    except Problem:
        return None


def opens(grant: Grant, page: str) -> bool:
    """Whether the page works with the key."""
    return not COVERS[grant.scope].isdisjoint(NEEDS[page])


def _person(grant: Grant) -> dict[str, Any]:
    """Who is signed in, and which scopes the page may act in."""
    return {"scope": grant.scope, "covers": sorted(COVERS[grant.scope]), "actor": grant.actor}


@router.get("")
async def state(request: Request) -> dict[str, Any]:
    """Whether the page's cookie still opens its doors."""
    page = page_of(request)
    grant = await known(request, page_secret(request))
    if grant is None:
        return {"signed_in": False}
    return {"signed_in": opens(grant, page), **_person(grant)}


@router.post("")
async def sign_in(body: SignIn, request: Request, response: Response) -> dict[str, Any]:
    """Check a pasted key and keep it in the page's cookie."""
    page = page_of(request)
    doorman: Doorman = request.app.state.doorman
    grant = await doorman.admit(f"Bearer {body.key}")
    if not opens(grant, page):
        raise Problem("forbidden", f"这把钥匙的权限是 {grant.scope}，此页需要 {' 或 '.join(NEEDS[page])}")
    set_cookie(response, page, body.key)
    return {"signed_in": True, **_person(grant)}


@router.delete("", status_code=204)
async def sign_out(request: Request, response: Response) -> None:
    """Forget the key."""
    response.delete_cookie(f"zuoxi_{page_of(request)}", path="/")
