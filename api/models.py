"""Door of the models: what the shadow has shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.deps import Json, Opened, Supervisor
from api.shadow import Shadow
from api.shadow_report import Pair, report

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("/shadow")
async def read_shadow(
    request: Request,
    opened: Opened,
    grant: Supervisor,
    version: Annotated[str | None, Query(max_length=100, description="影子版本；缺省为设置里的")] = None,
    days: Annotated[int, Query(ge=1, le=400)] = 30,
) -> Json:
    """How often the shadow model agrees with the one in use, where it does not, and who was right."""
    shadow: Shadow = request.app.state.shadow
    state = "off" if opened.settings.shadow is None else "on" if shadow.model else "unavailable"
    told: Json = {"state": state, "why": shadow.why, "waiting": shadow.waiting, "dropped": shadow.dropped}
    name = version or opened.settings.shadow
    if name is None:
        return told
    intent = opened.models.intent
    pair = Pair(f"intent/{name}", "" if intent is None else intent.version)
    since = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
    tree = opened.policy.taxonomy
    return told | await opened.store.aread(lambda reader: report(reader, grant.tenant, pair, since, tree))
