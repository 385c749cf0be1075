"""Which texts lie near which: unit vectors of an encoder, or of hashed spans where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.encode import Encoder, Vectors, unit
from nlp.hashed import chunks

_WIDTH = 512
_BLOCK = 1024

Numbers = NDArray[np.int64]


def vectors(texts: Sequence[str], encoder: Encoder | None) -> Vectors:
    """Unit rows `[texts, dim]`: the encoder's, or signed sums of span hashes (Weinberger et al. 2009)."""
    if encoder is not None:
        return encoder.encode(texts)
    out = np.zeros((len(texts), _WIDTH), dtype=np.float32)
    for first, _, spans in chunks(texts):
        rows = np.repeat(np.arange(len(spans)) + first, np.diff(spans.starts))
        for column in range(spans.hashes.shape[1]):
            hashes = spans.hashes[: len(rows), column]
            there = hashes != 0
            place = ((hashes >> np.uint64(20)) % np.uint64(_WIDTH)).astype(np.int64)
            sign = np.where((hashes >> np.uint64(40)) & np.uint64(1), 1.0, -1.0).astype(np.float32)
            np.add.at(out, (rows[there], place[there]), sign[there])
    return unit(out)


def nearest(
    rows: Vectors, among: Vectors, count: int, itself: bool = False
) -> tuple[Numbers, NDArray[np.float32]]:
    """Places and cosines `[rows, count]` of the nearest of `among`, nearest first.

    `itself`: `rows` is `among`, and no row is its own neighbour.
    """
    count = min(count, len(among) - int(itself))
    places = np.empty((len(rows), count), dtype=np.int64)
    cosines = np.empty((len(rows), count), dtype=np.float32)
    for first in range(0, len(rows), _BLOCK):
        part = rows[first : first + _BLOCK] @ among.T
        if itself:
            part[np.arange(len(part)), np.arange(first, first + len(part))] = -2.0
        chosen = np.argpartition(-part, max(count - 1, 0), axis=1)[:, :count]
        values = np.take_along_axis(part, chosen, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        places[first : first + len(part)] = np.take_along_axis(chosen, order, axis=1)
        cosines[first : first + len(part)] = np.take_along_axis(values, order, axis=1)
    return places, cosines
