"""Pairs of characters that the handbook does not know, read as pairs of the same sound that it does know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from kb import keywords
from kb.query import Asked
from kb.segment import Segment

RAISED = 1.6
"""How much more a pair counts that was read for another: its characters alone are found nowhere near each other."""
MOST_PAIRS, MOST_READINGS = 16, 3


def heard(asked: Asked, segments: Sequence[Segment]) -> Asked:
    """`asked` with readings of the same sound for each pair of characters that no passage holds."""
    found = np.zeros(len(asked.tokens), np.int64)
    for segment in segments:
        found = found + segment.words.frequency(asked.tokens)
    added: dict[int, list[int]] = {}
    ends = np.append(asked.concepts[1:], len(asked.tokens))
    for at, name in enumerate(asked.names):
        pair = len(name) == 2 and all("一" <= letter <= "鿿" for letter in name)
        if not pair or found[asked.concepts[at] : ends[at]].any():
            continue
        readings = _readings(name)
        if not len(readings):
            continue
        seen = np.zeros(len(readings), np.int64)
        for segment in segments:
            seen = seen + segment.words.frequency(readings)
        best = np.argsort(-seen, kind="stable")[:MOST_READINGS]
        chosen = [int(readings[n]) for n in best if seen[n] > 0]
        if chosen:
            added[at] = chosen
        if len(added) >= MOST_PAIRS:
            break
    return _with(asked, added) if added else asked


def _with(asked: Asked, added: dict[int, list[int]]) -> Asked:
    tokens: list[int] = []
    factors: list[float] = []
    concepts: list[int] = []
    ends = np.append(asked.concepts[1:], len(asked.tokens)).tolist()
    for at, (start, end) in enumerate(zip(asked.concepts.tolist(), ends, strict=True)):
        concepts.append(len(tokens))
        more = added.get(at, [])
        tokens += [*asked.tokens[start:end].tolist(), *more]
        factors += [*asked.factors[start:end].tolist(), *[1.0] * len(more)]
    weights = asked.weights.copy()
    weights[list(added)] *= RAISED
    return replace(
        asked,
        weights=weights,
        tokens=np.array(tokens, np.uint32),
        factors=np.array(factors, np.float32),
        concepts=np.array(concepts, np.int64),
    )


@lru_cache(maxsize=20_000)
def _readings(name: str) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    first, second = (_alike().get(letter, "") for letter in name)
    pairs = [letter + name[1] for letter in first] + [name[0] + letter for letter in second]
    return np.array([keywords.token(pair) for pair in pairs], np.uint32)


@lru_cache(maxsize=1)
def _alike() -> dict[str, str]:
    """Each of the 3,755 commonest characters with the others of its sound, tones aside."""
    from pypinyin import lazy_pinyin

    common = bytes(byte for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF) for byte in (high, low))
    letters = common.decode("gb2312", errors="ignore")
    groups: dict[str, list[str]] = {}
    for letter in letters:
        groups.setdefault(lazy_pinyin(letter)[0], []).append(letter)
    return {letter: "".join(group).replace(letter, "") for group in groups.values() for letter in group}
