"""The background worker inside the service: leases jobs, scores them in a process of its own, stores the results.

A job's process is spawned, so that the event loop stays quick and a cancelled job ends at once. What was
scored is loaded idempotently, and a lease that ran out is taken over, so a killed service loses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from api import scoring, stored
from api.casework import Casework
from api.forms import form_of, freeze
from api.grounds import Grounds
from api.published import frozen
from api.scoring import INPUT, RESULTS, SHEET, TRANSCRIPTS
from api.service import Service
from api.settings import Settings
from api.store import StoreBusy, Writer, jobs
from api.store.jobs import Lease
from api.telemetry import log
from nlp.quality.form import FormError

__all__ = ["INPUT", "RESULTS", "SHEET", "Worker", "forget_input"]

HISTORY = "history"
IDLE_SECONDS = 1.0
LOOK_SECONDS = 0.1
BEAT_SECONDS = 1.0
CHUNK = 200


class Worker:
    """Runs the jobs of every tenant, one at a time."""

    def __init__(self, opened: Service, work: Casework) -> None:
        self._opened, self._cases = opened, work
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """A job was queued."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled; a running job is then given back."""
        while True:
            self._woken.clear()
            try:
                lease = await self._take()
                if lease is not None:
                    await self._work(lease)
                    continue
            except Exception as error:  # the worker outlives a bad job and a busy store
                log.error("worker", why=f"{type(error).__name__}: {error}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), IDLE_SECONDS)

    async def _take(self) -> Lease | None:
        store = self._opened.store
        return await store.awrite(jobs.take) if await store.aread(jobs.waiting) else None

    async def _work(self, lease: Lease) -> None:
        try:
            task = await asyncio.to_thread(self._task, lease)
        except (FormError, KeyError, ValueError) as error:
            await self._finish(lease, "failed", str(error))
            return
        process = multiprocessing.get_context("spawn").Process(target=scoring.run, args=(task,), daemon=True)
        await asyncio.to_thread(process.start)
        try:
            ended = await self._follow(lease, process, Path(task.folder))
            if ended:
                await self._conclude(lease, process.exitcode, Path(task.folder))
        except asyncio.CancelledError:
            process.kill()
            await asyncio.shield(self._opened.store.awrite(lambda writer: jobs.release(writer, lease)))
            raise
        finally:
            process.kill()
            await asyncio.to_thread(process.join)

    def _task(self, lease: Lease) -> scoring.Task:
        """What the job is scored by, frozen beside it the first time it is taken."""
        settings, data = self._opened.settings, lease.data
        as_of = None if data["as_of"] is None else datetime.fromisoformat(data["as_of"])
        folder = (settings.data / "jobs" / lease.id).resolve()
        policy = folder / "policy"
        if not policy.is_dir():
            _, source = form_of(settings, lease.tenant, data["form"], as_of)
            freeze(settings, source, policy)
        models = None if settings.models is None else str(settings.models.resolve())
        history = next((folder / HISTORY).glob("*.jsonl"), None) or frozen(
            self._opened.store, lease.tenant, settings.data, folder / HISTORY
        )
        return scoring.Task(
            folder=str(folder),
            input=data["input"],
            form=data["form"],
            policy=str(policy),
            models=models,
            as_of=data["as_of"],
            source=data.get("source", ""),
            grounds=Grounds(str(history), str(policy), models, settings.encoder, settings.encoder_threads),
        )

    async def _follow(self, lease: Lease, process: SpawnProcess, folder: Path) -> bool:
        """Wait for the process, beating; False when the job is no longer ours."""
        loop = asyncio.get_running_loop()
        beaten = 0.0
        while process.is_alive():
            await asyncio.sleep(LOOK_SECONDS)
            if loop.time() - beaten >= BEAT_SECONDS:
                beaten = loop.time()
                if not await self._beat(lease, folder):
                    return False
        return await self._beat(lease, folder)

    async def _beat(self, lease: Lease, folder: Path) -> bool:
        done, total = await asyncio.to_thread(scoring.progress, folder)
        return await self._opened.store.awrite(lambda writer: jobs.beat(writer, lease, done, total))

    async def _conclude(self, lease: Lease, code: int | None, folder: Path) -> None:
        if code != 0:
            why = await asyncio.to_thread(scoring.failure, folder)
            await self._finish(lease, "failed", why or f"评分进程异常退出（{code}）")
            return
        try:
            await self._load(lease, folder)
        except (ValueError, KeyError) as error:  # trying again would end the same way
            log.error("worker", job=lease.id, why=type(error).__name__)
            await self._finish(lease, "failed", f"结果无法存入（{type(error).__name__}）")
            return
        await self._finish(lease, "done")

    async def _load(self, lease: Lease, folder: Path) -> None:
        rows, spans = _rows(folder), stored.Spans(self._opened)
        while part := await asyncio.to_thread(lambda: list(islice(rows, CHUNK))):
            spans.add(result for result, _, _ in part)
            promises = await asyncio.to_thread(stored.promises_of, self._opened, self._cases, part)

            def unit(writer: Writer, part: list[Any] = part, promises: stored.Promises = promises) -> None:
                stored.keep(self._cases, self._opened, writer, lease.tenant, part, promises)

            await self._patiently(unit)
        for agent, span in spans.agents.items():

            def after(writer: Writer, agent: str = agent, span: stored.Span = span) -> None:
                stored.follow(self._cases, self._opened, writer, lease.tenant, agent, span)

            await self._patiently(after)

    async def _patiently(self, unit: Callable[[Writer], None]) -> None:
        while True:
            try:
                return await self._opened.store.awrite(unit)
            except StoreBusy:  # requests come first
                await asyncio.sleep(LOOK_SECONDS)

    async def _finish(self, lease: Lease, state: str, error: str | None = None) -> None:
        if await self._opened.store.awrite(lambda writer: jobs.finish(writer, lease, state, error)):
            await asyncio.to_thread(forget_input, self._opened.settings, lease.id)


def forget_input(settings: Settings, identity: str) -> None:
    """A job that has ended needs its input no more, and nobody masked what stands in it; nor what was published."""
    shutil.rmtree(settings.data / "jobs" / identity / HISTORY, ignore_errors=True)
    if not settings.keep_raw_text:
        for path in (settings.data / "jobs" / identity).glob(f"{INPUT}.*"):
            path.unlink(missing_ok=True)


def _rows(folder: Path) -> Iterator[tuple[dict[str, Any], str | None, dict[str, Any]]]:
    """Results with their agents and transcripts. Raises ValueError where the two files do not go together."""
    with (
        (folder / RESULTS).open(encoding="utf-8") as file,
        (folder / TRANSCRIPTS).open(encoding="utf-8") as kept,
    ):
        for line, told in zip(file, kept, strict=True):
            result, transcript = json.loads(line), json.loads(told)
            if result["transcript_id"] != transcript["id"]:
                raise ValueError(transcript["id"])
            agent = result.get("agent")
            yield result, agent.get("id") if isinstance(agent, dict) else agent, transcript
