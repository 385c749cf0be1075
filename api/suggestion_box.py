"""Door of the anonymous box: a text and its day, nothing of who wrote it."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.casework import Work
from api.deps import AgentKey, Json, Opened, Supervisor
from api.store import anonymous
from nlp.privacy import mask

router = APIRouter(prefix="/v1/suggestion-box", tags=["quality"])


class NoteIn(BaseModel):
    """What somebody wants to say."""

    text: str = Field(min_length=1, max_length=4000)


@router.post("", status_code=201)
async def drop_in(body: NoteIn, opened: Opened, work: Work, grant: AgentKey) -> Json:
    """Drop a note in. Kept: the text, masked, and the day. The answer names nothing to come back with."""
    day = work.clock().astimezone(ZoneInfo(opened.settings.timezone)).date().isoformat()
    text = mask(body.text)
    await opened.store.awrite(lambda writer: anonymous.drop_in(writer, grant.tenant, day, text))
    return {"kept": True}


@router.get("")
async def read_box(
    opened: Opened, grant: Supervisor, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> Json:
    """What was dropped in, newest day first."""
    return {"notes": await opened.store.aread(lambda reader: anonymous.listed(reader, grant.tenant, limit))}
