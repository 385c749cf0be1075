"""recall: the approximate index finds what the exact one finds, at a thousand and at a million vectors.

The vectors are those of our encoder for public text as far as it goes, then seeded ones strewn around them; the
queries are texts that are not in the index. Without public text all are seeded.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb import index_faiss
from kb.index import Rows, Vectors
from scripts.drills import Result, Say, percentile, resident_mb

SHARED = Path("../shared/data")
PACKED = ".jsonl.xz"
LADDER = (1_000, 20_000, 100_000, 1_000_000)
DIM, TOP, QUERIES, BLOCK = 256, 10, 200, 50_000
LEAST_RECALL, MOST_BUILD = 0.98, 60.0
"""Recall of the best ten at every size; seconds of building for 100,000 vectors."""
SPREAD = (0.3, 0.9)
"""Length of what is added to a unit vector to make another: cosines from 0.96 down to 0.74."""

FALL = 0.5
"""How fast seeded axes shrink: like text, some directions hold most of the difference, and no cluster stands apart."""


def run(n: int, seed: int, say: Say, shared: Path | None = SHARED) -> Result:
    """Measure every size of `LADDER` up to `n`; `shared` None leaves public text aside."""
    rng = np.random.default_rng(seed)
    known = _known(rng, n + QUERIES, shared, say)
    queries, known = known[:QUERIES], known[QUERIES:]
    figures: dict[str, object] = {"vectors_of_text": len(known) if shared and _has(shared) else 0}
    failures: list[str] = []
    for size in (size for size in LADDER if size <= n):
        found = _measured(_vectors(rng, known, size), queries)
        figures[f"{size}"] = found
        say(f"{size} 条：" + "，".join(f"{name} {value}" for name, value in found.items()))
        if found["recall"] < LEAST_RECALL:
            failures.append(f"{size}: recall@{TOP} {found['recall']} < {LEAST_RECALL}")
        if found["build_s_100k"] > MOST_BUILD and size >= 100_000:
            failures.append(f"{size}: build {found['build_s_100k']} s > {MOST_BUILD} s / 100,000")
    return Result(figures, tuple(failures))


def _has(shared: Path) -> bool:
    return (shared / "kb").is_dir()


def _known(rng: np.random.Generator, wanted: int, shared: Path | None, say: Say) -> Vectors:
    """Rows around which others are strewn, in random order: of text, else seeded."""
    if shared is None or not _has(shared):
        falling = (np.arange(1, DIM + 1, dtype=np.float32) ** -FALL)[None]
        return _unit(rng.standard_normal((wanted, DIM), np.float32) * falling)
    from nlp.artefacts import find
    from nlp.encode import load_encoder

    texts = _texts(shared)
    chosen = [texts[at] for at in rng.permutation(len(texts))[:wanted]]
    say(f"编码 {len(chosen)} 条公开文本")
    return np.ascontiguousarray(load_encoder(find("encoder")).encode(chosen), np.float32)


def _texts(shared: Path) -> list[str]:
    """Every distinct text of the public data, sorted, so that a seed means the same everywhere."""
    from nlp.train.corpus import read_rows, row_texts

    names = sorted(str(path.relative_to(shared))[: -len(PACKED)] for path in shared.rglob(f"*{PACKED}"))
    found = {text.strip() for name in names for row in read_rows(shared, name) for text in row_texts(row)}
    return sorted(text for text in found if 2 <= len(text) <= 400)


def _vectors(rng: np.random.Generator, known: Vectors, size: int) -> Vectors:
    made = np.empty((size, DIM), np.float32)
    own = min(size, len(known))
    made[:own] = known[:own]
    for start in range(own, size, BLOCK):
        stop = min(start + BLOCK, size)
        made[start:stop] = _strewn(rng, known, stop - start)
    return made


def _strewn(rng: np.random.Generator, centres: Vectors, count: int) -> Vectors:
    added = _unit(rng.standard_normal((count, DIM), np.float32))
    added *= rng.uniform(*SPREAD, (count, 1)).astype(np.float32)
    added += centres[rng.integers(0, len(centres), count)]
    return _unit(added)


def _unit(rows: npt.NDArray[np.float32]) -> Vectors:
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)  # in place: a million rows are a gigabyte
    unit_rows: Vectors = rows
    return unit_rows


def _edges(vectors: Vectors, queries: Vectors) -> npt.NDArray[np.float32]:
    """The exact cosine of the tenth neighbour of each query, computed a block at a time."""
    best = np.full((len(queries), TOP), -2, np.float32)
    for start in range(0, len(vectors), BLOCK):
        scores = queries @ vectors[start : start + BLOCK].T
        joined = np.concatenate((best, scores), axis=1)
        best = np.partition(joined, joined.shape[1] - TOP, axis=1)[:, -TOP:]
    lowest: npt.NDArray[np.float32] = best.min(axis=1)
    return lowest


def _measured(vectors: Vectors, queries: Vectors) -> dict[str, float]:
    edges = _edges(vectors, queries)
    began = time.perf_counter()
    index = index_faiss.build(vectors)
    built = time.perf_counter() - began
    taken: list[float] = []
    hits = 0
    index.search(queries[0], TOP)
    for query, edge in zip(queries, edges, strict=True):
        began = time.thread_time()  # computing time: a search is one thread's, others may use the machine
        rows, _ = index.search(query, TOP)
        taken.append(time.thread_time() - began)
        hits += _found(vectors, query, rows, float(edge))
    return {
        "recall": round(hits / (TOP * len(queries)), 4),
        "build_s_100k": round(built / len(vectors) * 100_000, 2),
        "search_p50_ms": round(percentile(taken, 0.5) * 1000, 2),
        "search_p99_ms": round(percentile(taken, 0.99) * 1000, 2),
        "bytes_a_vector": round(_written(index) / len(vectors)),
        "resident_mb": round(resident_mb()),
    }


def _found(vectors: Vectors, query: Vectors, rows: Rows, edge: float) -> int:
    """How many rows are no further than the exact tenth: of two equal ones either is right."""
    return int((vectors[rows] @ query >= edge - 1e-5).sum())


def _written(index: index_faiss.FaissIndex) -> int:
    """Bytes of the index, as written; in memory it takes those and 8 a vector for looking rows up."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        index_faiss.write(index, path)
        return path.stat().st_size
