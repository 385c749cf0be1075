"""Where the words of a query stand in a hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kb import keywords, sounds
from kb.query import Asked
from nlp import text as texts

LONGEST = 4_000
HEARD = 300
"""Characters of a text that are looked through for words, and for sounds."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """Half-open code-point span of the hit's `title` or `text`."""

    field: Literal["title", "text"]
    start: int
    end: int


def highlights(title: str, text: str, asked: Asked) -> tuple[Highlight, ...]:
    """Spans of the query's words, in order and not overlapping; by sound where no word is found."""
    wanted = [word for word in asked.words if len(word) > 1] or list(asked.words)
    spans = [Highlight("title", *span) for span in _spans(title, wanted)]
    spans += [Highlight("text", *span) for span in _spans(text[:LONGEST], wanted)]
    if not spans and len(asked.sounds):
        spans = [Highlight("title", *span) for span in _heard(title, asked)]
        spans += [Highlight("text", *span) for span in _heard(text[:HEARD], asked)]
    return tuple(spans)


def _spans(text: str, wanted: list[str]) -> list[tuple[int, int]]:
    plain = texts.normalise(text)
    found = [
        (at, at + len(word)) for word in wanted for at in _places(plain, word)
    ]  # offsets into the normalised text
    if not found:
        return []
    merged = _merged(found)
    if len(plain) == len(text):
        return merged
    mapped = texts.clean(text)  # slower, so only where normalising moved characters
    return _merged([mapped.span(at, at + len(word)) for word in wanted for at in _places(mapped.text, word)])


def _places(text: str, word: str) -> list[int]:
    found: list[int] = []
    at = text.find(word)
    while at >= 0:
        found.append(at)
        at = text.find(word, at + len(word))
    return found


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _heard(text: str, asked: Asked) -> list[tuple[int, int]]:
    clean = texts.clean(text)
    codes = [code for word in keywords.segmenter().cut(clean.text) for code in _codes(word)]
    heard = set(asked.sounds.tolist())
    found: list[tuple[int, int]] = []
    for at, token in enumerate(sounds.neighbours(codes)):
        if token in heard:
            found.append(clean.span(at, at + 2))
    return _merged(found)


def _codes(word: str) -> tuple[int, ...]:
    codes = sounds.syllables(word)
    return codes if len(codes) == len(word) else (sounds.BREAK,) * len(word)
