"""Many texts normalised at once, as one row of code points: what `nlp.text.normalise` gives, many times as fast.

Nearly every character of a message has one compatible small form, whatever stands beside it: a table gives it.
A text that holds another character (a mark that combines, a ligature) goes through `normalise` itself. Then all
texts are simplified in one pass.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nlp.text import folded, normalise, simplify

BREAK = 10  # "\n", never inside a normalised text: stands before, between and after the texts

Codes = NDArray[np.uint32]

_MARK = "\uffff"  # the break, as long as "\n" may still stand inside a text
_ALONE, _DROPPED, _SPACE = 0, 1, 32
_ELLIPSIS, _DOTS = "…", "..."
_KNOWN = 0x1FC00  # characters from here on are rare enough for `normalise`
_PLAIN = (
    *((0x20, 0x7E), (0xA0, 0x24F), (0x386, 0x3FF), (0x400, 0x482), (0x48A, 0x52F), (0x2000, 0x20CF)),
    *((0x2100, 0x2BFF), (0x2E80, 0x3029), (0x3030, 0x3096), (0x309B, 0x33FF), (0x3400, 0x9FFF)),
    *((0xAC00, 0xD7A3), (0xE000, 0xF8FF), (0xFE10, 0xFE1F), (0xFE30, 0xFE6F), (0xFF01, 0xFF9F)),
    *((0xFFE0, 0xFFEE), (0x1F000, 0x1FBFF)),
)
"""Ranges without characters that combine with the one before."""
_THEMSELVES = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3))
"""Ranges of those whose every character stands for itself: asking each would take a tenth of a start."""
_PICTURES = 0x2FF  # U+2FF0… describe a character by those that follow, so that a converter reads past a break
_BY_PLACE = (0x3A3, 0x3F9)  # capital sigmas, whose small form depends on what follows


def _form(code: int) -> int:
    """The one character that stands for this one, `_DROPPED`, or `_ALONE` where there is no such thing."""
    plain = unicodedata.normalize("NFKC", chr(code)).lower()
    if len(plain) != 1 or unicodedata.combining(plain) or code in _BY_PLACE:
        return _ALONE
    if plain.isspace():
        return _SPACE if folded(f"a{plain}b") == "a b" else _DROPPED
    return ord(plain) if folded(plain) else _DROPPED


def _formed(first: int, last: int) -> list[int]:
    return [code if any(low <= code <= high for low, high in _THEMSELVES) else _form(code)
            for code in range(first, last + 1)]  # fmt: skip


@lru_cache(maxsize=1)
def _forms() -> Codes:
    table = np.full(_KNOWN + 1, _ALONE, dtype=np.uint32)
    for first, last in _PLAIN:
        table[first : last + 1] = _formed(first, last)
    for code in (0x09, 0x0A, 0xAD, *range(0xFE00, 0xFE10), 0xFEFF):
        table[code] = _SPACE if code < _SPACE else _DROPPED
    table[ord(_MARK)] = BREAK
    return table


def prepare() -> None:
    """Build the table now, so that the first batch does not wait for it."""
    _forms()


def _encoded(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def decoded(codes: Codes) -> str:
    """The characters of code points."""
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def _joined(texts: Sequence[str]) -> Codes:
    return _encoded(_MARK + _MARK.join(texts).replace(_ELLIPSIS, _DOTS) + _MARK)


def _folded(codes: Codes) -> Codes:
    """Nothing dropped is left, runs of spaces are one, and none stands beside a break."""
    if (codes == _DROPPED).any():
        codes = codes[codes != _DROPPED]
    space = codes == _SPACE
    again = space[1:] & space[:-1]
    if again.any():
        codes = codes[np.concatenate(([True], ~again))]
        space = codes == _SPACE
    edge = codes == BREAK
    beside = np.zeros_like(space)
    beside[1:-1] = space[1:-1] & (edge[:-2] | edge[2:])
    return codes[~beside] if beside.any() else codes


def _one_by_one(texts: Sequence[str]) -> Codes:
    return _encoded("\n" + "".join([normalise(text) + "\n" for text in texts]))


def laid(texts: Sequence[str]) -> Codes:
    """Code points of the normalised texts, a break before each and after the last; no texts give one break."""
    if len(texts) < 2 or any(_MARK in text for text in texts):
        return _one_by_one(texts)
    forms = _forms()
    codes = _joined(texts)
    plain = forms[np.minimum(codes, np.uint32(_KNOWN))]
    if (plain == _ALONE).any():
        number = np.cumsum(codes == ord(_MARK)) - 1
        alone = np.zeros(len(texts) + 1, dtype=np.bool_)
        alone[number[plain == _ALONE]] = True
        codes = _joined([folded(text) if own else text for text, own in zip(texts, alone, strict=False)])
        mark = codes == ord(_MARK)
        plain = forms[np.minimum(codes, np.uint32(_KNOWN))]
        plain = np.where(alone[np.cumsum(mark) - 1] & ~mark, codes, plain)
    plain = _folded(plain)
    return _one_by_one(texts) if (plain >> 4 == _PICTURES).any() else _encoded(simplify(decoded(plain)))
