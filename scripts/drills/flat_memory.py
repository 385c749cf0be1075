"""flat-memory: batch scoring of a million turns takes no more memory than that of the first few."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from scripts.drills import Result, Say, resident_of
from scripts.drills.batches import TURNS, scoring, transcripts

ROWS = 200
WARM = 0.2
"""Share of the run after which everything is loaded and every buffer has its size."""
MOST_GROWTH = 1.15
ALLOWED_MB = 24.0
"""What the allocator may take back and forth in a run so small that a tenth is nothing."""
TOLD_EVERY = 30.0


def run(n: int, seed: int, say: Say) -> Result:
    """Score `n` turns in one process of its own and watch what it holds, from its first fifth to its end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, out = folder / "a.jsonl", folder / "out"
        count = transcripts(source, n, seed)
        say(f"{count} 份会话记录，{source.stat().st_size / 1e6:.0f} MB")
        seen, seconds, code = _watched(folder, source, out, count, say)
        scored = _lines(out / "results.jsonl")
    early = max((mb for share, mb in seen if share <= WARM), default=0.0)
    late = max((mb for share, mb in seen if share > WARM), default=early)
    failures: list[str] = []
    if code or scored != count:
        failures.append(f"{scored} of {count} transcripts scored, exit {code}")
    if late > early * MOST_GROWTH + ALLOWED_MB:
        failures.append(f"{early:.0f} MB in the first fifth, {late:.0f} MB later")
    figures = {
        "transcripts": scored,
        "early_mb": round(early),
        "peak_mb": round(late),
        "turns_a_second": round(count * TURNS / seconds),
    }
    return Result(figures, tuple(failures))


def _watched(
    folder: Path, source: Path, out: Path, count: int, say: Say
) -> tuple[list[tuple[float, float]], float, int]:
    """Pairs of (share done, MiB), seconds, exit code."""
    process = scoring(folder / "scoring.py", source, out, 1, 0, ROWS)
    began = told = time.monotonic()
    shards, whole = out / "shards", -(-count // ROWS)
    seen: list[tuple[float, float]] = []
    while process.poll() is None:
        done = len(list(shards.glob("*.done"))) if shards.is_dir() else 0
        seen.append((done / whole, resident_of(process.pid)))
        if time.monotonic() - told > TOLD_EVERY:
            told = time.monotonic()
            say(f"{done * ROWS * TURNS} 轮，{seen[-1][1]:.0f} MB，{told - began:.0f} 秒")
        time.sleep(0.02 if whole < 100 else 0.5)
    return seen, time.monotonic() - began, process.returncode


def _lines(path: Path) -> int:
    if not path.is_file():
        return 0
    with path.open("rb") as lines:
        return sum(1 for _ in lines)
