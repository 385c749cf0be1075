"""The port of the dense index, and the exact one: the oracle of tests, the index of small sets and of edits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
"""float32 `[n, dim]`, rows of length 1."""
Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which rows may be returned: `mask[n]`, the same as little-endian `bits`, and how many they are."""

    mask: Mask
    bits: npt.NDArray[np.uint8]
    count: int

    @property
    def everything(self) -> bool:
        return self.count == len(self.mask)


def allow(mask: Mask) -> Allowed:
    """`Allowed` of a boolean mask over all rows."""
    return Allowed(mask, np.packbits(mask, bitorder="little"), int(mask.sum()))


class VectorIndex(Protocol):
    """An immutable set of unit vectors, numbered 0…size-1 in the order given.

    `search(query[dim], limit, allowed)` gives rows and cosines, best first; equal cosines in order of rows.
    Filters come before ranking: a row that is not allowed is never returned and takes no place.
    It returns fewer than `limit` only when fewer are allowed (an approximate index may miss some of them),
    and nothing for an empty index, a limit below 1 or an empty filter. A zero query scores 0 everywhere.
    `vectors(rows)` gives the stored vectors (an index may store them rounded to half precision).
    Concurrent calls are safe. A wrong dimension raises ValueError.
    """

    @property
    def dim(self) -> int: ...

    @property
    def size(self) -> int: ...

    def search(self, query: Vectors, limit: int, allowed: Allowed | None = None) -> tuple[Rows, Scores]: ...

    def vectors(self, rows: Rows) -> Vectors: ...


@dataclass(frozen=True, slots=True)
class ExactIndex:
    """Every cosine computed: `matrix` is float32 `[n, dim]`, kept as given."""

    matrix: Vectors

    @property
    def dim(self) -> int:
        return int(self.matrix.shape[1])

    @property
    def size(self) -> int:
        return int(self.matrix.shape[0])

    def search(self, query: Vectors, limit: int, allowed: Allowed | None = None) -> tuple[Rows, Scores]:
        check_dimension(query, self.dim)
        rows = np.arange(self.size) if allowed is None else np.flatnonzero(allowed.mask)
        if limit < 1 or not len(rows):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        matrix = self.matrix if len(rows) == self.size else self.matrix[rows]
        scores = matrix @ query
        return best(rows, scores, limit)

    def vectors(self, rows: Rows) -> Vectors:
        return self.matrix[rows]


def check_dimension(query: Vectors, dim: int) -> None:
    if query.shape != (dim,):
        raise ValueError(f"query has shape {query.shape}, the index holds vectors of dimension {dim}")


def best(rows: Rows, scores: Scores, limit: int) -> tuple[Rows, Scores]:
    """The `limit` highest scores, best first, ties in order of rows."""
    if len(rows) > limit:
        edge = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        kept = np.flatnonzero(scores >= edge)
        rows, scores = rows[kept], scores[kept]
    order = np.lexsort((rows, -scores))[:limit]
    return rows[order].astype(np.int64), scores[order].astype(np.float32)
