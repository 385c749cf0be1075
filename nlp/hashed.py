"""Every character run and word of a batch as one 64-bit hash: what the linear classifiers count.

Spans are hashed from prefix sums (Karp & Rabin 1987, modulo 2^64), so a batch costs a few array operations
whatever the length of a span, and no string is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.features import words
from nlp.text import normalise

LENGTHS = (1, 2, 3, 4)
COLUMNS = len(LENGTHS) + 1  # the last column holds the word that begins at a character
NOTHING = np.uint64(0)
LONGEST = 2000  # characters of one text that are read
CHUNK = 1 << 18  # characters worked on at once: bounds memory, fits the cache

_BREAK = "\n"  # never inside a normalised text
_ROOT = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SPREAD = np.uint64(0x94D049BB133111EB)
_WORD = np.uint64(0xD6E8FEB86659FD93)

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Spans:
    """Hashes of some texts, `[positions, COLUMNS]`; text i owns the rows `starts[i]` to `starts[i + 1]`.

    A cell without a span is 0. Runs may begin or end with the mark between texts, so that beginnings and
    ends are told from middles.
    """

    hashes: Hashes
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1


def _powers(root: np.uint64, count: int) -> Hashes:
    steps = np.full(count, root, dtype=np.uint64)
    steps[:1] = 1
    return np.cumprod(steps, dtype=np.uint64)


def _finish(hashes: Hashes, salt: np.uint64) -> Hashes:
    hashes = (hashes + salt) * _MIX
    hashes ^= hashes >> np.uint64(29)
    hashes *= _SPREAD
    return hashes | np.uint64(1)  # never NOTHING


def _word_starts(joined: str) -> NDArray[np.int64]:
    lengths = np.fromiter(map(len, words(joined)), dtype=np.int64)
    return np.concatenate(([0], np.cumsum(lengths)))


def _spans(texts: Sequence[str]) -> Spans:
    joined = _BREAK + _BREAK.join(texts) + _BREAK
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    count = len(codes) - 1
    starts = np.flatnonzero(codes == ord(_BREAK))
    following = np.repeat(starts[1:], np.diff(starts))
    prefix = np.zeros(count + 2, dtype=np.uint64)
    np.cumsum(codes * _powers(_ROOT, count + 1), out=prefix[1:])
    inverse = _powers(_INVERSE, count)
    place = np.arange(count)
    hashes = np.zeros((count, COLUMNS), dtype=np.uint64)
    for column, length in enumerate(LENGTHS):
        kept = np.flatnonzero(place + (length - 1) <= following)
        if length == 1:
            kept = np.flatnonzero(codes[:count] != ord(_BREAK))
        value = (prefix[kept + length] - prefix[kept]) * inverse[kept]
        hashes[kept, column] = _finish(value, np.uint64(length))
    edges = _word_starts(joined)
    begin, end = edges[:-1], edges[1:]
    kept = np.flatnonzero((begin < count) & (codes[np.minimum(begin, count)] != ord(_BREAK)))
    begin, end = begin[kept], np.minimum(end[kept], count)
    hashes[begin, COLUMNS - 1] = _finish((prefix[end] - prefix[begin]) * inverse[begin], _WORD)
    return Spans(hashes, starts)


def chunks(texts: Sequence[str]) -> Iterator[tuple[int, int, Spans]]:
    """Spans of the normalised texts, some texts at a time: first text, one past the last, their spans."""
    first, size, waiting = 0, 0, []
    for at, text in enumerate(texts):
        waiting.append(normalise(text[: 2 * LONGEST])[:LONGEST])
        size += len(waiting[-1]) + 1
        if size >= CHUNK or at + 1 == len(texts):
            yield first, at + 1, _spans(waiting)
            first, size, waiting = at + 1, 0, []
