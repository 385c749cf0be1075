"""Text to countable features: characters, bigrams and jieba words; shared by encoder and classifiers.

Everything is computed for a whole batch at once: the texts become one array of code points, so the cost per
text is a few microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.codes import decoded, laid

Codes = NDArray[np.uint64]
Rows = NDArray[np.int64]

_BREAK = "\n"  # never inside a normalised text, whose white space is folded to spaces
_BREAK_CODE = 10
_BITS = np.uint64(21)  # a code point fits in 21 bits, so three fit in one key
_PLANE = 0x10000


@lru_cache(maxsize=1)
def _segmenter() -> Any:
    # An instance of our own: words a site adds elsewhere never change what a model sees.
    import rjieba

    return rjieba.Jieba()


@lru_cache(maxsize=1)
def _letters() -> NDArray[np.bool_]:
    # Above the first plane everything counts: rare characters and emoji.
    return np.array([chr(code).isalnum() for code in range(_PLANE)] + [True], dtype=np.bool_)


def words(text: str) -> list[str]:
    """jieba's words of one normalised text, in order, punctuation and spaces included."""
    return list(_segmenter().cut(text))


@dataclass(frozen=True)
class Batch:
    """Normalised texts as one row of code points. `size` is the number of texts."""

    joined: str
    size: int

    @cached_property
    def codes(self) -> Codes:
        data = self.joined.encode("utf-32-le", "surrogatepass")
        return np.frombuffer(data, dtype=np.uint32).astype(np.uint64)

    @cached_property
    def rows(self) -> Rows:
        """Number of the text that each code point stands in."""
        return np.cumsum(self.codes == _BREAK_CODE, dtype=np.int64)

    @cached_property
    def letters(self) -> NDArray[np.bool_]:
        return np.asarray(_letters()[np.minimum(self.codes, np.uint64(_PLANE)).astype(np.int64)])

    def grams(self, length: int) -> tuple[Codes, Rows]:
        """Keys and text numbers of all runs of `length` letters (1…3), in order of the text."""
        codes, letters = self.codes, self.letters
        count = max(len(codes) - length + 1, 0)
        keys, valid = codes[:count], letters[:count]
        for shift in range(1, length):
            keys = (keys << _BITS) | codes[shift : shift + count]
            valid = valid & letters[shift : shift + count]
        return keys[valid], self.rows[:count][valid]

    def numbers(self, vocabulary: Mapping[str, int]) -> tuple[Rows, Rows]:
        """Numbers in `vocabulary` and text numbers of the words found in it."""
        get = vocabulary.get
        pieces = _segmenter().cut(self.joined)
        found = np.array([-2 if piece == _BREAK else get(piece, -1) for piece in pieces], dtype=np.int64)
        rows = np.cumsum(found == -2, dtype=np.int64)
        kept = found >= 0
        return found[kept], rows[kept]

    def words(self) -> tuple[list[str], Rows]:
        """All words and their text numbers, without the breaks between texts."""
        pieces = list(_segmenter().cut(self.joined))
        breaks = np.fromiter((piece == _BREAK for piece in pieces), dtype=np.bool_, count=len(pieces))
        rows = np.cumsum(breaks, dtype=np.int64)[~breaks]
        return [piece for piece in pieces if piece != _BREAK], rows


def batch(texts: Sequence[str]) -> Batch:
    """Normalise the texts and lay them side by side."""
    return Batch(decoded(laid(texts))[1:-1], len(texts))


def gram_key(gram: str) -> int:
    """The key of one run of at most three characters, as `Batch.grams` counts it."""
    key = 0
    for character in gram:
        key = (key << int(_BITS)) | ord(character)
    return key


def gram_text(key: int) -> str:
    """The characters behind a key."""
    mask, characters = (1 << int(_BITS)) - 1, ""
    while key:
        characters, key = chr(key & mask) + characters, key >> int(_BITS)
    return characters
