"""What a job's own process does: score a file of transcripts, telling how far it is. Imports no web, no database."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import wait
from pathlib import Path

from api.grounds import Grounds
from nlp.batch.on_processes import EngineError
from nlp.batch.plan import Setting
from nlp.batch.run import json_line
from nlp.batch.score import BusyError, score_files
from nlp.quality.form import FormError
from nlp.quality.kept import keep
from nlp.readers import ReadError, read_rows, read_transcripts
from nlp.transcript import Transcript

INPUT = "input"
RESULTS, SHEET, TRANSCRIPTS = "results.jsonl", "results.xlsx", "transcripts.jsonl"
PROGRESS, FAILURE = "progress", "failure"
ROWS = 100
"""Transcripts of a shard: how fine the progress is, and how much a killed service scores again."""
TOLD_SECONDS = 0.3
NICE = 5
"""Live turns come first."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to score: plain values, so that it crosses to a spawned process."""

    folder: str
    input: str
    form: str
    policy: str
    models: str | None
    as_of: str | None
    source: str = ""
    grounds: Grounds | None = None


def run(task: Task) -> None:
    """Score the task's input into its folder. Exits 1 with the reason in a file when it cannot."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(NICE)
    folder = Path(task.folder)
    source = folder / task.input
    setting = Setting(
        form=task.form,
        folder=Path(task.policy),
        as_of=None if task.as_of is None else datetime.fromisoformat(task.as_of),
        models=None if task.models is None else Path(task.models),
        source=task.source,
        grounds=task.grounds,
    )
    told = 0.0
    try:
        (folder / FAILURE).unlink(missing_ok=True)
        total = sum(1 for _ in read_rows(source, task.source))

        def tell(done: int, _: int | None) -> None:
            nonlocal told
            if done == total or time.monotonic() - told > TOLD_SECONDS:
                told = time.monotonic()
                _write(folder / PROGRESS, json.dumps([done, total]))

        tell(0, total)
        summary = score_files([source], folder, setting, workers=1, progress=tell, rows=ROWS)
        if summary.refused and not summary.scored:
            first = summary.problems[0]
            raise ReadError(
                f"全部 {summary.refused} 行都被拒收；第 {first['line']} 行："
                f"{first['field']}：{first['message']}（应为：{first['accepted']}）"
            )
        _keep(source, task.source, folder / TRANSCRIPTS)
        told = 0.0
        tell(total, total)
    except (ReadError, FormError, EngineError, BusyError, OSError) as error:
        # the reader names the file by its place here, which means nothing to who uploaded it
        _write(folder / FAILURE, str(error).replace(f"{source}：", "文件："))
        raise SystemExit(1) from None


def _keep(source: Path, system: str, target: Path) -> None:
    """The transcripts that were scored as they may be kept, in the order of their results."""
    beside = target.with_suffix(".part")
    with beside.open("wb") as file:
        for found in read_transcripts(source, system):
            if isinstance(found, Transcript):
                file.write(json_line(keep(found)))
    beside.replace(target)


def _end_with_parent() -> None:
    """A killed service must leave no process behind that writes into a job another one took over."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _write(path: Path, text: str) -> None:
    beside = path.with_suffix(".part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def progress(folder: Path) -> tuple[int, int | None]:
    """Transcripts done and, once counted, their total."""
    with contextlib.suppress(OSError, ValueError):
        done, total = json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
        return int(done), int(total)
    return 0, None


def failure(folder: Path) -> str | None:
    """Why the process gave up, if it said so."""
    with contextlib.suppress(OSError):
        return (folder / FAILURE).read_text(encoding="utf-8")[:500]
    return None
