"""How fast transcripts are scored: the whole way over two processes, and where the time of one goes."""

from __future__ import annotations

import json
import os
import random
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.demo_site import rows

Row = dict[str, Any]
TURNS = 20
WORKERS = 2
SPLIT = 400
"""Transcripts that are scored in this process to see where the time goes."""
ROUNDS = 3
RATE = 600
"""Transcripts a second that the whole run is sized for."""
STOCK = 0.2
"""Share of turns taken word for word, so that they recur: in 200 sessions of JDDC one turn in five does."""
_SENTENCE = re.compile(r"[^。！？!?]+[。！？!?]*")
_DIGIT = re.compile(r"\d")
NAMES = {
    "read": "读取",
    "sentiment": "情绪",
    "normalise": "规范化",
    "match": "匹配",
    "stages": "四步",
    "checks": "检查",
    "satisfaction": "满意度",
    "summary": "小结",
    "points": "计分",
    "write": "写出",
}


def write_transcripts(path: Path, count: int, seed: int = 1) -> None:
    """`count` transcripts of `TURNS` turns in the demo's words: sentences drawn anew, numbers too."""
    rng = random.Random(seed)  # noqa: S311 (a benchmark, not a secret)
    said: dict[str, list[str]] = {"customer": [], "agent": []}
    for conversation in rows("conversations.jsonl"):
        for turn in conversation["turns"]:
            if turn["role"] in said:
                said[turn["role"]].append(turn["text"])
    pieces = {
        role: [part for text in texts for part in _SENTENCE.findall(text)] for role, texts in said.items()
    }

    def text(role: str) -> str:
        if rng.random() < STOCK:
            return rng.choice(said[role])
        drawn = "".join(rng.choice(pieces[role]) for _ in range(rng.choice((1, 2, 2, 3))))
        return _DIGIT.sub(lambda _: str(rng.randrange(10)), drawn)

    with path.open("w", encoding="utf-8") as stream:
        for at in range(count):
            turns = []
            for number in range(TURNS):
                role = "customer" if number % 2 == 0 else "agent"
                minute, second = divmod(number * rng.randrange(5, 40), 60)
                moment = f"2026-11-03T10:{minute:02}:{second:02}+08:00"
                turns.append({"role": role, "text": text(role), "at": moment})
            row = {"id": f"b{at}", "category": "complaint", "agent": {"id": f"A{at % 50:03}"}, "turns": turns}
            row["started_at"] = turns[0]["at"]
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def run(seconds: float) -> Iterator[Row]:
    """The whole way on two processes for about `seconds`, then one process pass by pass."""
    with tempfile.TemporaryDirectory(prefix="zuoxi-bench-") as name:
        folder = Path(name)
        source = folder / "a.jsonl"
        write_transcripts(source, max(2_000, round(seconds * RATE)))
        yield _whole(source, folder / "out")
        few = folder / "b.jsonl"
        write_transcripts(few, SPLIT, seed=2)
        yield _split(few)


def _whole(source: Path, out: Path) -> Row:
    from nlp.batch.score import score_files

    seen: list[tuple[float, int]] = []
    began, used = time.perf_counter(), _spent()
    summary = score_files(
        [source], out, workers=WORKERS, progress=lambda done, _: seen.append((time.perf_counter(), done))
    )
    took, used = time.perf_counter() - began, _spent() - used
    first, last = seen[0], next(one for one in seen if one[1] == summary.total)
    steady = (last[1] - first[1]) / (last[0] - first[0])
    note = f"{TURNS} 轮 × {summary.scored:,} 份，模式 {'、'.join(summary.modes)}；"
    note += f"连同启动、合并与写表 {took:.1f} 秒，处理器 {used:.1f} 秒"
    return {
        "name": f"质检，标准表，{WORKERS} 进程",
        "per_second": round(steady, 1),
        "whole_per_second": round(summary.scored / took, 1),
        "per_cpu_second": round(summary.scored / used, 1),
        "note": note,
    }


def _spent() -> float:
    """Processor seconds of this process and of the children that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _split(source: Path) -> Row:
    """Processor time of each pass, the best of some rounds: what else the machine does counts least."""
    best: dict[str, float] = {}
    _passes(source)  # loads and warms
    for _ in range(ROUNDS):
        best = {name: min(best.get(name, took), took) for name, took in _passes(source).items()}
    total = sum(best.values())
    shares = {name: round(took / total, 3) for name, took in best.items()}
    told = "，".join(f"{NAMES[name]} {share:.0%}" for name, share in shares.items())
    return {
        "name": "质检，标准表，一个进程",
        "per_second": round(SPLIT / total, 1),
        "stages": {name: round(took / SPLIT * 1e6, 1) for name, took in best.items()},
        "note": told,
    }


def _passes(source: Path) -> dict[str, float]:
    from nlp.batch.plan import Setting, plan
    from nlp.batch.run import json_line, score_shard

    took = dict.fromkeys(NAMES, 0.0)
    last = time.process_time()

    def lap(name: str) -> None:
        nonlocal last
        now = time.process_time()
        took[name] += now - last
        last = now

    for shard in plan([source], "bench"):
        lap("read")
        for row in score_shard(shard, Setting(), lap):
            json_line(row)
        lap("write")
    return took
