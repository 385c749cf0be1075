"""A linear classifier over hashed spans, as served: a few array operations for a whole batch.

`probability = softmax(sum(weights of the spans) / length + vector · dense + bias)`. What a span tells about the
labels and the calibration are folded into the weights when the classifier is fitted, so that serving knows nothing of either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from nlp.codes import prepare
from nlp.encode import Encoder
from nlp.hashed import COLUMNS, LONGEST, Hashes, Spans, chunks

BITS = 22  # of a hash that name a bucket: with 20, a hundred thousand texts fill every bucket

Probabilities = NDArray[np.float32]


def buckets(hashes: Hashes, bits: int = BITS) -> NDArray[np.int32]:
    """Bucket of each hash, 1…2^bits - 1; bucket 0 is for "no span" alone."""
    place = (hashes >> np.uint64(64 - bits)).astype(np.int32)
    return np.asarray(np.maximum(place, hashes != 0), dtype=np.int32)


def softmax(logits: NDArray[Any]) -> Probabilities:
    """Rows of logits to rows that sum to one."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


@lru_cache(maxsize=1)
def _dampings() -> NDArray[np.float32]:
    times = np.maximum(np.arange(COLUMNS * LONGEST + 1), 1)
    return np.asarray(1 + np.log(times), dtype=np.float32)


def lookup(spans: Spans, places: NDArray[np.int32], columns: int, damped: bool) -> sparse.csr_matrix:
    """`[texts, columns]` float32: how often each known span stands in each text, or 1 + its logarithm.

    `places` is the column of each bucket plus one, 0 for unknown. A word said ten times is not ten times as
    telling; sorting tells how often it was said, at a microsecond a text.
    """
    bits = len(places).bit_length() - 1
    numbers = places[buckets(spans.hashes, bits)]
    texts = np.repeat(np.arange(len(spans), dtype=np.int64) << bits, np.diff(spans.starts))
    keys = (texts[:, None] | numbers)[numbers > 0]
    data = np.ones(len(keys), dtype=np.float32)
    if damped:
        keys.sort()
        first = np.flatnonzero(np.diff(keys, prepend=np.int64(-1)))
        data, keys = _dampings()[np.diff(first, append=len(keys))], keys[first]
    ends = np.arange(len(spans) + 1, dtype=np.int64) << bits
    indices = (keys & ((1 << bits) - 1)).astype(np.int32) - np.int32(1)
    pointers = np.searchsorted(keys, ends).astype(np.int32)
    return sparse.csr_matrix((data, indices, pointers), shape=(len(spans), columns))


@dataclass(frozen=True)
class Table:
    """The buckets a classifier knows, in the order of its weights, and the weight of each in a text's length.

    `damped`: a span that a text repeats counts by the logarithm of its number.
    """

    known: NDArray[np.int32]
    telling: NDArray[np.float32]
    bits: int = BITS
    damped: bool = True

    @cached_property
    def places(self) -> NDArray[np.int32]:
        """Row of weights of each bucket plus one, 0 for unknown."""
        places = np.zeros(1 << self.bits, dtype=np.int32)
        places[self.known] = np.arange(1, len(self.known) + 1, dtype=np.int32)
        return places

    def count(self, spans: Spans) -> sparse.csr_matrix:
        """`[texts, known spans]`: how much each counts."""
        return lookup(spans, self.places, len(self.known), self.damped)


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
    growth: float = 0.0
    shift: NDArray[np.float32] | None = None
    """Logits are `sum * length ** growth + shift`: how sure a sum makes goes with the text's length."""

    @cached_property
    def panel(self) -> Panel:
        """This classifier alone, laid out for serving."""
        return beside((self,))

    def ready(self) -> Linear:
        """Lay weights and tables out now, so that the first request does not wait for them."""
        _ = self.panel
        prepare()
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
            "counting": np.array([self.table.bits, self.table.damped], dtype=np.uint8),
        }
        if self.dense is not None:
            stored["dense"] = self.dense.astype(np.float16)
        if self.shift is not None:
            stored["growth"] = np.array([self.growth], dtype=np.float32)
            stored["shift"] = self.shift.astype(np.float32)
        return stored


