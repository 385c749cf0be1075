"""Files that a stranger's program wrote are parsed in a process of their own, with little time and memory.

The child is told by its arguments what to read, gets the file on standard input and answers with JSON. Whatever
it meets (a loop, a bomb, a crash of the parser) ends there; the service goes on and says what was wrong.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from kb.ingest.refusal import FileRefused

SECONDS, MEMORY = 60.0, 2 << 30
"""Wall clock and bytes of address space of one file."""
REPLY = 128 << 20
"""Bytes that a reader may answer with."""
READERS = {
    "xlsx": "kb.ingest.read_xlsx",
    "docx": "kb.ingest.read_docx",
    "pdf": "kb.ingest.read_pdf",
    "html": "kb.ingest.read_html",
}


def confined(kind: str, data: bytes, *, seconds: float = SECONDS, memory: int = MEMORY) -> dict[str, Any]:
    """What the reader of `kind` gives for the file, as plain JSON. Raises `FileRefused`."""
    command = [sys.executable, "-W", "ignore", "-m", "kb.ingest.confined", kind, str(seconds), str(memory)]
    root = str(Path(__file__).parents[2])
    environment = {
        "PYTHONPATH": root,
        "PATH": os.defpath,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    accepted = f"能在 {seconds:.0f} 秒和 {memory >> 20} MB 内读完的 {kind}：拆成几份，或用原程序另存一次"
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
            command, input=data, capture_output=True, timeout=seconds, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise FileRefused(f"{seconds:.0f} 秒没有读完，已停止", accepted) from None
    if done.returncode != 0:
        raise FileRefused("读取超出内存或时间上限，已停止", accepted)
    reply: dict[str, Any] = json.loads(done.stdout)
    if "refused" in reply:
        raise FileRefused(*reply["refused"])
    return reply


def _limit(seconds: float, memory: int) -> None:
    import resource

    os.nice(10)  # requests come first
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _read(kind: str, data: bytes) -> dict[str, Any]:
    read: Callable[[bytes], dict[str, Any]] = import_module(READERS[kind]).read
    try:
        return read(data)
    except FileRefused as error:
        return {"refused": [error.message, error.accepted]}
    except MemoryError:
        return {"refused": ["展开后超出内存上限", f"内容更少的 {kind}：拆成几份再导入"]}
    except RecursionError:
        return {"refused": ["嵌套太深", f"由原程序另存一次的 {kind}"]}
    except Exception as error:  # a parser's own errors are of any kind; each means that the file is damaged
        return {"refused": [f"文件已损坏，读不出来（{type(error).__name__}）", f"由原程序另存一次的 {kind}"]}


def main(kind: str, seconds: str, memory: str) -> int:
    """Read standard input as `kind` under limits; the reply goes to standard output."""
    _limit(float(seconds), int(memory))
    reply = json.dumps(_read(kind, sys.stdin.buffer.read()), ensure_ascii=True).encode()
    if len(reply) > REPLY:
        reply = json.dumps({"refused": ["文字太多", f"不超过 {REPLY >> 21} 百万字：拆成几份再导入"]}).encode()
    sys.stdout.buffer.write(reply)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
