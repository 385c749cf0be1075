"""Door of the exports: facts as CSV, XLSX, Parquet or JSON lines for other programs, with a schema."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from api.auth import requires
from api.deps import Json, Opened
from api.errors import Problem, invalid
from api.forms import site_folder
from api.measured import counting, midnights
from api.metric_asks import Day, span_of
from api.settings import Settings
from api.store import Reader, observations
from api.store.keys import Grant
from nlp.metrics.export import Format, TooMany, schema, write
from nlp.metrics.observation import Kind, load_kinds
from nlp.parquet import MissingParquet

router = APIRouter(prefix="/v1/export", tags=["metrics"])

Reading = Annotated[Grant, requires("supervisor", "quality")]
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
KindCode = Annotated[str, Query(max_length=64)]


def _kind(settings: Settings, code: str) -> Kind:
    kinds = load_kinds(site_folder(settings)).kinds
    if code not in kinds:
        raise invalid("kind", f"没有种类 {code[:40]!r}", "|".join(kinds))
    return kinds[code]


def _drop(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


@router.get("/schema")
async def read_schema(opened: Opened, grant: Reading, kind: KindCode = "conversation") -> Json:
    """What the columns of an export mean; for conversations, one row is one conversation."""
    return schema(_kind(opened.settings, kind))


@router.get("", response_class=FileResponse)
async def export(
    opened: Opened,
    grant: Reading,
    kind: KindCode = "conversation",
    format: Format = "csv",
    from_: Annotated[Day, Query(alias="from")] = None,
    to: Day = None,
) -> FileResponse:
    """The facts of a kind of the days from `from` to `to`, masked, in order of time; a sheet holds 100,000 rows."""
    known = _kind(opened.settings, kind)
    first, last = span_of(opened, from_, to)
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="zuoxi-export-"))
    name = f"zuoxi-{kind}-{first}-{last}.{format}"
    try:
        span = midnights(first, last, ZoneInfo(opened.settings.timezone))

        def unit(reader: Reader) -> int:
            return write(
                format, folder / name, known, observations.between(reader, grant.tenant, kind, *span)
            )

        await counting(opened.store, unit)
    except MissingParquet as error:
        _drop(folder)
        raise invalid("format", str(error), "csv|xlsx|jsonl") from None
    except TooMany as error:
        _drop(folder)
        raise Problem("too_large", f"{error}：缩短时间段，或用 csv、parquet、jsonl") from None
    except BaseException:
        _drop(folder)
        raise
    return FileResponse(
        folder / name, media_type=TYPES[format], filename=name, background=BackgroundTask(_drop, folder)
    )
