"""The same shards on Ray: for a site that outgrew one machine. The only file that imports ray.

Ray only runs idempotent shards; what is done stands in the output folder, which all nodes must share.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nlp.batch.on_processes import EngineError
from nlp.batch.plan import Setting, Shard
from nlp.batch.run import run_shard

_AHEAD = 2
RETRIES = 20
"""Times a shard is scored again when its worker dies."""


def run(shards: Iterable[Shard], setting: Setting, folder: Path, workers: int) -> Iterator[int]:
    """Rows of each finished shard. Joins the cluster of RAY_ADDRESS, else starts one here. Raises EngineError."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # a cluster of one run needs no token, and none is to be left in the home folder
    os.environ.setdefault("RAY_AUTH_MODE", "disabled" if "RAY_ADDRESS" not in os.environ else "token")
    try:
        import ray
    except ImportError:
        raise EngineError("没有安装 ray：请安装附加组件 zuoxi[ray]，或用 --engine processes") from None
    own = not ray.is_initialized() and "RAY_ADDRESS" not in os.environ
    place = tempfile.mkdtemp(prefix="zuoxi-ray-") if own else ""
    try:
        if not ray.is_initialized():
            ray.init(
                include_dashboard=False, log_to_driver=False, logging_level="ERROR", **_local(place, workers)
            )
        yield from _bounded(ray, shards, setting, folder, workers * _AHEAD)
    except (ray.exceptions.RayError, ConnectionError) as problem:
        raise EngineError(f"Ray 任务失败：{problem}；已完成的分片都已保存，重新运行即可续跑") from None
    finally:
        if own:
            ray.shutdown()
            shutil.rmtree(place, ignore_errors=True)


def _local(place: str, workers: int) -> dict[str, Any]:
    """What a cluster of our own is started with: in a folder of its own, patient with a busy machine."""
    patience = {"health_check_timeout_ms": 30_000, "health_check_failure_threshold": 20}
    if not place:
        return {}
    return {"address": "local", "num_cpus": workers, "_temp_dir": place, "_system_config": patience}


def _bounded(ray: Any, shards: Iterable[Shard], setting: Setting, folder: Path, most: int) -> Iterator[int]:
    # a killed worker is replaced, and its shard scored again: it is idempotent
    task = ray.remote(max_retries=RETRIES)(run_shard)
    waiting: list[object] = []
    for shard in shards:
        waiting.append(task.remote(shard, setting, folder))
        while len(waiting) >= most:
            finished, waiting = ray.wait(waiting)
            yield from (int(rows) for rows in ray.get(finished))
    while waiting:
        finished, waiting = ray.wait(waiting)
        yield from (int(rows) for rows in ray.get(finished))
