"""How fast transcripts are scored: the whole way over two processes, and where the time of one goes."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from api.grounds import Grounds
from nlp.batch.plan import Setting, plan
from nlp.batch.run import json_line, score_shard
from nlp.batch.score import score_files
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
_LONG_NUMBER = re.compile(r"\d{6,}")
HANDBOOK = ("faq", "script", "policy")
NAMES = {
    "read": "读取",
    "facts": "事实",
    "sentiment": "情绪",
    "encode": "句向量",
    "normalise": "规范化",
    "match": "匹配",
    "stages": "四步",
    "hearing": "行为模型",
    "checks": "检查",
    "satisfaction": "满意度",
    "summary": "小结",
    "points": "计分",
    "write": "写出",
}


def write_transcripts(path: Path, count: int, seed: int = 1) -> None:
    """`count` transcripts of `TURNS` turns in the demo's words: sentences drawn anew, numbers of orders too."""
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
        return _LONG_NUMBER.sub(lambda found: _digits(rng, len(found.group())), drawn)

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


def _digits(rng: random.Random, count: int) -> str:
    return "".join(str(rng.randrange(10)) for _ in range(count))


def run(seconds: float) -> Iterator[Row]:
    """The whole way on two processes for about `seconds`, then one process pass by pass."""
    with tempfile.TemporaryDirectory(prefix="zuoxi-bench-") as name:
        folder = Path(name)
        source = folder / "a.jsonl"
        write_transcripts(source, max(2_000, round(seconds * RATE)))
        yield _whole(source, folder / "out")
        few = [folder / f"b{at}.jsonl" for at in range(ROUNDS + 1)]
        for at, path in enumerate(few):
            write_transcripts(path, SPLIT, seed=at + 2)
        yield {"name": "质检，标准表，一个进程", **_split(few, Setting())}
        setting = Setting(grounds=_grounds(folder / "site"))
        yield {"name": "质检，标准表，一个进程，对照演示手册", **_split(few, setting)}


def _grounds(folder: Path) -> Grounds:
    """The demo's handbook, published and written out as a run takes it."""
    from api.published import history_file
    from kb.entries import from_json
    from scripts import site

    put = {row["id"]: from_json(row) for kind in HANDBOOK for row in rows(f"handbook/{kind}.jsonl")}
    with site.opened(folder, make=True) as service:
        site.ensure_tenant(service.store)
        write = service.sites.write(site.TENANT, put, frozenset(), by="bench", note="", reviewed=False)
        asyncio.run(write)
        return Grounds(str(history_file(service.store, site.TENANT, folder)), str(folder / "policy"))


def _whole(source: Path, out: Path) -> Row:
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


def _split(sources: Sequence[Path], setting: Setting) -> Row:
    """Processor time of each pass, the best of some rounds, each with transcripts of its own."""
    best: dict[str, float] = {}
    _passes(sources[0], setting)  # loads and warms
    for source in sources[1:]:
        best = {name: min(best.get(name, took), took) for name, took in _passes(source, setting).items()}
    total = sum(best.values())
    shares = {name: round(took / total, 3) for name, took in best.items()}
    told = "，".join(
        f"{NAMES.get(name, name)} {share:.0%}" for name, share in shares.items() if share >= 0.005
    )
    return {
        "per_second": round(SPLIT / total, 1),
        "stages": {name: round(took / SPLIT * 1e6, 1) for name, took in best.items()},
        "note": told,
    }


def _passes(source: Path, setting: Setting) -> dict[str, float]:
    took: defaultdict[str, float] = defaultdict(float)
    last = time.process_time()

    def lap(name: str) -> None:
        nonlocal last
        now = time.process_time()
        took[name] += now - last
        last = now

    for shard in plan([source], "bench"):
        lap("read")
        for row in score_shard(shard, setting, lap):
            json_line(row)
        lap("write")
    return took
