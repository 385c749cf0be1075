"""Door of the import: a file of knowledge comes in, the report of what was made of it goes out."""

from __future__ import annotations

import asyncio
from pathlib import PurePath
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, UploadFile

from api import imports
from api.casework import Casework, Work
from api.deps import Editor, Json, Opened
from api.errors import Problem, invalid
from api.service import Service
from api.store import Reader, Writer
from api.store import imports as files
from api.store.keys import Grant
from kb.ingest import FileRefused, Ingested, read_entries
from kb.ingest.repeated import repeated_lines

router = APIRouter(prefix="/v1/kb", tags=["kb"])
SUFFIX = {
    "text/csv": ".csv",
    "application/json": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/html": ".html",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
DOCUMENTS = (".md", ".markdown", ".txt", ".html", ".htm", ".docx", ".pdf")
AT_ONCE = 2
"""Files read at once: each takes a core and memory of its own, and requests come first."""


@router.post("/import")
async def import_file(
    request: Request,
    opened: Opened,
    work: Work,
    grant: Editor,
    file: UploadFile | None = None,
    name: Annotated[str | None, Query(max_length=200)] = None,
    vanished: Literal["keep", "withdraw"] = "keep",
) -> Json:
    """Import a file (multipart field `file`, or the raw body with its type and `?name=`); answers with the report.

    The same name again is an update. `vanished=withdraw` takes back what the file no longer holds.
    """
    given, content = await uploaded(request, file)
    told = PurePath(name or given).name
    known = told if name or file is not None else None  # a body without a name is no version of anything
    if vanished == "withdraw" and known is None:
        raise invalid("vanished", "没有文件名，不知道上次导入了什么", "multipart 字段 file，或 ?name=文件名")
    async with request.app.state.reading:
        ingested = await asyncio.to_thread(read, opened, grant.tenant, told, content, known)
    return await take(opened, work, grant, known, ingested, withdraw=vanished == "withdraw")


def read(opened: Service, tenant: str, name: str, content: bytes, known: str | None) -> Ingested:
    """Read a file beside what the site already has. Raises 422 for one that cannot be read."""
    repeated: frozenset[str] = frozenset()
    if PurePath(name).suffix.lower() in DOCUMENTS:
        own = opened.store.read(lambda reader: _own(reader, tenant, known))
        others = (one for one in opened.sites.knowledge(tenant).entries.values() if one.id not in own)
        repeated = repeated_lines(others)
    try:
        return read_entries(name, content, repeated=repeated)
    except FileRefused as error:
        raise invalid("file", error.message, error.accepted) from None


def _own(reader: Reader, tenant: str, file: str | None) -> frozenset[str]:
    rows = {} if file is None else files.remembered(reader, tenant, file)
    return frozenset(row.entry_id for row in rows.values())


async def take(
    opened: Service, work: Casework, grant: Grant, file: str | None, ingested: Ingested, *, withdraw: bool
) -> Json:
    """Write what was read, by the site's way of publishing; searchable when this returns."""
    reviewed = opened.settings.publishing == "reviewed"

    def unit(writer: Writer) -> Json:
        given = [(file, ingested)]
        return imports.take(work, writer, grant, given, withdraw=withdraw, reviewed=reviewed)

    reply: Json = await opened.store.awrite(unit)
    await asyncio.to_thread(opened.sites.refresh, grant.tenant)
    told = reply.pop("files")[0]
    return {**told, **reply}


async def uploaded(request: Request, file: UploadFile | None) -> tuple[str, bytes]:
    """Name and content of an upload in either form. Raises 415 for a body whose type says nothing."""
    if file is not None:
        return file.filename or "upload", await file.read()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        raise invalid("file", "缺少必填字段", "multipart 字段 file，带文件名")
    if kind not in SUFFIX:
        accepted = "、".join(SUFFIX)
        raise Problem(
            "unsupported_media_type", f"file: 请用 multipart 字段 file，或以下类型的请求体：{accepted}"
        )
    content = await request.body()
    if not content:
        raise invalid("file", "内容为空", "非空文件")
    return "upload" + SUFFIX[kind], content
