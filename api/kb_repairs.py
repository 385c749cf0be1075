"""Door of the repair queue: what an import could not take whole, to be mended or dismissed by a person."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import case_views, cases, repairs
from api.casework import Work, find
from api.deps import Editor, IdempotencyKey, Json, Opened, once
from api.store import Reader, Writer
from nlp.privacy import mask

router = APIRouter(prefix="/v1/kb/repairs", tags=["kb"])
Named = Annotated[str | None, Query(max_length=256)]


class RepairIn(BaseModel):
    """The whole mended text of the entry; title and the rest where they change or the file gave none."""

    text: str = Field(min_length=1, max_length=200_000, examples=["退款在验收后三个工作日内到账。"])
    title: str | None = Field(None, min_length=1, max_length=1_000)
    kind: str | None = Field(None, max_length=20)
    stage: str | None = Field(None, max_length=20)
    similar: list[str] | None = Field(None, max_length=1_000)
    effective_from: str | None = Field(None, max_length=40)
    effective_to: str | None = Field(None, max_length=40)
    revision: int | None = Field(None, ge=1)


class DismissIn(BaseModel):
    """Why nothing is to be mended."""

    reason: str = Field(min_length=1, max_length=2_000, examples=["原文如此"])
    revision: int | None = Field(None, ge=1)


@router.get("")
async def list_repairs(
    opened: Opened,
    work: Work,
    grant: Editor,
    state: Named = "open",
    file: Named = None,
    after: Named = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Repairs, newest first (`state=open|fixed|ignored`); `next` is the `after` of the next page."""

    def unit(reader: Reader) -> list[Any]:
        return case_views.listed(
            work, reader, grant, kind=repairs.KIND, state=state, subject=file, after=after, limit=limit
        )

    found = await opened.store.aread(unit)
    page = [repairs.shown(work, case, grant) for case in found]
    return {"repairs": page, "next": page[-1]["id"] if len(page) == limit else None}


@router.get("/{repair_id}")
async def read_repair(repair_id: str, opened: Opened, work: Work, grant: Editor) -> Json:
    """One repair with the entry that it stands in, as that reads now."""

    def unit(reader: Reader) -> Json:
        case = find(work, reader, grant, repair_id, repairs.KIND)
        return {**repairs.shown(work, case, grant), "entry": repairs.standing(reader, grant, case)}

    return await opened.store.aread(unit)


@router.post("/{repair_id}")
async def mend_repair(
    repair_id: str,
    body: RepairIn,
    opened: Opened,
    work: Work,
    grant: Editor,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Write the mended entry, by the site's way of publishing, and close the repair."""
    given = body.model_dump(exclude_none=True, exclude={"revision"})
    reviewed = opened.settings.publishing == "reviewed"

    def unit(writer: Writer) -> tuple[int, Json]:
        return 200, repairs.mend(
            work, writer, grant, repair_id, given, reviewed=reviewed, revision=body.revision
        )

    answer = await once(opened, grant, idempotency_key, ["repair", repair_id, body.model_dump()], unit)
    await asyncio.to_thread(opened.sites.refresh, grant.tenant)
    return answer


@router.post("/{repair_id}/dismiss")
async def dismiss_repair(repair_id: str, body: DismissIn, opened: Opened, work: Work, grant: Editor) -> Json:
    """Close a repair without mending anything; a new import of the same file does not open it again."""

    def unit(writer: Writer) -> Json:
        find(work, Reader(writer), grant, repair_id, repairs.KIND)
        fields = {"reason": mask(body.reason)}
        case = cases.move(work, writer, grant, repair_id, "ignore", fields=fields, revision=body.revision)
        return repairs.shown(work, case, grant)

    found: Json = await opened.store.awrite(unit)
    return found
