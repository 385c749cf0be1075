"""ray-kill: workers and drivers of scoring on Ray are killed; every transcript is scored once, byte for byte the same."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

from scripts.drills import Result, Say
from scripts.drills.batches import scoring, transcripts

COUNT, ROWS, WORKERS = 3_000, 50, 2
SCORING = ("ray::run_shard", "ray::IDLE")
"""How Ray calls the processes that score; it has others."""
PATIENCE = 300.0


def run(n: int, seed: int, say: Say) -> Result:
    """`n` kills over as many runs of `COUNT` transcripts as it takes."""
    rng = random.Random(seed)  # noqa: S311 (a drill, not a secret)
    killed: Counter[str] = Counter()
    failures = list[str]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, program = folder / "a.jsonl", folder / "scoring.py"
        transcripts(source, COUNT, seed)
        _finish(program, source, folder / "quiet", "processes")
        wanted = (folder / "quiet" / "results.jsonl").read_bytes()
        runs = 0
        while sum(killed.values()) < n and not failures:
            out = folder / f"out{runs}"
            while sum(killed.values()) < n and not (out / "results.jsonl").exists():
                killed[_kill(rng, program, source, out)] += 1
                del killed[""]
                say(f"杀掉 {sum(killed.values())}/{n} 次")
            _finish(program, source, out, "ray")
            runs += 1
            if (out / "results.jsonl").read_bytes() != wanted:
                failures.append(f"run {runs} after {sum(killed.values())} kills is not the quiet run's")
    return Result({"killed": dict(killed), "runs": runs, "transcripts": COUNT}, tuple(failures))


def _finish(program: Path, source: Path, out: Path, engine: str) -> None:
    process = scoring(program, source, out, WORKERS, 0, ROWS, engine)
    if process.wait(PATIENCE):
        raise RuntimeError(f"scoring ended with {process.returncode}")


def _kill(rng: random.Random, program: Path, source: Path, out: Path) -> str:
    """Kill a worker, and let the run end, or the driver with its whole cluster; says whom, nothing where it was too late."""
    shards = out / "shards"
    before, more = len(list(shards.glob("*.done"))), rng.choice((1, 2, 4))
    process = scoring(program, source, out, WORKERS, 0, ROWS, "ray")
    limit = time.monotonic() + PATIENCE
    while (
        process.poll() is None
        and time.monotonic() < limit
        and len(list(shards.glob("*.done"))) < before + more
    ):
        time.sleep(0.005)
    whom = rng.choice(("worker", "driver"))
    family = below(process.pid)
    workers = [one for one in family if command_of(one).startswith(SCORING)]
    if process.poll() is not None or (whom == "worker" and not workers):
        process.wait(PATIENCE)
        return ""
    for one in [rng.choice(workers)] if whom == "worker" else [process.pid, *family]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    process.wait(PATIENCE)
    return whom


def command_of(process: int) -> str:
    """What a process was started with; nothing for one that has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def below(process: int) -> list[int]:
    """Children, and theirs."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [one for child in map(int, children) for one in (child, *below(child))]
