"""The third index: what sounds like, or looks like, the words of the handbook.

Questions become toneless syllables (pypinyin, computed when the index is built), a query of letters is read as
pinyin or as initials. 「tuihuo」「推货」「退貨」 all become the syllables of 退货; 「退贷」 is tried with its look-alikes.
"""

from __future__ import annotations

import re
import tomllib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kb.keywords import pairs
from kb.postings import Ints, Tokens

BREAK = 0
_LETTERS = re.compile(r"[a-z]+(?:['\s][a-z]+)*")
_SYLLABLE = re.compile(r"(zh|ch|sh|[b-df-hj-np-tw-z]?)(.*)")


@dataclass(frozen=True, slots=True)
class Table:
    """Known syllables, what is folded onto what, and the look-alikes of a character."""

    syllables: frozenset[str]
    initials: dict[str, str]
    finals: dict[str, str]
    looks: dict[str, str]


@lru_cache(maxsize=1)
def table() -> Table:
    shown = tomllib.loads((Path(__file__).parent / "sounds.toml").read_text("utf-8"))
    looks = {c: group.replace(c, "") for group in shown["look"]["groups"].split() for c in group}
    fold = shown["fold"]
    return Table(frozenset(shown["syllables"].split()), fold["initials"], fold["finals"], looks)


@lru_cache(maxsize=2048)
def fold(syllable: str) -> str:
    """A syllable without the distinctions that accents lose: `zhuang` → `zuan`."""
    known = table()
    match = _SYLLABLE.fullmatch(syllable)
    initial, final = match.groups() if match else ("", syllable)
    for long, short in known.finals.items():
        if final.endswith(long):
            final = final[: -len(long)] + short
    return known.initials.get(initial, initial) + final


@lru_cache(maxsize=200_000)
def syllables(word: str) -> tuple[int, ...]:
    """Hashed, folded syllables of a word; `BREAK` for what is not Chinese."""
    if word.isascii():
        return (BREAK,)
    from pypinyin import lazy_pinyin

    found: list[int] = []
    for part in lazy_pinyin(word, errors=_silent):
        found.append(_number(fold(part)) if part else BREAK)
    return tuple(found)


def _silent(other: str) -> Any:  # a list is allowed, the stub knows only str
    return [""] * len(other)


def _number(syllable: str) -> int:
    return zlib.crc32(syllable.encode()) or 1


@lru_cache(maxsize=4096)
def _initial(syllable: str) -> int:
    return zlib.crc32(f"initial {syllable[0]}".encode())


@lru_cache(maxsize=1)
def _initial_of() -> tuple[Tokens, Tokens]:
    known = sorted({(_number(fold(s)), _initial(fold(s))) for s in table().syllables})
    return np.array([code for code, _ in known], np.uint32), np.array(
        [first for _, first in known], np.uint32
    )


def tokens(cut: Sequence[list[str]]) -> tuple[Tokens, Ints]:
    """Sound tokens of many texts given as words: pairs of neighbouring syllables, and of their initials."""
    flat: list[int] = []
    lengths: list[int] = []
    for found in cut:
        before = len(flat)
        for word in found:
            flat.extend(syllables(word))
        flat.append(BREAK)
        lengths.append(len(flat) - before)
    codes = np.array(flat, np.uint32)
    owner = np.repeat(np.arange(len(cut)), lengths)
    both = np.flatnonzero((codes[:-1] != BREAK) & (codes[1:] != BREAK))
    left, right = codes[both], codes[both + 1]
    starts = pairs(_to_initials(left), _to_initials(right))
    owners = np.concatenate((owner[both], owner[both]))
    order = np.argsort(owners, kind="stable")
    found_tokens = np.concatenate((pairs(left, right), starts))[order]
    return found_tokens, np.bincount(owners, minlength=len(cut)).astype(np.int64)


def _to_initials(codes: Tokens) -> Tokens:
    known, initials = _initial_of()
    at = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    return np.where(known[at] == codes, initials[at], np.uint32(1))


def query_tokens(clean: str, cut: Iterable[str]) -> Tokens:
    """Sound tokens of a normalised query: of its Chinese words, else of its letters as pinyin or initials."""
    spelled = read_letters(clean)
    if spelled is None:
        codes = [code for word in cut for code in syllables(word)]
    elif spelled:
        codes = [_number(fold(s)) for s in spelled]
    else:
        codes = [_initial(fold(letter)) for letter in clean if letter.isalpha()]
    found = np.array(codes, np.uint32)
    both = (found[:-1] != BREAK) & (found[1:] != BREAK)
    return np.unique(pairs(found[:-1][both], found[1:][both]))


def read_letters(clean: str) -> tuple[str, ...] | None:
    """The syllables a query of pure letters spells; () when it spells none; None when it is not letters."""
    if not _LETTERS.fullmatch(clean) or len(clean) > 60:
        return None
    found: list[str] = []
    for part in re.split(r"['\s]", clean):
        spelled = _spell(part)
        if spelled is None:
            return ()
        found.extend(spelled)
    return tuple(found)


def _spell(letters: str) -> tuple[str, ...] | None:
    """Fewest syllables that spell `letters`, longer ones first; None where it cannot be done."""
    ways: list[tuple[str, ...] | None] = [()] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - 6), end):
            before = ways[start]
            if before is None or letters[start:end] not in table().syllables:
                continue
            held = ways[end]
            if held is None or len(before) + 1 < len(held):
                ways[end] = (*before, letters[start:end])
    return ways[-1]


@lru_cache(maxsize=50_000)
def look_alikes(word: str) -> tuple[str, ...]:
    """The word with one character replaced by each of its look-alikes."""
    looks = table().looks
    return tuple(
        word[:at] + other + word[at + 1 :] for at, c in enumerate(word) for other in looks.get(c, "")
    )


def neighbours(codes: Sequence[int]) -> list[int]:
    """The sound token of each code and the next, 0 where either is a break."""
    found = np.array(codes, np.uint32)
    both = (found[:-1] != BREAK) & (found[1:] != BREAK)
    return [int(token) for token in np.where(both, pairs(found[:-1], found[1:]), np.uint32(0))]
