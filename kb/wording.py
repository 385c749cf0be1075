"""Where the words of a query stand in an answer: near its beginning, and near each other.

Headings and questions name what an answer begins with; a passage that holds the words far apart is often about
something else. Positions are not in the index: they are read from the texts of the few entries that are ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kb import keywords
from kb.postings import Floats, Ints, Tokens
from kb.query import Asked
from nlp import text as texts

LONGEST = 2_000
"""Characters of an answer that are read."""
FADE = 40.0
"""Characters after which a first mention counts a third."""
BLOCK = 16
"""A window is four blocks of this many characters."""
_SLOTS = 1 << 14


@dataclass(frozen=True, slots=True)
class Wording:
    """Shares of the query's idf `[n]`: `early` fades with the place of the first mention, `near` is the most
    within 64 characters."""

    early: Floats
    near: Floats


@lru_cache(maxsize=1 << 14)
def _parts(text: str) -> tuple[Tokens, Ints, int]:
    plain = texts.normalise(text[:LONGEST])
    found, places = keywords.grams(plain)
    return found, places, len(plain)


def wording(answers: Sequence[str], asked: Asked, idf: Floats) -> Wording:
    """How the parts of the query stand in each text; `idf` is per concept."""
    first = asked.tokens[asked.concepts] if len(asked.tokens) else asked.tokens
    mine = np.flatnonzero(np.isin(first, keywords.grams(asked.clean)[0]))
    read = [_parts(answer) for answer in answers]
    lengths = np.array([length for *_, length in read], np.int64)
    share = (idf[mine] / max(float(idf[mine].sum()), 1e-6)).astype(np.float32)
    counts = [len(found) for found, *_ in read]
    if not len(mine) or not sum(counts):
        empty = np.zeros(len(read), np.float32)
        return Wording(empty, empty)
    slots = np.full(_SLOTS, -1, np.int32)
    slots[first[mine] % _SLOTS] = np.arange(len(mine))
    flat = np.concatenate([found for found, *_ in read])
    slot = slots[flat % _SLOTS]
    hit = np.flatnonzero(slot >= 0)
    hit = hit[first[mine][slot[hit]] == flat[hit]]
    owner = np.repeat(np.arange(len(read)), counts)[hit]
    place = np.concatenate([places for _, places, _ in read])[hit]
    early = _early(len(read), owner, slot[hit], place, share)
    return Wording(early, _near(lengths, owner, slot[hit], place, share))


def _early(count: int, owner: Ints, slot: Ints, place: Ints, share: Floats) -> Floats:
    first = np.full((count, len(share)), np.inf, np.float32)
    np.minimum.at(first, (owner, slot), place)
    found: Floats = (np.exp(-first / np.float32(FADE)) @ share).astype(np.float32)
    return found


def _near(lengths: Ints, owner: Ints, slot: Ints, place: Ints, share: Floats) -> Floats:
    blocks = lengths // BLOCK + 4  # empty ones behind each text keep windows inside it
    starts = np.concatenate(([0], np.cumsum(blocks)[:-1]))
    held = np.zeros((int(blocks.sum()) + 3, len(share)), np.float32)
    held[starts[owner] + place // BLOCK, slot] = 1
    pair = np.maximum(held[:-1], held[1:])
    window = np.maximum(pair[:-2], pair[2:]) @ share
    found: Floats = np.maximum.reduceat(window, starts).astype(np.float32)
    return found
