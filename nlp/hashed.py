"""Every character run and word of a batch as one 64-bit hash: what the linear classifiers count.

Spans are hashed from prefix sums (Karp & Rabin 1987, modulo 2^64), so a batch costs a few array operations
whatever the length of a span, and no string is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nlp.codes import BREAK, Codes, decoded, laid
from nlp.features import words

LENGTHS = (1, 2, 3, 4)
COLUMNS = len(LENGTHS) + 1  # the last column holds the word that begins at a character
NOTHING = np.uint64(0)
LONGEST = 2000  # characters of one text that are read
CHUNK = 1 << 18  # characters worked on at once: bounds memory, fits the cache

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
    ends are told from middles. `joined` are the normalised texts, a break before each and after the last.
    """

    hashes: Hashes
    starts: NDArray[np.int64]
    joined: str

    def __len__(self) -> int:
        return len(self.starts) - 1


@lru_cache(maxsize=32)
def _powers(root: np.uint64, count: int) -> Hashes:
    steps = np.full(count, root, dtype=np.uint64)
    steps[:1] = 1
    return np.cumprod(steps, dtype=np.uint64)


def _finish(hashes: Hashes, salt: np.uint64) -> Hashes:
    hashes += salt
    hashes *= _MIX
    hashes ^= hashes >> np.uint64(29)
    hashes *= _SPREAD
    hashes |= np.uint64(1)  # never NOTHING
    return hashes


def _word_starts(joined: str) -> NDArray[np.int64]:
    pieces = words(joined)
    starts = np.zeros(len(pieces) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces)), out=starts[1:])
    return starts


def _cut(codes: Codes) -> Codes:
    """Texts longer than `LONGEST` lose their ends."""
    starts = np.flatnonzero(codes == BREAK)
    lengths = np.diff(starts)
    if not len(lengths) or lengths.max() <= LONGEST + 1:
        return codes
    place = np.arange(len(codes) - 1) - np.repeat(starts[:-1], lengths)
    return np.append(codes[:-1][place <= LONGEST], np.uint32(BREAK))


def hashed(codes: Codes) -> Spans:
    """Hash every span of some texts laid side by side."""
    count, joined = len(codes) - 1, decoded(codes)
    starts = np.flatnonzero(codes == BREAK)
    size = 1 << max(count + 1, 1 << 8).bit_length()  # few sizes, so that powers are kept
    prefix = np.zeros(count + 1 + LENGTHS[-1], dtype=np.uint64)
    np.cumsum(codes.astype(np.uint64) * _powers(_ROOT, size)[: count + 1], out=prefix[1 : count + 2])
    inverse = _powers(_INVERSE, size)[:count]
    hashes = np.empty((count, COLUMNS), dtype=np.uint64)
    for column, length in enumerate(LENGTHS):
        value = prefix[length : length + count] - prefix[:count]
        value *= inverse
        hashes[:, column] = _finish(value, np.uint64(length))
    hashes[starts[:-1], 0] = NOTHING
    for length in LENGTHS[2:]:  # these would reach past the break behind their text
        for short in range(1, length - 1):
            place = starts[1:] - short
            hashes[place[place >= 0], length - 1] = NOTHING
    hashes[:, COLUMNS - 1] = NOTHING
    edges = _word_starts(joined)
    begin, end = edges[:-1], edges[1:]
    kept = np.flatnonzero(codes[begin] != BREAK)
    begin, end = begin[kept], end[kept]
    hashes[begin, COLUMNS - 1] = _finish((prefix[end] - prefix[begin]) * inverse[begin], _WORD)
    return Spans(hashes, starts, joined)


def read(texts: Sequence[str]) -> Iterator[tuple[int, int, Codes]]:
    """What is read of the texts, normalised, some at a time: first text, one past the last, code points."""
    first, size, waiting = 0, 0, []
    for at, text in enumerate(texts):
        waiting.append(text[: 2 * LONGEST])
        size += len(waiting[-1]) + 1
        if size >= CHUNK or at + 1 == len(texts):
            yield first, at + 1, _cut(laid(waiting))
            first, size, waiting = at + 1, 0, []


def chunks(texts: Sequence[str]) -> Iterator[tuple[int, int, Spans]]:
    """Spans of what is read of the texts, some at a time: first text, one past the last, their spans."""
    for first, last, codes in read(texts):
        yield first, last, hashed(codes)
