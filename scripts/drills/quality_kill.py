"""quality-kill: workers and drivers of batch scoring are killed; every transcript is scored once, byte for byte the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from scripts.drills import Result, Say
from scripts.drills.batches import scoring, transcripts

COUNT, ROWS, WORKERS, PAUSE = 600, 20, 2, 0.004
PATIENCE = 300.0


def run(n: int, seed: int, say: Say) -> Result:
    """`n` kills over as many runs of `COUNT` transcripts as it takes; a run that gets through is followed by another."""
    rng = random.Random(seed)  # noqa: S311 (a drill, not a secret)
    killed: Counter[str] = Counter()
    finished, failures = 0, list[str]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, program = folder / "a.jsonl", folder / "scoring.py"
        transcripts(source, COUNT, seed)
        _finish(program, source, folder / "quiet", 1)
        wanted = (folder / "quiet" / "results.jsonl").read_bytes()
        while not failures:
            out = folder / f"out{finished}"
            while sum(killed.values()) < n and not (out / "results.jsonl").exists():
                whom = _kill(rng, program, source, out)
                killed[whom] += 1 if whom else 0
                if whom and sum(killed.values()) % 10 == 0:
                    say(f"杀掉 {sum(killed.values())}/{n} 次")
            _finish(program, source, out, WORKERS)
            finished += 1
            if (out / "results.jsonl").read_bytes() != wanted:
                failures.append(f"run {finished} after {sum(killed.values())} kills is not the quiet run's")
            if sum(killed.values()) >= n:
                break
    del killed[""]
    return Result({"killed": dict(killed), "runs": finished, "transcripts": COUNT}, tuple(failures))


def _finish(program: Path, source: Path, out: Path, workers: int) -> None:
    process = scoring(program, source, out, workers, 0, ROWS)
    if process.wait(PATIENCE):
        raise RuntimeError(f"scoring ended with {process.returncode}")


def _kill(rng: random.Random, program: Path, source: Path, out: Path) -> str:
    """Let some shards be written, then kill a worker or the driver; says whom, nothing where it was too late."""
    shards = out / "shards"
    before, more = _done(shards), rng.choice((0, 1, 2, 4))
    process = scoring(program, source, out, WORKERS, PAUSE, ROWS)
    limit = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < limit and _done(shards) < before + more:
        time.sleep(0.005)
    time.sleep(rng.uniform(0, 0.08))
    workers = _workers(process.pid)
    whom = rng.choice(("worker", "driver")) if workers else "driver"
    if process.poll() is not None:
        return ""
    os.kill(rng.choice(workers) if whom == "worker" else process.pid, signal.SIGKILL)
    _wait(process, workers)
    return whom


def _wait(process: subprocess.Popen[bytes], workers: list[int]) -> None:
    """Until the run is gone and its workers with it: an orphan would go on writing beside the next run."""
    process.wait(PATIENCE)
    limit = time.monotonic() + 10
    while time.monotonic() < limit and any(Path(f"/proc/{one}").exists() for one in workers):
        time.sleep(0.01)


def _done(shards: Path) -> int:
    return len(list(shards.glob("*.done"))) if shards.is_dir() else 0


def _workers(driver: int) -> list[int]:
    """Processes of the driver that score (not the one that tracks its resources)."""
    try:
        children = Path(f"/proc/{driver}/task/{driver}/children").read_text(encoding="ascii").split()
        return [int(one) for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]
    except OSError:
        return []
