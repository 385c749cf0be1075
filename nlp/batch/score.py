"""Score files of transcripts into a folder; run again, it goes on where it stopped."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from nlp.batch import on_processes
from nlp.batch.outputs import merged, write_outputs
from nlp.batch.plan import ROWS, Setting, Shard, plan
from nlp.batch.run import SHARDS, basis_of, is_done
from nlp.batch.tally import Summary
from nlp.turn_tables import Unread

Engine = Literal["processes", "ray"]
Progress = Callable[[int, int | None], None]
"""Called with the rows done and, once the input is read to its end, their total."""


class BusyError(RuntimeError):
    """Another run writes to this folder."""


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    with (out / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError(f"{out}：另一个评分任务正在写这个目录") from None
        yield


def score_files(
    paths: Sequence[Path],
    out: Path,
    setting: Setting | None = None,
    engine: Engine = "processes",
    workers: int | None = None,
    progress: Progress | None = None,
    rows: int = ROWS,
    formats: Collection[str] = (),
) -> Summary:
    """Score every transcript of `paths` into `out` and return the figures; `formats`: csv, parquet beside.

    Finished shards are skipped by digest, so a rerun scores nothing twice and loses nothing.
    Raises ReadError (a file), FormError, EngineError (a worker died), BusyError (another run).
    """
    setting = setting or Setting()
    folder = out / SHARDS
    folder.mkdir(parents=True, exist_ok=True)
    basis = basis_of(setting)
    names: list[str] = []
    unread: Unread = {}
    done = 0
    total: int | None = None

    def waiting() -> Iterator[Shard]:
        nonlocal done, total
        planned = 0
        for shard in plan(paths, basis, rows, setting.source, unread):
            names.append(shard.name)
            planned += len(shard.rows)
            if is_done(folder, shard.name):
                done += len(shard.rows)
                if progress:
                    progress(done, None)
            else:
                yield shard
        total = planned

    with _alone(out):
        for finished in _engine(engine)(waiting(), setting, folder, workers or os.cpu_count() or 1):
            done += finished
            if progress:
                progress(done, total)
        summary = write_outputs(merged(folder, names), out, formats, unread)
        _forget(folder, frozenset(names))
    if progress:
        progress(done, done)
    return summary


def _engine(engine: Engine) -> Callable[[Iterator[Shard], Setting, Path, int], Iterator[int]]:
    if engine == "ray":
        from nlp.batch import on_ray

        return on_ray.run
    return on_processes.run


def _forget(folder: Path, names: frozenset[str]) -> None:
    """Remove shards of other inputs or forms, and what a killed worker left."""
    for path in folder.iterdir():
        if path.stem not in names:
            path.unlink(missing_ok=True)
