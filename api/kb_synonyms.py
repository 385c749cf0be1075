"""Door of a site's synonyms: read with the shipped list, replaced as a whole, each list a release of its own."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.deps import Editor, Json, Opened
from api.publishing import publish
from api.store import Reader, Writer, entries, lexicons
from kb.synonyms import MOST_LINES, read, shipped

router = APIRouter(prefix="/v1/kb/synonyms", tags=["kb"])


class SynonymsIn(BaseModel):
    """The site's whole list: groups of words, and one-way lines."""

    synonyms: list[Any] = Field(
        max_length=MOST_LINES, examples=[[["退货", "退掉", "不要了"], "想把钱要回来=>退款"]]
    )
    note: str = Field("", max_length=2000)


@router.get("")
async def read_synonyms(opened: Opened, grant: Editor) -> Json:
    """The site's list, the release it came with, and the shipped list it is laid over."""

    def unit(reader: Reader) -> lexicons.Kept | None:
        head = entries.head(reader, grant.tenant)
        return None if head is None else lexicons.at(reader, grant.tenant, head.seq)

    kept = await opened.store.aread(unit)
    knowledge = opened.sites.knowledge(grant.tenant)
    return {
        "synonyms": [] if kept is None else kept.lines,
        "release": None if kept is None else kept.release,
        "at": None if kept is None else kept.at,
        "by": None if kept is None else kept.by,
        "version": knowledge.lexicon.version,
        "shipped": list(shipped()[1]),
    }


@router.put("")
async def replace_synonyms(body: SynonymsIn, opened: Opened, grant: Editor) -> Json:
    """Replace the list; search and suggestions follow at once, whatever the publishing setting."""
    read(body.synonyms)

    def unit(writer: Writer) -> str:
        note = body.note.strip() or f"同义词 {len(body.synonyms)} 行"
        release = publish(writer, grant.tenant, {}, frozenset(), by=grant.actor_id, note=note)
        lexicons.put(writer, grant.tenant, release.seq, body.synonyms)
        return release.name

    name = await opened.store.awrite(unit)
    await asyncio.to_thread(opened.sites.refresh, grant.tenant)
    version = opened.sites.knowledge(grant.tenant).lexicon.version
    return {"release": name, "lines": len(body.synonyms), "version": version}
