"""Normalised text with a way back to the text as it was sent.

A leaf: imports nothing of ours, so that the index and the models see the same text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

NORMALISER = "1"
"""Version of `normalise`; stored in every index and model, which refuse a stranger."""

_INVISIBLE = re.compile(
    r"[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0f\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;\n]*")
_NOT_LETTER = re.compile(r"[\W_]+")
_ONE_TO_ONE = re.compile(
    r"(?:[!-~\u2018\u2019\u201c\u201d\u2014\u3001-\u3003\u3008-\u3011\u4e00-\u9fff\uff01-\uff5e]"
    r"| (?=[^ ]))*",
    re.ASCII,
)
"""Texts of characters that each stay one character, with single spaces inside at most."""


@dataclass(frozen=True, slots=True)
class Clean:
    """Normalised `text`; `origin[i]` is the code-point offset in the source of its i-th character."""

    text: str
    origin: tuple[int, ...]
    length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Half-open span of the source that the span `[start, end)` of the clean text came from."""
        if start >= end or start >= len(self.origin):
            at = self.origin[start] if start < len(self.origin) else self.length
            return at, at
        last = self.origin[min(end, len(self.origin)) - 1]
        return self.origin[start], last + 1


@lru_cache(maxsize=1)
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Traditional characters to simplified ones (OpenCC t2s); same length for ordinary text."""
    return str(_converter().convert(_SURROGATE.sub("\ufffd", text)))  # half a character cannot be encoded


def folded(text: str) -> str:
    """`normalise` without its last step: traditional characters stay."""
    text = unicodedata.normalize("NFKC", text).lower()
    return _SPACE.sub(" ", _INVISIBLE.sub("", text)).strip()


def normalise(text: str) -> str:
    """NFKC, lower case, simplified characters, invisible characters gone, white space folded to one space."""
    text = folded(text)
    return text if text.isascii() else simplify(text)


def clean(text: str) -> Clean:
    """`normalise` with offsets kept: slower, for results that must point into the text as sent."""
    if text[:1] != " " and _ONE_TO_ONE.fullmatch(text):
        plain = normalise(text)
        if len(plain) == len(text):  # a phrase rule of the simplifier may still have changed it
            return Clean(plain, tuple(range(len(text))), len(text))
    characters: list[str] = []
    origin: list[int] = []
    for at, character in enumerate(text):
        for piece in unicodedata.normalize("NFKC", character).lower():
            space = piece.isspace()
            if _INVISIBLE.match(piece) or (space and (not characters or characters[-1] == " ")):
                continue
            characters.append(" " if space else piece)
            origin.append(at)
    joined = "".join(characters)
    simplified = joined if joined.isascii() else simplify(joined)
    if len(simplified) != len(joined):  # a phrase rule changed the length: convert one by one to keep the map
        simplified = "".join(part if len(part := simplify(c)) == 1 else c for c in joined)
    return Clean(simplified, tuple(origin), len(text))


def key(text: str) -> str:
    """Letters and digits only, NFKC, case-folded: two texts with one key are the same text."""
    return _NOT_LETTER.sub("", unicodedata.normalize("NFKC", text).casefold())


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Half-open spans of the sentences of `text`, without surrounding white space."""
    for match in _SENTENCE.finditer(text):
        start, end = match.span()
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        if start < end:
            yield start, end


def bigrams(text: str) -> frozenset[str]:
    """Character bigrams of the letters and digits; a one-letter text is its own only member."""
    letters = key(text)
    return frozenset(letters[i : i + 2] for i in range(len(letters) - 1)) or frozenset({letters} - {""})


def overlap(left: str, right: str) -> float:
    """Jaccard overlap of character bigrams, 0…1."""
    a, b = bigrams(left), bigrams(right)
    return len(a & b) / len(a | b) if a and b else 0.0
