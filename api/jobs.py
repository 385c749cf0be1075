"""Door of the background scoring: upload a file of transcripts, follow it, fetch the results."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse, JSONResponse

from api import wiring
from api.bodies import Moment
from api.deps import IdempotencyKey, Json, Opened, Quality, once
from api.errors import Problem, invalid, not_found
from api.forms import CODE, form_of
from api.settings import Settings
from api.store import Writer, jobs
from api.worker import INPUT, RESULTS, SHEET, Worker, forget_input
from nlp.batch.differ import difference
from nlp.batch.outputs import COMMAS, TABLE, write_beside
from nlp.parquet import MissingParquet

router = APIRouter(prefix="/v1/quality/jobs", tags=["quality"])

SUFFIXES = (
    *(".jsonl", ".jsonl.gz", ".jsonl.xz", ".jsonl.zst", ".json", ".json.gz", ".json.xz", ".json.zst"),
    *(".txt", ".csv", ".xlsx", ".parquet"),
)
TYPES = {
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/gzip": ".jsonl.gz",
    "application/x-xz": ".jsonl.xz",
    "application/zstd": ".jsonl.zst",
    "application/vnd.apache.parquet": ".parquet",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
Source = Literal["aliyun", "contact-lens", "genesys", "asr"]
AHEAD = timedelta(days=31)
"""How long an upload may wait for its time: it is kept as it came until it is scored."""
MEDIA = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


def folder_of(settings: Settings, identity: str) -> Path:
    """Where a job keeps its input and its results."""
    return settings.data / "jobs" / identity


def _suffix(name: str, kind: str) -> str:
    """How the input is read: by its name, else by its content type. Raises 415."""
    lowered = name.lower()
    named = [suffix for suffix in SUFFIXES if lowered.endswith(suffix)]
    suffix = max(named, key=len) if named else TYPES.get(kind)
    if suffix is None:
        accepted = f"扩展名 {'、'.join(SUFFIXES)}，或类型 {'、'.join(TYPES)}"
        raise Problem(
            "unsupported_media_type", f"file: 请用 multipart 字段 file，或原样的请求体；接受{accepted}"
        )
    return suffix


def _kind(value: str | None) -> str:
    return (value or "").partition(";")[0].strip().lower()


async def _upload(request: Request, file: UploadFile | None) -> tuple[str, bytes]:
    """Suffix and content of an upload in either form. Raises 415, or 422 for an empty one."""
    if file is not None:
        suffix, content = _suffix(file.filename or "", _kind(file.content_type)), await file.read()
    else:
        kind = _kind(request.headers.get("content-type"))
        if kind == "multipart/form-data":
            raise invalid("file", "缺少必填字段", "multipart 字段 file")
        suffix, content = _suffix("", kind), await request.body()
    if not content.strip():
        raise invalid("file", "内容为空", "非空文件")
    return suffix, content


def _keep(folder: Path, suffix: str, content: bytes) -> None:
    folder.mkdir(parents=True)
    with (folder / f"{INPUT}{suffix}").open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@router.post("", status_code=202)
async def create_job(
    request: Request,
    opened: Opened,
    grant: Quality,
    file: UploadFile | None = None,
    form: Annotated[str | None, Form(pattern=CODE)] = None,
    form_code: Annotated[str | None, Query(alias="form", pattern=CODE)] = None,
    source: Annotated[Source | None, Form()] = None,
    source_name: Annotated[Source | None, Query(alias="source")] = None,
    as_of: Moment | None = None,
    start_at: Moment | None = None,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Queue a file of transcripts for scoring with a form; `source` names the system it was exported from.

    With `start_at` it waits until then: at night, when nobody calls.
    """
    if start_at is not None and start_at > datetime.now(UTC) + AHEAD:
        raise invalid("start_at", "太远", f"至多 {AHEAD.days} 天以后")
    code = form or form_code or "standard"
    system = source or source_name or ""
    form_of(opened.settings, grant.tenant, code, as_of)
    suffix, content = await _upload(request, file)
    identity = wiring.new_id("jb")
    folder = folder_of(opened.settings, identity)
    await asyncio.to_thread(_keep, folder, suffix, content)
    given = {"job": "quality", "sha256": hashlib.sha256(content).hexdigest(), "form": code, "as_of": as_of}
    given |= {"source": system} if system else {}
    given |= {"start_at": start_at} if start_at else {}
    data: Json = {
        "form": code,
        "as_of": as_of.isoformat() if as_of else None,
        "input": f"{INPUT}{suffix}",
        "bytes": len(content),
        "source": system,
        "start_at": start_at.isoformat() if start_at else None,
    }

    def unit(writer: Writer) -> tuple[int, Json]:
        start = start_at.timestamp() if start_at else None
        jobs.add(writer, grant.tenant, identity, "quality", data, grant.actor_id, start)
        return 202, {"id": identity, "state": "queued", "form": code, "done": 0, "total": None, "eta": None}

    answer = await once(opened, grant, idempotency_key, given, unit)
    told = json.loads(bytes(answer.body))["id"]
    if told != identity:  # answered from an earlier request: its own input is there already
        await asyncio.to_thread(shutil.rmtree, folder, True)
    worker: Worker = request.app.state.worker
    worker.wake()
    answer.headers["Location"] = f"/v1/quality/jobs/{told}"
    return answer


