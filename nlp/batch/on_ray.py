"""The same shards on Ray: for a site that outgrew one machine. The only file that imports ray.

Ray only runs idempotent shards; what is done stands in the output folder, which all nodes must share.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from nlp.batch.on_processes import EngineError
from nlp.batch.plan import Setting, Shard
from nlp.batch.run import run_shard

_AHEAD = 2


def run(shards: Iterable[Shard], setting: Setting, folder: Path, workers: int) -> Iterator[int]:
    """Rows of each finished shard. Joins the cluster of RAY_ADDRESS, else starts one here. Raises EngineError."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_AUTH_MODE", "disabled" if "RAY_ADDRESS" not in os.environ else "token")
    try:
        import ray
    except ImportError:
        raise EngineError("没有安装 ray：请安装附加组件 zuoxi[ray]，或用 --engine processes") from None
    if not ray.is_initialized():
        own = (
            {}
            if "RAY_ADDRESS" in os.environ
            else {"num_cpus": workers, "_temp_dir": tempfile.gettempdir() + "/zuoxi-ray"}
        )
        ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR", **own)
    task = ray.remote(max_retries=3)(run_shard)
    waiting: list[object] = []
    try:
        for shard in shards:
            waiting.append(task.remote(shard, setting, folder))
            while len(waiting) >= workers * _AHEAD:
                finished, waiting = ray.wait(waiting)
                yield from (int(rows) for rows in ray.get(finished))
        while waiting:
            finished, waiting = ray.wait(waiting)
            yield from (int(rows) for rows in ray.get(finished))
    except ray.exceptions.RayError as problem:
        raise EngineError(f"Ray 任务失败：{problem}；已完成的分片都已保存，重新运行即可续跑") from None
