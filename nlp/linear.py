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

from nlp.encode import Encoder
from nlp.hashed import COLUMNS, Hashes, Spans, chunks

BITS = 20
BUCKETS = 1 << BITS

Probabilities = NDArray[np.float32]


def buckets(hashes: Hashes) -> NDArray[np.int32]:
    """Bucket of each hash, 1…2^20 - 1; bucket 0 is for "no span" alone."""
    place = (hashes >> np.uint64(64 - BITS)).astype(np.int32)
    return np.asarray(np.maximum(place, hashes != 0), dtype=np.int32)


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

    def count(self, spans: Spans) -> Counted:
        """Look the spans up; unknown ones are left out."""
        numbers = self._places[buckets(spans.hashes)].ravel()
        kept = np.flatnonzero(numbers)
        ends = np.searchsorted(kept, spans.starts * COLUMNS)
        return Counted(numbers[kept] - np.int32(1), ends)


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

    @cached_property
    def panel(self) -> Panel:
        """This classifier alone, laid out for serving."""
        return beside((self,))

    def ready(self) -> Linear:
        """Lay the weights out now, so that the first request does not wait for it."""
        _ = self.panel
        return self

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        """Calibrated probabilities `[texts, labels]`, rows sum to one; no texts give no rows."""
        return self.panel.probabilities(texts)[0]

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


@dataclass(frozen=True)
class Panel:
    """Some classifiers side by side, for which a text's spans are hashed and looked up once.

    `places` is the row of `weights` of each bucket, row 0 for none. A row holds the weights of every classifier,
    then for each the square of the span's part in a text's length.
    """

    heads: tuple[Linear, ...]
    places: NDArray[np.int32]
    weights: NDArray[np.float32]

    def logits(self, spans: Spans, texts: Sequence[str]) -> list[NDArray[np.floating[Any]]]:
        """Logits `[texts, labels]` of each classifier; `texts` are read by their encoders alone."""
        rows = self.places[buckets(spans.hashes)].ravel()
        ends = (spans.starts * COLUMNS).astype(np.int32)
        ones = np.ones(len(rows), dtype=np.float32)
        counted = sparse.csr_matrix((ones, rows, ends), shape=(len(spans), len(self.weights)))
        sums = np.asarray(counted @ self.weights)
        squares = sums[:, -len(self.heads) :]
        lengths = np.sqrt(np.where(squares > 1e-9, squares, 1.0))
        out: list[NDArray[np.floating[Any]]] = []
        first = 0
        for number, head in enumerate(self.heads):
            last = first + len(head.labels)
            logits = sums[:, first:last] / lengths[:, number : number + 1] + head.bias
            if head.encoder is not None and head.dense is not None:
                logits += head.encoder.encode(texts) @ head.dense
            out.append(logits)
            first = last
        return out

    def probabilities(self, texts: Sequence[str]) -> tuple[Probabilities, ...]:
        """Calibrated probabilities `[texts, labels]` of each classifier, rows sum to one."""
        out = tuple(np.empty((len(texts), len(head.labels)), dtype=np.float32) for head in self.heads)
        for first, last, spans in chunks(texts):
            for rows, logits in zip(out, self.logits(spans, texts[first:last]), strict=True):
                rows[first:last] = softmax(logits)
        return out


def beside(heads: Sequence[Linear]) -> Panel:
    """Lay classifiers side by side, for use on many texts."""
    known = np.unique(np.concatenate([head.table.known for head in heads]))
    places = np.zeros(BUCKETS, dtype=np.int32)
    places[known] = np.arange(1, len(known) + 1, dtype=np.int32)
    widths = [len(head.labels) for head in heads]
    weights = np.zeros((len(known) + 1, sum(widths) + len(heads)), dtype=np.float32)
    first = 0
    for number, head in enumerate(heads):
        rows = places[head.table.known]
        weights[rows, first : first + widths[number]] = head.weights
        weights[rows, sum(widths) + number] = np.square(head.table.telling)
        first += widths[number]
    return Panel(tuple(heads), places, weights)


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
