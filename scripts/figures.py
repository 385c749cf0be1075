"""Prints anew every figure of README's table: `python -m scripts.figures [--shared ../shared/data] [--only PART]`.

Every plain figure is fitted in the same run on the same rows as ours. Reads the public development splits where they
are; a split that is absent keeps its line out of the table.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer

from scripts import figures_sets as sets
from scripts.console import Failed, Misused, note, say
from scripts.figures_demo import demo
from scripts.figures_dialogues import dialogues
from scripts.figures_samples import samples
from scripts.figures_speed import speed
from scripts.figures_table import Line, table, written

README = Path(__file__).parents[1] / "README.md"
PARTS: dict[str, Callable[[Path], Iterator[sets.Job]]] = {
    "pairs": sets.pairs,
    "retrieval": sets.retrieval,
    "classify": sets.classify,
    "sentiment": sets.sentiment,
    "emotion": sets.emotion,
    "satisfaction": sets.satisfaction,
    "quality": sets.quality,
    "dialogues": dialogues,
    "samples": samples,
    "demo": demo,
    "speed": speed,
}
ALONE = frozenset({"speed"})
"""Parts that nothing may run beside."""
FOOT = (
    "对照与本程序在同一次运行里、同样的行上拟合；评测用到的文本（或句对，不分先后）先从一切训练集中去掉。"
    "五折按文本（去空白）SHA-1 前 8 位十六进制数除以 5 的余数划分，会话数据按会话划分；不带底线与目标的行供参考。"
)


def _be_quiet() -> None:
    # Before numpy is loaded. Two processes share the cores: libraries that would each take both only slow each other down.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["TTY_COMPATIBLE"] = "0"  # two progress bars on one terminal would overwrite each other


def _timed(job: sets.Job) -> tuple[list[Line], float]:
    began = time.perf_counter()
    return job(), time.perf_counter() - began


def lines_of(names: Sequence[str], shared: Path, jobs: int) -> Iterator[Line]:
    """The lines of the parts in order, measured in `jobs` processes; each is told on standard error."""
    for part, at_once in (
        ([n for n in names if n not in ALONE], jobs),
        ([n for n in names if n in ALONE], 1),
    ):
        asked = [job for name in part for job in PARTS[name](shared)]
        if not asked:
            continue
        with ProcessPoolExecutor(at_once, mp_context=get_context("spawn"), initializer=_be_quiet) as pool:
            waiting = [pool.submit(_timed, job) for job in asked]
            for done, future in enumerate(waiting, start=1):
                lines, seconds = future.result()
                for line in lines:
                    note(f"[{done}/{len(waiting)}，{seconds:.0f} 秒] " + " ".join(filter(None, line.cells())))
                yield from lines


def figures(
    shared: Annotated[Path, typer.Option("--shared", help="公开数据目录")] = Path("../shared/data"),
    only: Annotated[list[str] | None, typer.Option("--only", help="只算这些：" + "、".join(PARTS))] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="同时进行的项数")] = 2,
) -> None:
    """复算 README 里的指标表；给出 --only 时只打印，不写 README。"""
    if strangers := set(only or ()) - PARTS.keys():
        raise Misused(f"没有 {'、'.join(sorted(strangers))}：可用 {'、'.join(PARTS)}")
    lines = list(lines_of([name for name in PARTS if not only or name in only], shared, jobs))
    if not lines:
        raise Failed(f"{shared} 里没有可用的数据")
    text = table(lines)
    say(text)
    if not only and README.is_file():
        stamp = f"{text}\n\n{FOOT}由 `make figures` 于 {datetime.now(UTC):%Y-%m-%d} 复算。"
        README.write_text(written(README.read_text(encoding="utf-8"), stamp), encoding="utf-8")


if __name__ == "__main__":
    try:
        typer.run(figures)
    except (Failed, Misused) as error:
        note(f"失败：{error}")
        sys.exit(2 if isinstance(error, Misused) else 1)
