"""How near a turn comes to a standard sentence, whose `*` or `{名称}` stands for anything of a few letters."""

from __future__ import annotations

import re
from functools import lru_cache

from nlp.text import bigrams, key, normalise, sentences

_SLOT = re.compile(r"\*|\{[^{}]*\}")


@lru_cache(maxsize=2048)
def fixed(script: str) -> tuple[str, ...]:
    """The parts of a standard sentence between its slots, normalised."""
    return tuple(part for piece in _SLOT.split(script) if key(part := normalise(piece)))


def plain(script: str) -> str:
    """A standard sentence without its slots, to be compared by meaning."""
    return "".join(fixed(script))


@lru_cache(maxsize=2048)
def _exact(script: str, slot: int) -> re.Pattern[str]:
    return re.compile(f".{{0,{slot}}}?".join(re.escape(key(part)) for part in fixed(script)))


def says(script: str, text: str, slot: int) -> bool:
    """Whether the letters of the sentence stand in the text, with at most `slot` letters in each slot."""
    return bool(fixed(script)) and _exact(script, slot).search(key(text)) is not None


def share(script: str, text: str) -> float:
    """Share of the sentence's bigrams that the text has; none reaches across a slot."""
    wanted = frozenset().union(*map(bigrams, fixed(script)))
    return len(bigrams(text) & wanted) / len(wanted) if wanted else 0.0


def pieces(text: str) -> list[tuple[int, int]]:
    """A turn and, where it has several, its sentences, as spans."""
    found = list(sentences(text))
    return [(0, len(text)), *found] if len(found) > 1 else [(0, len(text))]
