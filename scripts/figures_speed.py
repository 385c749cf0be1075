"""Speed of the shipped models on this machine: short texts in one batch, and one text alone."""

from __future__ import annotations

import json
import lzma
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from scripts.figures_sets import Job
from scripts.figures_table import Line

Run = Callable[[Sequence[str]], object]
TEXTS = 20_000
ALONE = 400
THREADS = 2
REPEATS = 3
SLOW = 400
"""Texts for an encoder that is no table look-up."""


def speed(shared: Path) -> Iterator[Job]:
    """One job: nothing else may run beside it."""
    yield partial(_speed, shared)


def short_texts(shared: Path) -> list[str]:
    """Distinct short questions of public pairs; the demo's training tickets where those are absent."""
    from nlp.train import service

    path = shared / "pairs" / "lcqmc.dev.jsonl.xz"
    if path.is_file():
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        texts = list(dict.fromkeys(row[side] for row in rows for side in ("a", "b")))
    else:
        texts = [row["text"] for row in service.phrases()]
    return (texts * (TEXTS // len(texts) + 1))[:TEXTS]


def rate(run: Run, texts: Sequence[str], threads: int) -> float:
    """Texts a second, the best of a few goes; the batch is split evenly over the threads."""
    step = -(-len(texts) // threads)
    parts = [texts[start : start + step] for start in range(0, len(texts), step)]
    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(REPEATS):
            began = time.perf_counter()
            list(pool.map(run, parts))
            best = min(best, time.perf_counter() - began)
    return len(texts) / best


def alone(run: Run, texts: Sequence[str]) -> float:
    """Median milliseconds of one text."""
    taken = []
    for text in texts[:ALONE]:
        began = time.perf_counter()
        run([text])
        taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2] * 1000


def _speed(shared: Path) -> list[Line]:
    from nlp.artefacts import find
    from nlp.classify import load_classifier
    from nlp.encode import load_encoder
    from nlp.sentiment import load_analyser
    from scripts.evaluation import encoders

    texts = short_texts(shared)
    lines: list[Line] = []
    for version in encoders():
        artefact = find("encoder", version=version)
        fast = artefact.kind == "static"
        some = texts if fast else texts[:SLOW]
        lines += _timed(f"句向量 {version}", load_encoder(artefact).encode, some, 50_000 if fast else None)
    lines += _timed("情感与情绪", load_analyser().analyse, texts, 50_000)
    return lines + _timed("意图", load_classifier("intent").probabilities, texts, 20_000)


def _timed(name: str, run: Run, texts: Sequence[str], aim: float | None) -> list[Line]:
    run(texts[:64])  # look-up tables are built once
    found = {threads: rate(run, texts, threads) for threads in (1, THREADS)}
    words = "短文本成批，两线程各半"
    return [
        Line("速度", f"{name}，{words}", "条/秒", found[THREADS], found[1], "一线程", aim=aim),
        Line("速度", f"{name}，单条", "毫秒 p50", alone(run, texts), lower=True),
    ]
