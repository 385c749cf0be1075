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
ASKED = 200
"""Characters of a query that are looked for."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """Half-open code-point span of the hit's `title` or `text`."""

    field: Literal["title", "text"]
    start: int
    end: int


def highlights(title: str, text: str, asked: Asked) -> tuple[Highlight, ...]:
    """Spans of what the query and the hit have in common, in order, apart; by sound where that is nothing."""
    spans = [Highlight("title", *span) for span in _spans(title, asked)]
    spans += [Highlight("text", *span) for span in _spans(text[:LONGEST], asked)]
    if not spans and len(asked.sounds):
        spans = [Highlight("title", *span) for span in _heard(title, asked)]
        spans += [Highlight("text", *span) for span in _heard(text[:HEARD], asked)]
    return tuple(spans)


def common(asked: Asked, plain: str) -> tuple[str, ...]:
    """Parts of the query that stand in normalised text: codes and Latin words whole, longest runs of Chinese.

    Runs rather than words, because the same characters may be cut differently in a question and an answer.
    """
    found = [word for word in asked.words if word.isascii() and word in plain]
    query, at = asked.clean[:ASKED], 0
    while at < len(query):
        end = at
        while end < len(query) and _han(query[end]) and query[at : end + 1] in plain:
            end += 1
        if end - at > 1 or (end - at == 1 and len(query) == 1):
            found.append(query[at:end])
        at = max(end, at + 1)
    return tuple(dict.fromkeys(found))


def _han(character: str) -> bool:
    return character.isalnum() and not character.isascii()


def _spans(text: str, asked: Asked) -> list[tuple[int, int]]:
    plain = texts.normalise(text)
    wanted = common(asked, plain)
    merged = _merged([(at, at + len(word)) for word in wanted for at in _places(plain, word)])
    if not merged or len(plain) == len(text):
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
