"""The encoder behind the doors: a quick one is called in place, a slow one once for many requests.

A slow encoder runs on a thread of its own. What asks for a vector stays on the event loop and plain: it is run
with an `encode` that knows the vectors at hand, and run anew when those it wanted have come.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from api.telemetry import ENCODED, ENCODER_CALLS, REFUSED, REMEMBERED
from nlp.batcher import Batcher, BatcherFull
from nlp.encode import Encoder, OnnxEncoder, Vectors

T = TypeVar("T")
Row = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]

SLOW_MS = 0.5
"""A text that takes longer would be felt by the other requests of the event loop."""
CACHE_BYTES = 16 << 20
PROBES = ("您好，请问怎么退货", "退款什么时候到账", "好的")


class _Wanted(Exception):
    """Texts whose vectors are not at hand."""

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__(len(texts))
        self.texts = texts


class Recent:
    """Vectors of texts asked for lately, at most `most` bytes; the one longest unused goes first."""

    def __init__(self, most: int) -> None:
        self._most, self.held = most, 0
        self._rows: OrderedDict[tuple[str, str], Row] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, version: str, text: str) -> Row | None:
        """The vector of a text by one encoder, None where it is not remembered."""
        with self._lock:
            row = self._rows.get((version, text))
            if row is not None:
                self._rows.move_to_end((version, text))
            return row

    def put(self, version: str, text: str, row: Row) -> None:
        """Remember a vector; one that fills the whole cache alone is not."""
        key = (version, text)
        with self._lock:
            if key in self._rows or _size(key, row) > self._most:
                return
            self._rows[key] = row
            self.held += _size(key, row)
            while self.held > self._most:
                old, gone = self._rows.popitem(last=False)
                self.held -= _size(old, gone)


def _size(key: tuple[str, str], row: Row) -> int:
    return row.nbytes + 4 * len(key[1]) + 200  # and what the dictionary and the objects take


def single_ms(compute: Callable[[Sequence[str]], object]) -> float:
    """Milliseconds for one short text: the least of a few, so that a busy machine does not look like a slow model."""
    compute(PROBES[:1])
    taken: list[float] = []
    for text in (*PROBES, *PROBES):
        began = time.perf_counter()
        compute([text])
        taken.append(time.perf_counter() - began)
    return min(taken) * 1000


class Encoding:
    """One encoder as requests use it. `identity` names the very model files, for what is kept on disk."""

    def __init__(
        self, encoder: Encoder, identity: str = "", waiting: int = 256, cache_bytes: int = CACHE_BYTES
    ) -> None:
        self.encoder, self.identity = encoder, identity or encoder.version
        self.single_ms = single_ms(encoder.encode)
        self.threads = encoder.threads if isinstance(encoder, OnnxEncoder) else 1
        self.slow = isinstance(encoder, OnnxEncoder) or self.single_ms > SLOW_MS
        self.recent = Recent(cache_bytes)
        self._batcher: Batcher[Row] | None = None
        if self.slow:
            self._batcher = Batcher(self._compute, most_waiting=max(waiting, 1), name="encoder")

    @property
    def waiting(self) -> int:
        """Texts that wait for a vector."""
        return 0 if self._batcher is None else self._batcher.waiting

    def told(self) -> dict[str, object]:
        """What /readyz says of it."""
        return {
            "version": self.encoder.version,
            "single_ms": round(self.single_ms, 3),
            "batched": self.slow,
            "threads": self.threads,
            "waiting": self.waiting,
            "remembered": len(self.recent),
        }

    async def think(self, work: Callable[[Encode], T]) -> T:
        """What `work` gives, with every vector it asks for; `work` must be free of effects, for it may run twice.

        Raises BatcherFull when too many texts wait, BatcherStopped after `close`.
        """
        if self._batcher is None:
            return work(self.encoder.encode)
        found: dict[str, Row] = {}

        def known(texts: Sequence[str]) -> Vectors:
            return self._known(texts, found)

        while True:
            try:
                return work(known)
            except _Wanted as wanted:
                found.update(await self._fetch(wanted.texts))

    def close(self) -> None:
        """Answer what waits, then stop."""
        if self._batcher is not None:
            self._batcher.close()

    def _seen(self, text: str) -> str:
        return self.encoder.seen(text) if isinstance(self.encoder, OnnxEncoder) else text

    def _known(self, texts: Sequence[str], found: dict[str, Row]) -> Vectors:
        """Rows of the texts; `found` pins those this piece of work has, so that it ends. Raises _Wanted."""
        missing: list[str] = []
        for text in dict.fromkeys(map(self._seen, texts)):
            if text not in found:
                row = self.recent.get(self.identity, text)
                if row is None:
                    missing.append(text)
                else:
                    REMEMBERED.inc()
                    found[text] = row
        if missing:
            raise _Wanted(missing)
        if not texts:
            return np.empty((0, self.encoder.dim), np.float32)
        return np.stack([found[self._seen(text)] for text in texts])

    async def _fetch(self, texts: Sequence[str]) -> dict[str, Row]:
        assert self._batcher is not None
        try:
            rows = await self._batcher.ask(texts)
        except BatcherFull:
            REFUSED.labels("encoder").inc()
            raise
        return dict(zip(texts, rows, strict=True))

    def _compute(self, texts: Sequence[str]) -> Sequence[Row]:
        distinct = list(dict.fromkeys(texts))
        rows = dict(zip(distinct, self.encoder.encode(distinct), strict=True))
        ENCODER_CALLS.inc()
        ENCODED.inc(len(distinct))
        for text, row in rows.items():
            # a copy: a row of the batch would keep the whole batch in memory
            rows[text] = kept = row.copy()
            self.recent.put(self.identity, text, kept)
        return [rows[text] for text in texts]
