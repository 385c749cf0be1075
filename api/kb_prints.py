"""Door of the handbook on paper: the pocket book, and the flow chart of a procedure."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from api.bodies import Moment
from api.deps import Opened, Reading
from api.errors import not_found
from api.store import Reader, entries
from kb import pocketbook
from kb.entries import Entry, Kind, Stage, from_json
from kb.flow import flow_of, mermaid, to_json
from kb.handbook import in_force

router = APIRouter(prefix="/v1/kb", tags=["kb"])
TITLE = "客服口袋书"
MEDIA = {"html": "text/html; charset=utf-8", "md": "text/markdown; charset=utf-8"}
LOCKED = "default-src 'none'; style-src 'unsafe-inline'"
PRINTED = {200: {"content": {"text/html": {}, "text/markdown": {}}, "description": "可打印的口袋书"}}


@router.get("/pocketbook", response_class=Response, responses=PRINTED)  # type: ignore[arg-type]
async def print_pocketbook(
    opened: Opened,
    grant: Reading,
    stage: Annotated[list[Stage] | None, Query()] = None,
    kind: Annotated[list[Kind] | None, Query()] = None,
    format: Literal["html", "md"] = "html",
    as_of: Moment | None = None,
) -> Response:
    """What is in force, by kind and stage, with the release it is of; the same release gives the same bytes."""
    knowledge = await asyncio.to_thread(opened.sites.at, grant.tenant, as_of)
    found = pocketbook.chosen(knowledge.entries.values(), as_of or datetime.now(UTC), kind or (), stage or ())
    stamp = f"版本 {knowledge.release} · 共 {len(found)} 条"
    if as_of is not None:
        stamp += f" · 截至 {as_of.isoformat()}"
    text = (pocketbook.html if format == "html" else pocketbook.markdown)(found, TITLE, stamp)
    safe = {"Content-Security-Policy": LOCKED, "X-Content-Type-Options": "nosniff"}
    return Response(text, media_type=MEDIA[format], headers={"X-Zuoxi-Release": knowledge.release, **safe})


@router.get("/entries/{entry_id:path}/flow", response_class=Response)
async def draw_flow(
    entry_id: str,
    opened: Opened,
    grant: Reading,
    format: Literal["mermaid", "json"] = "mermaid",
) -> Response:
    """The steps of an entry in force as a flow chart."""

    def unit(reader: Reader) -> list[Entry]:
        texts = entries.texts_of(reader, grant.tenant, [entry_id]).get(entry_id, [])
        return [from_json(raw) for raw in texts]

    texts = await opened.store.aread(unit)
    own = next((one for one in texts if one.id == entry_id), None)
    if own is None:
        raise not_found("知识条目", entry_id)
    flow = flow_of(in_force(texts, datetime.now(UTC)) or own)
    if format == "json":
        return JSONResponse({"entry_id": entry_id, **to_json(flow)})
    return PlainTextResponse(mermaid(flow))