@dataclass(frozen=True)
class Panel:
    """Some classifiers side by side, for which a text's spans are hashed and looked up once.

    A row of `weights` holds those of every classifier, then for each the square of the span's part in a text's
    length; `places` is the row of each bucket plus one.
    """

    heads: tuple[Linear, ...]
    places: NDArray[np.int32]
    weights: NDArray[np.float32]

    def logits(self, spans: Spans, texts: Sequence[str]) -> list[NDArray[np.floating[Any]]]:
        """Logits `[texts, labels]` of each classifier; `texts` are read by their encoders alone."""
        counted = lookup(spans, self.places, len(self.weights), self.heads[0].table.damped)
        sums = np.asarray(counted @ self.weights)
        squares = sums[:, -len(self.heads) :]
        if self.heads[0].table.damped:
            squares += self._repeated(counted)
        lengths = np.sqrt(np.where(squares > 1e-9, squares, 1.0))
        out: list[NDArray[np.floating[Any]]] = []
        first = 0
        for number, head in enumerate(self.heads):
            last = first + len(head.labels)
            logits = sums[:, first:last] / lengths[:, number : number + 1] + head.bias
            if head.encoder is not None and head.dense is not None:
                logits += head.encoder.encode(texts) @ head.dense
            if head.shift is not None:
                logits = logits * lengths[:, number : number + 1] ** head.growth + head.shift
            out.append(logits)
            first = last
        return out

    def _repeated(self, counted: sparse.csr_matrix) -> NDArray[np.float32]:
        """What repeats add to squared lengths: a span that counts c stands in the sums with c, not with c * c."""
        again = np.flatnonzero(counted.data != 1)
        times = counted.data[again]
        rows = np.searchsorted(counted.indptr, again, side="right") - 1
        part = self.weights[counted.indices[again], -len(self.heads) :] * (times * (times - 1))[:, None]
        added = [np.bincount(rows, weights=column, minlength=counted.shape[0]) for column in part.T]
        return np.stack(added, axis=1).astype(np.float32)

    def probabilities(self, texts: Sequence[str]) -> tuple[Probabilities, ...]:
        """Calibrated probabilities `[texts, labels]` of each classifier, rows sum to one."""
        out = tuple(np.empty((len(texts), len(head.labels)), dtype=np.float32) for head in self.heads)
        for first, last, spans in chunks(texts):
            for rows, logits in zip(out, self.logits(spans, texts[first:last]), strict=True):
                rows[first:last] = softmax(logits)
        return out


def alike(heads: Sequence[Linear]) -> bool:
    """Whether classifiers name and count their spans in the same way, so that they can stand side by side."""
    return len({(head.table.bits, head.table.damped) for head in heads}) == 1


def beside(heads: Sequence[Linear]) -> Panel:
    """Lay classifiers side by side, for use on many texts. Raises ValueError where they are not `alike`."""
    if not alike(heads):
        raise ValueError("这些分类器的特征不同，不能并排")
    marked = np.zeros(1 << heads[0].table.bits, dtype=np.bool_)
    for head in heads:
        marked[head.table.known] = True
    known = np.flatnonzero(marked).astype(np.int32)  # np.unique takes a hundred times as long
    widths = [len(head.labels) for head in heads]
    weights = np.zeros((len(known), sum(widths) + len(heads)), dtype=np.float32)
    first = 0
    for number, head in enumerate(heads):
        rows = np.searchsorted(known, head.table.known)
        weights[rows, first : first + widths[number]] = head.weights
        weights[rows, sum(widths) + number] = np.square(head.table.telling)
        first += widths[number]
    table = Table(known, np.zeros(0, dtype=np.float32), heads[0].table.bits)
    return Panel(tuple(heads), table.places, weights)


def from_tensors(
    tensors: Mapping[str, NDArray[Any]], labels: Sequence[str], version: str, encoder: Encoder | None
) -> Linear:
    """The classifier behind stored arrays. Raises ValueError where shapes disagree."""
    weights, dense = tensors["weights"], tensors.get("dense")
    if weights.shape != (len(tensors["buckets"]), len(labels)) or tensors["bias"].shape != (len(labels),):
        raise ValueError("权重与标签数不一致")
    if dense is not None and (encoder is None or dense.shape != (encoder.dim, len(labels))):
        raise ValueError("权重与编码器维数不一致")
    shift = tensors.get("shift")
    if shift is not None and shift.shape != (len(labels),):
        raise ValueError("校准与标签数不一致")
    bits, damped = tensors.get("counting", (20, 0))  # what classifiers did before it was written down
    scale = tensors["scale"].astype(np.float32)
    return Linear(
        labels=tuple(labels),
        version=version,
        table=Table(
            known=tensors["buckets"].astype(np.int32),
            telling=tensors["telling"].astype(np.float32),
            bits=int(bits),
            damped=bool(damped),
        ),
        weights=weights.astype(np.float32) * scale[:, None],
        bias=tensors["bias"].astype(np.float32),
        encoder=encoder if dense is not None else None,
        dense=None if dense is None else dense.astype(np.float32),
        growth=0.0 if shift is None else float(tensors["growth"][0]),
        shift=shift,
    )
