"""Tokens of the sparse index: words, Chinese characters and their pairs, runs of three letters, as 32-bit hashes,
the same for index and query. Letters are cut so that 「backups」 meets 「backup」 and 「tikv_gc」 meets 「gc」.

A hash needs no vocabulary file and no shared dictionary: two indexes agree without knowing each other.
With a million distinct tokens about one in ten thousand shares its number with another.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from kb.postings import Ints, Tokens
from nlp import text as texts

_PARTS = re.compile(r"[^a-z0-9]+")
_FIRST, _SECOND = 0x9E3779B1, 0x85EBCA6B


@lru_cache(maxsize=16)
def segmenter(site_words: tuple[str, ...] = ()) -> Any:
    """A private segmenter that knows `site_words` beside the common dictionary."""
    import rjieba

    own = rjieba.Jieba()
    for word in site_words:
        own.add_word(texts.normalise(word), None, None)
    return own


def words(clean: str, site_words: tuple[str, ...] = ()) -> list[str]:
    """Words of normalised text; codes such as `r123-78` stay whole and add their parts, punctuation goes."""
    return _kept(segmenter(site_words).cut(clean))


def words_and_phrases(
    clean: str, site_words: tuple[str, ...], known: Mapping[str, tuple[str, ...]]
) -> tuple[list[str], list[str]]:
    """The words, and the phrases that stand there as words in a row.

    `known` are phrases (three characters or more) by their first two characters.
    """
    cut = segmenter(site_words).cut(clean)
    starts = [0]
    for word in cut:
        starts.append(starts[-1] + len(word))
    ends = set(starts)
    found: dict[str, None] = {}
    for at, word in zip(starts, cut, strict=False):
        for phrase in known.get(clean[at : at + 2], ()):
            if phrase != word and at + len(phrase) in ends and clean.startswith(phrase, at):
                found[phrase] = None
    return _kept(cut), list(found)


def _kept(cut: Sequence[str]) -> list[str]:
    found: list[str] = []
    for word in cut:
        if not (word[0].isalnum() or word[-1].isalnum()):
            continue
        found.append(word)
        if word.isascii() and not word.isalnum():
            found.extend(part for part in _PARTS.split(word) if part)
    return found


@lru_cache(maxsize=200_000)
def token(word: str) -> int:
    """The hash of a word; one of two characters is its own pair, one of a single character is that character."""
    if len(word) <= 2:
        return _pair(ord(word[0]), ord(word[1]) if len(word) == 2 else 0)
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


def pairs(first: Tokens, second: Tokens) -> Tokens:
    """Hashes of ordered pairs, element by element."""
    mixed: Tokens = (first * np.uint32(_FIRST)) ^ (second * np.uint32(_SECOND))
    mixed ^= mixed >> np.uint32(15)
    return mixed


def _pair(first: int, second: int) -> int:
    mixed = (first * _FIRST & 0xFFFFFFFF) ^ (second * _SECOND & 0xFFFFFFFF)
    return mixed ^ (mixed >> 15)


def tokens(clean: Sequence[str], cut: Sequence[list[str]]) -> tuple[Tokens, Ints]:
    """Tokens of many normalised texts and their words: all in one array, and how many each text has."""
    by_words = np.fromiter((token(w) for found in cut for w in found), np.uint32)
    word_counts = np.fromiter(map(len, cut), np.int64, len(cut))
    joined = "\n".join(clean)
    parts, places = grams(joined)
    ends = np.cumsum([len(text) + 1 for text in clean]) if clean else np.empty(0, np.int64)
    owner = np.concatenate(
        (np.repeat(np.arange(len(cut)), word_counts), np.searchsorted(ends, places, side="right"))
    )
    order = np.argsort(owner, kind="stable")
    found = np.concatenate((by_words, parts))[order]
    return found, np.bincount(owner, minlength=len(cut)).astype(np.int64)


def grams(clean: str) -> tuple[Tokens, Ints]:
    """Parts of a normalised text and where each begins: Chinese characters, pairs of them, three letters in a row."""
    codes = np.frombuffer(clean.encode("utf-32-le", "surrogatepass"), np.uint32)
    han = ((codes >= 0x3400) & (codes <= 0x9FFF)) | (codes >= 0x20000)
    letter = (codes >= ord("a")) & (codes <= ord("z"))
    one = np.flatnonzero(han)
    two = np.flatnonzero(han[:-1] & han[1:])
    three = np.flatnonzero(letter[:-2] & letter[1:-1] & letter[2:])
    found = (
        pairs(codes[one], np.zeros(len(one), np.uint32)),
        pairs(codes[two], codes[two + 1]),
        pairs(pairs(codes[three], codes[three + 1]), codes[three + 2]),
    )
    return np.concatenate(found), np.concatenate((one, two, three)).astype(np.int64)


def query_tokens(found_words: Iterable[str], clean: str) -> tuple[list[int], list[str]]:
    """Distinct tokens of a query with what each stands for: a word, one or two characters, three letters."""
    named: dict[int, str] = {token(word): word for word in found_words}
    for part, at in zip(*(values.tolist() for values in grams(clean)), strict=True):
        size = 3 if "a" <= clean[at] <= "z" else 1 if part == token(clean[at]) else 2
        named.setdefault(part, clean[at : at + size])
    return list(named), list(named.values())
