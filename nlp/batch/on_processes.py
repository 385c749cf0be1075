"""The default engine: worker processes of this machine, spawned (a fork after OpenMP hangs)."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from nlp.batch.plan import Setting, Shard
from nlp.batch.run import run_shard

_AHEAD = 2
"""Shards waiting for each worker."""


class EngineError(RuntimeError):
    """The engine stopped; finished shards are kept, and a rerun goes on from them."""


def run(shards: Iterable[Shard], setting: Setting, folder: Path, workers: int) -> Iterator[int]:
    """Rows of each finished shard, in the order of finishing. One worker: in this process. Raises EngineError."""
    if workers <= 1:
        for shard in shards:
            yield run_shard(shard, setting, folder)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        try:
            yield from _bounded(pool, shards, setting, folder, workers * _AHEAD)
        except BrokenProcessPool:
            raise EngineError("工作进程意外退出；已完成的分片都已保存，重新运行即可续跑") from None


def _bounded(
    pool: ProcessPoolExecutor, shards: Iterable[Shard], setting: Setting, folder: Path, most: int
) -> Iterator[int]:
    waiting: set[Future[int]] = set()
    for shard in shards:
        waiting.add(pool.submit(run_shard, shard, setting, folder))
        while len(waiting) >= most:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in finished)
    while waiting:
        finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in finished)
