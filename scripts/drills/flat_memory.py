"""flat-memory: scoring a million transcripts takes no more memory than scoring the first few."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from scripts.drills import Result, Say, resident_of
from scripts.drills.batches import scoring, transcripts

ROWS = 200
TURNS = 4
WARM = 0.2
"""Share of the run after which everything is loaded and every buffer has its size."""
MOST_GROWTH = 1.15
ALLOWED_MB = 24.0
"""What the allocator may take back and forth in a run so small that a tenth is nothing."""
TOLD_EVERY = 30.0


def run(n: int, seed: int, say: Say) -> Result:
    """Score `n` transcripts in one process of its own and watch what it holds, from its first fifth to its end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, out = folder / "a.jsonl", folder / "out"
        transcripts(source, n, seed, TURNS)
        say(f"{n} 份会话记录，{source.stat().st_size / 1e6:.0f} MB")
        seen, seconds, code = _watched(folder, source, out, n, say)
        scored = _lines(out / "results.jsonl")
    early = max((mb for share, mb in seen if share <= WARM), default=0.0)
    late = max((mb for share, mb in seen if share > WARM), default=early)
    failures: list[str] = []
    if code or scored != n:
        failures.append(f"{scored} of {n} transcripts scored, exit {code}")
    if late > early * MOST_GROWTH + ALLOWED_MB:
        failures.append(f"{early:.0f} MB in the first fifth, {late:.0f} MB later")
    figures = {
        "transcripts": scored,
        "early_mb": round(early),
        "peak_mb": round(late),
        "transcripts_a_second": round(n / seconds),
    }
    return Result(figures, tuple(failures))


def _watched(
    folder: Path, source: Path, out: Path, count: int, say: Say
) -> tuple[list[tuple[float, float]], float, int]:
    """Pairs of (share done, MiB), seconds, exit code."""
    process = scoring(folder / "scoring.py", source, out, 1, 0, ROWS, rules_only=False)
    began = told = time.monotonic()
    shards, whole = out / "shards", -(-count // ROWS)
    seen: list[tuple[float, float]] = []
    while process.poll() is None:
        done = len(list(shards.glob("*.done"))) if shards.is_dir() else 0
        seen.append((done / whole, resident_of(process.pid)))
        if time.monotonic() - told > TOLD_EVERY:
            told = time.monotonic()
            say(f"{done * ROWS} 份，{seen[-1][1]:.0f} MB，{told - began:.0f} 秒")
        time.sleep(0.02 if whole < 100 else 0.5)
    return seen, time.monotonic() - began, process.returncode


def _lines(path: Path) -> int:
    if not path.is_file():
        return 0
    with path.open("rb") as lines:
        return sum(1 for _ in lines)
