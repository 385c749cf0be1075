"""zuoxi bench: how fast the service is on this machine, client and server together."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scripts.console import AsJson, Misused, note, table, tell

NAMES = ("start", "suggest", "route", "batch", "turns", "quality", "build")
ABOUT = {
    "start": "启动到就绪、常驻内存",
    "suggest": "话术推荐，并发 50 与 200",
    "route": "分单，并发 50 与 200",
    "batch": "批量分单",
    "turns": "会话话轮：第 10 轮前后与第 1000 轮前后",
    "quality": "批量质检",
    "build": "建索引、写快照、发布可见",
}


def bench(
    seconds: Annotated[float, typer.Option("--seconds", min=1, max=3600, help="每个并发档的秒数")] = 10,
    only: Annotated[list[str] | None, typer.Option("--only", help="只跑这些：" + "、".join(NAMES))] = None,
    entries: Annotated[
        int, typer.Option("--entries", min=100, max=1_000_000, help="build 用的条目数")
    ] = 10_000,
    knowledge: Annotated[
        int,
        typer.Option("--knowledge", min=0, max=1_000_000, help="suggest 前加入的条目数；0 为只用演示手册"),
    ] = 0,
    turns: Annotated[int, typer.Option("--turns", min=20, max=5000, help="turns 的最长会话")] = 1000,
    as_json: AsJson = False,
) -> None:
    """在临时演示站点上测速：只走本机回环，结束后删除。"""
    chosen = only or list(NAMES)
    if strangers := sorted(set(chosen) - set(NAMES)):
        raise Misused(f"没有 {'、'.join(strangers)}：可用 {'、'.join(NAMES)}")
    from scripts import bench_host, benchmark

    found: list[dict[str, Any]] = []
    suites = [name for name in NAMES if name in chosen]
    for row in benchmark.run(suites, benchmark.Size(seconds, entries, knowledge, turns)):
        found.append(row)
        note(f"{ABOUT[row['suite']]}：{row['name']} 完成")
    if as_json:
        tell({"machine": bench_host.machine(), "results": found})
        return
    rows = [
        (
            row["name"],
            _number(row.get("per_second")),
            _number(row.get("p50_ms")),
            _number(row.get("p95_ms")),
            _number(row.get("p99_ms")),
            "，".join(f"{status}×{count}" for status, count in row.get("refused", {}).items()) or "无",
            row.get("note", ""),
        )
        for row in found
    ]
    machine = bench_host.machine()
    title = f"{machine['cpus']} 核，{machine['cpu']}，Python {machine['python']}"
    table(("项目", "每秒", "p50 毫秒", "p95", "p99", "拒绝", "备注"), rows, title)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"
