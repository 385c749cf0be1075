"""A linear classifier over hashed spans, as served: a few array operations for a whole batch.

`probability = softmax(sum(weights of the spans) / length + vector · dense + bias)`. What a span tells about the
labels and the calibration are folded into the weights when the classifier is fitted, so that serving knows nothing of either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from nlp.encode import Encoder, Vectors
from nlp.hashed import COLUMNS, Hashes, Spans, chunks

BITS = 20
BUCKETS = 1 << BITS

Probabilities = NDArray[np.float32]


def buckets(hashes: Hashes) -> NDArray[np.int32]:
    """Bucket of each hash, 1…2^20 - 1; bucket 0 is for "no span" alone."""
    place = (hashes >> np.uint64(64 - BITS)).astype(np.int32)
    return np.where(hashes == 0, np.int32(0), np.maximum(place, 1))


def softmax(logits: NDArray[Any]) -> Probabilities:
    """Rows of logits to rows that sum to one."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True)
class Counted:
    """Known spans of some texts: `numbers[ends[i]:ends[i + 1]]` are the weight rows of text i."""

    numbers: NDArray[np.int32]
    ends: NDArray[np.int64]

    def matrix(self, columns: int) -> sparse.csr_matrix:
        """`[texts, columns]` float32 with a one for each occurrence."""
        ones = np.ones(len(self.numbers), dtype=np.float32)
        shape = (len(self.ends) - 1, columns)
        return sparse.csr_matrix((ones, self.numbers, self.ends), shape=shape)


@dataclass(frozen=True)
class Table:
    """The buckets a classifier knows, in the order of its weights, and the weight of each in a text's length."""

    known: NDArray[np.int32]
    telling: NDArray[np.float32]

    @cached_property
    def _places(self) -> NDArray[np.int32]:
        places = np.zeros(BUCKETS, dtype=np.int32)
        places[self.known] = np.arange(1, len(self.known) + 1, dtype=np.int32)
        return places

    @cached_property
    def _squares(self) -> NDArray[np.float32]:
        return np.square(self.telling)

    def count(self, spans: Spans) -> Counted:
        """Look the spans up; unknown ones are left out."""
        numbers = self._places[buckets(spans.hashes)].ravel()
        kept = np.flatnonzero(numbers)
        ends = np.searchsorted(kept, spans.starts * COLUMNS)
        return Counted(numbers[kept] - np.int32(1), ends)

    def lengths(self, counted: Counted) -> NDArray[np.float32]:
        """Euclidean length of each text's span weights, one for a text without known spans."""
        sums = np.concatenate(([0.0], np.cumsum(self._squares[counted.numbers], dtype=np.float64)))
        squares = sums[counted.ends[1:]] - sums[counted.ends[:-1]]
        return np.asarray(np.sqrt(np.where(squares > 1e-9, squares, 1.0)), dtype=np.float32)


@dataclass(frozen=True)
class Linear:
    """`labels` in column order. Thread-safe. `encoder` and `dense` come together or not at all."""

    labels: tuple[str, ...]
    version: str
    table: Table
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    encoder: Encoder | None = None
    dense: NDArray[np.float32] | None = None

    def ready(self) -> Linear:
        """Build the look-up table now, so that the first request does not wait for it."""
        self.table.count(Spans(np.zeros((1, COLUMNS), dtype=np.uint64), np.array([0, 1])))
        return self

    def logits(self, spans: Spans, vectors: Vectors | None = None) -> NDArray[np.float32]:
        """Logits `[texts, labels]`; `vectors` are those of the same texts where an encoder is used."""
        counted = self.table.count(spans)
        sums = np.asarray(counted.matrix(len(self.weights)) @ self.weights)
        out = sums / self.table.lengths(counted)[:, None] + self.bias
        if self.dense is not None and vectors is not None:
            out += vectors @ self.dense
        return np.asarray(out, dtype=np.float32)

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        """Calibrated probabilities `[texts, labels]`, rows sum to one; no texts give no rows."""
        return together((self,), texts)[0]

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Arrays to store: weights as int8 with one float16 scale a span."""
        scale = np.maximum(np.abs(self.weights).max(axis=1, initial=0.0), 1e-6).astype(np.float32) / 127
        stored = {
            "buckets": self.table.known,
            "telling": self.table.telling.astype(np.float16),
            "scale": scale.astype(np.float16),
            "weights": np.rint(self.weights / scale[:, None]).clip(-127, 127).astype(np.int8),
            "bias": self.bias.astype(np.float32),
        }
        if self.dense is not None:
            stored["dense"] = self.dense.astype(np.float16)
        return stored


def together(heads: Sequence[Linear], texts: Sequence[str]) -> tuple[Probabilities, ...]:
    """Each head's probabilities for the same texts, whose spans are hashed once."""
    out = tuple(np.empty((len(texts), len(head.labels)), dtype=np.float32) for head in heads)
    for first, last, spans in chunks(texts):
        for head, rows in zip(heads, out, strict=True):
            vectors = head.encoder.encode(texts[first:last]) if head.encoder else None
            rows[first:last] = softmax(head.logits(spans, vectors))
    return out


def from_tensors(
    tensors: Mapping[str, NDArray[Any]], labels: Sequence[str], version: str, encoder: Encoder | None
) -> Linear:
    """The classifier behind stored arrays. Raises ValueError where shapes disagree."""
    weights, dense = tensors["weights"], tensors.get("dense")
    if weights.shape != (len(tensors["buckets"]), len(labels)) or tensors["bias"].shape != (len(labels),):
        raise ValueError("权重与标签数不一致")
    if dense is not None and (encoder is None or dense.shape != (encoder.dim, len(labels))):
        raise ValueError("权重与编码器维数不一致")
    scale = tensors["scale"].astype(np.float32)
    return Linear(
        labels=tuple(labels),
        version=version,
        table=Table(tensors["buckets"].astype(np.int32), tensors["telling"].astype(np.float32)),
        weights=weights.astype(np.float32) * scale[:, None],
        bias=tensors["bias"].astype(np.float32),
        encoder=encoder if dense is not None else None,
        dense=None if dense is None else dense.astype(np.float32),
    )
