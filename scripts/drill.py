"""Runs a drill in full: `make drill NAME=history`; without a name it lists them. The small ones run in `make test`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.console import Failed, Misused, note, say, table

if TYPE_CHECKING:
    from scripts.drills import Result, Say


@dataclass(frozen=True, slots=True)
class Drill:
    """`module` holds `run(n, seed, say)`; the full drill runs it for `seeds` seeds."""

    module: str
    proves: str
    unit: str
    small: int
    full: int
    seeds: int = 1


DRILLS = {
    "history": Drill(
        "history",
        "任意历史（增改删、失效、发布、草稿、崩溃、重载）之后，没有任何检索途径给出已删除、已失效、他租户或无权看的条目；读者总是看到一个完整版本",
        *("步", 60, 2_000, 10),
    ),
    "kill": Drill(
        "kill",
        "服务在写入中被 SIGKILL：应答过的写入都在，没有应答的不会只剩一半，快照完整，3 秒内重新就绪",
        *("次", 3, 200),
    ),
    "recall": Drill(
        "recall", "近似索引的 recall@10 ≥ 0.98，建索引 ≤ 60 秒 / 10 万条", "条向量", 20_000, 1_000_000
    ),
    "edit": Drill("edit", "十万段落的站点上，一次修改 1 秒内可检索", "段落", 2_000, 100_000),
    "quality-kill": Drill(
        "quality_kill", "质检批量任务的工作进程与主进程被 SIGKILL：不重不漏，结果逐字节相同", "次", 3, 50
    ),
    "ray-kill": Drill(
        "ray_kill", "同一件事在 Ray 上：工作进程与整个集群被 SIGKILL，结果与本机进程的逐字节相同", "次", 1, 50
    ),
    "flat-memory": Drill("flat_memory", "质检批量任务的内存不随份数增长", "份", 1_200, 1_000_000),
    "alarm": Drill(
        "alarm",
        "没有新情况的日子，新增投诉的误报不超过声明的比例；新投诉当天就被听到",
        *("天", 500, 3_000, 10),
    ),
}


def load(name: str) -> Callable[[int, int, Say], Result]:
    """The drill's `run`. Raises Misused for a name that is not one."""
    if name not in DRILLS:
        raise Misused(f"没有名为 {name} 的演练：可用 {'、'.join(DRILLS)}")
    found: Callable[[int, int, Say], Result] = import_module(f"scripts.drills.{DRILLS[name].module}").run
    return found


def drill(
    name: Annotated[str, typer.Argument(help="演练名；不给则列出全部", metavar="[NAME]")] = "",
    n: Annotated[int, typer.Option("--n", min=0, help="规模；缺省为完整规模")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="第一个随机种子")] = 1,
    seeds: Annotated[int, typer.Option("--seeds", min=0, help="种子个数；缺省为完整个数")] = 0,
    small: Annotated[bool, typer.Option("--small", help="只跑 make test 里的小规模")] = False,
) -> None:
    """跑一个完整演练，打印规模、种子与结果；不成立则以 1 退出。"""
    if not name:
        rows = [
            (key, one.proves, f"{one.small:,} {one.unit}", f"{one.full:,} {one.unit} × {one.seeds}")
            for key, one in DRILLS.items()
        ]
        table(("NAME", "证明什么", "小规模", "完整规模"), rows)
        return
    run, chosen = load(name), DRILLS[name]
    size = n or (chosen.small if small else chosen.full)
    rounds = seeds or (1 if small else chosen.seeds)
    _quiet_logs()
    failed = 0
    for at in range(seed, seed + rounds):
        began = time.perf_counter()
        result = run(size, at, note)
        failed += not result.held
        told = {"drill": name, "n": size, "seed": at, "held": result.held, **result.figures}
        seconds = round(time.perf_counter() - began, 1)
        say(json.dumps({**told, "failures": result.failures, "seconds": seconds}, ensure_ascii=False))
    say(
        f"{name}：N={size:,}，种子 {seed}–{seed + rounds - 1}，{'成立' if not failed else f'{failed} 个种子不成立'}"
    )
    if failed:
        raise Failed(f"演练 {name} 不成立")


def _quiet_logs() -> None:
    """What the service logs of the damage that a drill does is no news."""
    from api.telemetry import configure_logs

    configure_logs(Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (kept until the end)


if __name__ == "__main__":
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # as the service runs
    try:
        typer.run(drill)
    except (Failed, Misused) as error:
        note(f"失败：{error}")
        sys.exit(2 if isinstance(error, Misused) else 1)
