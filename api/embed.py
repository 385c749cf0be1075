"""Door of the embed tokens: short-lived keys for pages that stand inside other systems."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.auth import COVERS
from api.deps import Bot, Json, Opened
from api.errors import Problem
from api.store import Writer, keys

router = APIRouter(prefix="/v1/embed-tokens", tags=["pages"])

LONGEST = 12 * 3600


class ActorIn(BaseModel):
    """Who will act with the token."""

    id: str = Field(min_length=1, max_length=128)
    name: str | None = Field(None, max_length=128)
    team: str | None = Field(None, max_length=128)
    roles: list[str] = Field(default_factory=list, max_length=20)


class EmbedIn(BaseModel):
    """What the token may do, for whom, for how many seconds."""

    scope: Literal["bot", "agent"]
    actor: ActorIn | None = None
    lifetime: int = Field(3600, ge=60, le=LONGEST)


@router.post("", status_code=201)
async def create_token(body: EmbedIn, opened: Opened, grant: Bot) -> Json:
    """Make a token that covers no more than the key that asks; it cannot make another one."""
    if grant.key_id.startswith(keys.EMBED):
        raise Problem("forbidden", "嵌入令牌不能再签发令牌")
    if body.scope not in COVERS[grant.scope]:
        raise Problem("forbidden", f"钥匙的权限是 {grant.scope}，不能签发 {body.scope} 令牌")
    actor: Json = dict(grant.actor) if body.actor is None else body.actor.model_dump(exclude_none=True)
    # Only what an agent does is recorded under their name: a visitor's token may carry any.
    if body.scope == "agent" and actor["id"] != grant.actor_id and grant.scope != "admin":
        raise Problem("forbidden", "只有 admin 钥匙可以为他人签发 agent 令牌")
    lifetime = timedelta(seconds=body.lifetime)

    def unit(writer: Writer) -> str:
        return keys.create(writer, grant.tenant, body.scope, actor, lifetime, keys.EMBED)

    token = await opened.store.awrite(unit)
    expires = (datetime.now(UTC) + lifetime).isoformat(timespec="seconds")
    return {"token": token, "scope": body.scope, "actor": actor, "expires_at": expires}