def shown(job: Json) -> Json:
    """A job as clients see it; `eta` in seconds while it runs."""
    eta = None
    if job["state"] == "running" and job["done"] and job["total"]:
        spent = (datetime.now(UTC) - datetime.fromisoformat(job["started_at"])).total_seconds()
        eta = round(spent * (job["total"] - job["done"]) / job["done"], 1)
    names = ("id", "state", "done", "total", "error", "by", "created_at", "started_at", "finished_at")
    told = {name: job[name] for name in names}
    given = {
        "form": job["data"]["form"],
        "as_of": job["data"]["as_of"],
        "source": job["data"].get("source", ""),
        "start_at": job["data"].get("start_at"),
    }
    return {**told, "eta": eta, **given}


async def _job(opened: Opened, tenant: str, identity: str) -> Json:
    job = await opened.store.aread(lambda reader: jobs.get(reader, tenant, identity))
    if job is None:
        raise not_found("任务", identity)
    return job


@router.get("")
async def list_jobs(opened: Opened, grant: Quality, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Json:
    """Jobs, newest first."""
    found = await opened.store.aread(lambda reader: jobs.listed(reader, grant.tenant, limit))

    def told() -> list[Json]:
        return [shown(job) | _counts(_summary(folder_of(opened.settings, job["id"]))) for job in found]

    return {"jobs": await asyncio.to_thread(told)}


@router.get("/{job_id}")
async def read_job(job_id: str, opened: Opened, grant: Quality) -> Json:
    """State and progress of a job; its summary when it is done."""
    job = await _job(opened, grant.tenant, job_id)
    summary = await asyncio.to_thread(_summary, folder_of(opened.settings, job_id))
    told = shown(job) | _counts(summary)
    if job["state"] == "done":
        told["summary"] = summary
    return told


def _counts(summary: Any) -> Json:
    """How many were scored and how many refused; null until that is known."""
    return {name: (summary or {}).get(name) for name in ("scored", "refused")}


def _summary(folder: Path) -> Any:
    try:
        return json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


@router.get("/{job_id}/results", response_class=Response)
async def job_results(
    job_id: str, opened: Opened, grant: Quality, format: Literal["jsonl", "csv", "xlsx", "parquet"] = "jsonl"
) -> Response:
    """Results in input order."""
    job = await _job(opened, grant.tenant, job_id)
    if job["state"] != "done":
        raise Problem("conflict", f"任务状态是 {job['state']}，完成（done）后才有结果")
    folder = folder_of(opened.settings, job_id)
    path = folder / (SHEET if format == "xlsx" else RESULTS)
    if not path.is_file():
        raise not_found("任务结果", job_id)
    if format in ("csv", "parquet"):
        path = await asyncio.to_thread(_made, folder, COMMAS if format == "csv" else TABLE)
    return FileResponse(path, media_type=MEDIA[format], filename=f"{job_id}.{format}")


@router.get("/{job_id}/diff")
async def job_diff(
    job_id: str, opened: Opened, grant: Quality, to: Annotated[str, Query(min_length=1, max_length=64)]
) -> Json:
    """What another job scored otherwise: items, grades, and the transcripts whose grade changed."""
    places = []
    for identity in (job_id, to):
        job = await _job(opened, grant.tenant, identity)
        path = folder_of(opened.settings, job["id"]) / RESULTS
        if job["state"] != "done" or not path.is_file():
            raise Problem("conflict", f"任务 {identity} 的状态是 {job['state']}，完成（done）后才有结果")
        places.append(path)
    found = await asyncio.to_thread(difference, *places)
    return found.to_json()


def _made(folder: Path, name: str) -> Path:
    """The results in another form, made when they are first asked for. Raises 503 where an extra is missing."""
    if (folder / name).is_file():
        return folder / name
    try:
        return write_beside(folder, name)
    except MissingParquet as error:
        raise Problem("unavailable", str(error)) from None


@router.delete("/{job_id}")
async def cancel_job(job_id: str, opened: Opened, grant: Quality) -> Json:
    """Cancel a job that has not ended."""
    state = await opened.store.awrite(lambda writer: jobs.cancel(writer, grant.tenant, job_id))
    if state is None:
        raise not_found("任务", job_id)
    if state == "cancelled":
        await asyncio.to_thread(forget_input, opened.settings, job_id)
    if state in ("done", "failed"):
        raise Problem("conflict", f"任务状态是 {state}，已经结束")
    return {"id": job_id, "state": state}
