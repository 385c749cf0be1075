"""Where a benchmark runs: the machine, and a demo service in a process of its own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scripts.console import Failed
from scripts.load import Target


@dataclass(frozen=True, slots=True)
class Served:
    """A running demo service: where it answers with which key, and how long it took to be ready."""

    targets: dict[str, Target]
    process: subprocess.Popen[str]
    seconds: float

    def resident_mb(self) -> float:
        """Memory the service holds now, in MB."""
        status = Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
        return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS:")), 0.0)


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """A demo service over `folder` on a free loopback port, without the limit of requests a minute."""
    command = [sys.executable, "-m", "scripts.cli", "demo", "--port", "0", "--data", str(folder), "--json"]
    environment = {**os.environ, "ZUOXI_RATE_PER_MINUTE": str(10**9)}
    began = time.perf_counter()
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as log,
        subprocess.Popen(  # noqa: S603 (our own program)
            command,
            cwd=Path(__file__).parents[1],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                log.seek(0)
                raise Failed(f"服务没有启动：{log.read()[-2000:]}")
            told, took = json.loads(line), time.perf_counter() - began
            at = urlsplit(told["url"])
            host, port = str(at.hostname), int(at.port or 0)
            yield Served(
                {scope: Target(host, port, key) for scope, key in told["keys"].items()}, process, took
            )
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpus": cpus, "cpu": model or platform.machine(), "python": platform.python_version()}
