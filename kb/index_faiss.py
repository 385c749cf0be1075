"""The FAISS indexes: exact in half precision up to `FLAT_LIMIT` vectors, inverted lists above."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from kb.index import Allowed, Rows, Scores, Vectors, best, check_dimension

FLAT_LIMIT = 16_000
"""An exact scan of more rows takes longer than the whole rest of a search (5 ms for 40,000 × 256 on one thread)."""
PROBES = 4
"""Lists looked into, times the root of their number: 64 of 256 at 100,000 vectors, 128 of 1,024 at a million.

A share that keeps recall@10 above 0.98 at every size, with text that is not in the index as the query; 16 lists
whatever the size found 0.92 at 20,000 and 0.90 at a million (`make drill NAME=recall`).
"""
SCAN_BELOW = 4_000
"""With fewer allowed rows than this, inverted lists would miss them: those rows are compared one by one."""


@dataclass(frozen=True, slots=True)
class FaissIndex:
    """A FAISS index that nobody changes after `build`; searches run on one thread."""

    faiss_index: Any

    @property
    def dim(self) -> int:
        return int(self.faiss_index.d)

    @property
    def size(self) -> int:
        return int(self.faiss_index.ntotal)

    def search(self, query: Vectors, limit: int, allowed: Allowed | None = None) -> tuple[Rows, Scores]:
        check_dimension(query, self.dim)
        count = self.size if allowed is None else allowed.count
        if limit < 1 or not count:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if allowed is not None and not allowed.everything and count <= SCAN_BELOW:
            rows = np.flatnonzero(allowed.mask)
            return best(rows, self.vectors(rows) @ query, limit)
        faiss.omp_set_num_threads(
            1
        )  # a setting of the calling thread: without it a search spreads over all cores
        asked = min(limit + 8, count)  # a few more, so that ties at the edge are settled by row
        scores, rows = self.faiss_index.search(
            np.ascontiguousarray(query[None]), asked, params=_parameters(self.faiss_index, allowed)
        )
        found = rows[0] >= 0
        return best(rows[0][found], scores[0][found], limit)

    def vectors(self, rows: Rows) -> Vectors:
        if not len(rows):
            return np.empty((0, self.dim), np.float32)
        found: Vectors = self.faiss_index.reconstruct_batch(np.ascontiguousarray(rows, np.int64))
        return found


def _parameters(index: Any, allowed: Allowed | None) -> Any:
    library: Any = faiss  # its generated stubs do not know the Python wrappers
    chosen: dict[str, Any] = {}
    if allowed is not None and not allowed.everything:
        chosen["sel"] = library.IDSelectorBitmap(allowed.bits)
    if isinstance(index, faiss.IndexIVF):
        return library.SearchParametersIVF(nprobe=probes(index.nlist), **chosen)
    return library.SearchParameters(**chosen) if chosen else None


def probes(lists: int) -> int:
    """How many of `lists` inverted lists a search looks into."""
    return min(round(PROBES * math.sqrt(lists)), lists)


def build(vectors: Vectors) -> FaissIndex:
    """Index unit rows `[n, dim]`; the choice of structure follows `n`."""
    index: Any
    count, dim = vectors.shape
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    if count <= FLAT_LIMIT:
        index = faiss.index_factory(dim, "IDMap2,SQfp16", faiss.METRIC_INNER_PRODUCT)
        index.train(vectors[:1000])
        index.add_with_ids(vectors, np.arange(count, dtype=np.int64))
        return FaissIndex(index)
    lists = 2 ** round(np.log2(np.sqrt(count)))
    index = faiss.index_factory(dim, f"IVF{lists},SQfp16", faiss.METRIC_INNER_PRODUCT)
    index.cp.niter, index.cp.seed, index.cp.max_points_per_centroid = 8, 7, 64
    sample = np.random.default_rng(7).choice(count, min(count, lists * 64), replace=False)
    index.train(vectors[np.sort(sample)])
    index.make_direct_map()
    index.add(vectors)
    return FaissIndex(index)


def write(index: FaissIndex, path: Path) -> None:
    faiss.write_index(index.faiss_index, str(path))


def read(path: Path) -> FaissIndex:
    """Read a file this service wrote and whose checksum the caller has verified; FAISS itself has none."""
    index = faiss.read_index(str(path))
    if isinstance(index, faiss.IndexIVF):
        index.make_direct_map()
    return FaissIndex(index)
