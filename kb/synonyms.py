"""Words that mean the same: the shipped list and a site's own, as the lexicon both sides of the index are read with.

A list holds groups (`["退货", "退掉"]`: each means the others) and one-way lines (`"不想要了=>退货"`: who asks for the
left means the right too, not the other way round). Matched are whole words, or words in a row; never a part of a
word, and never a code such as `R123-78`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from kb.entries import EntryError
from kb.segment import Lexicon
from nlp import text as texts

MOST_LINES, MOST_WORDS, LONGEST = 500, 20, 20
ARROW = "=>"
_CODE = re.compile(r"[a-z]*[-_./]?\d[a-z0-9._/-]*|[\d\W_]+")
_SHAPES = f'一组词（["退货", "退掉"]）或单向一行（"不想要了{ARROW}退货"）'


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Normalised groups and one-way pairs."""

    groups: tuple[tuple[str, ...], ...] = ()
    also: tuple[tuple[str, str], ...] = ()


def read(lines: Any, field: str = "synonyms") -> Synonyms:
    """The synonyms of a list of groups and lines. Raises EntryError naming the line that is wrong."""
    if not isinstance(lines, list | tuple):
        raise EntryError(field, "不是列表", _SHAPES)
    if len(lines) > MOST_LINES:
        raise EntryError(field, f"有 {len(lines)} 行", f"至多 {MOST_LINES} 行")
    groups: list[tuple[str, ...]] = []
    also: list[tuple[str, str]] = []
    for at, line in enumerate(lines):
        place = f"{field}[{at}]"
        if isinstance(line, str):
            also += _one_way(line, place)
        elif isinstance(line, list | tuple):
            groups.append(_words(line, place, least=2))
        else:
            raise EntryError(place, "不认识的写法", _SHAPES)
    return Synonyms(tuple(groups), tuple(dict.fromkeys(also)))


def _one_way(line: str, place: str) -> list[tuple[str, str]]:
    left, arrow, right = line.partition(ARROW)
    if not arrow or ARROW in right:
        raise EntryError(place, "单向一行要有一个箭头", _SHAPES)
    asked, meant = (_words(re.split("[,，、|]", side), place) for side in (left, right))
    same = set(asked) & set(meant)
    if same:
        raise EntryError(place, f"{same.pop()} 在箭头两边", "左右不同的词")
    return [(one, other) for one in asked for other in meant]


def _words(found: Sequence[Any], place: str, least: int = 1) -> tuple[str, ...]:
    """Distinct normalised words. Raises EntryError for one that is empty, too long or a code."""
    plain: dict[str, None] = {}
    for word in found:
        if not isinstance(word, str):
            raise EntryError(place, "不是文字", _SHAPES)
        clean = texts.normalise(word)
        if not clean or len(clean) > LONGEST or "\n" in clean:
            raise EntryError(place, f"词 {word[:30]!r} 为空或太长", f"1 到 {LONGEST} 个字")
        if _CODE.fullmatch(clean):
            raise EntryError(place, f"{word[:30]!r} 是编码或数字", "词语（编码和数字一律按原样匹配）")
        if len(clean) == 1 and not clean.isascii():
            raise EntryError(place, f"{word!r} 只有一个字", "两个字以上的词")
        plain[clean] = None
    if not least <= len(plain) <= MOST_WORDS:
        raise EntryError(place, f"有 {len(plain)} 个不同的词", f"{least} 到 {MOST_WORDS} 个")
    return tuple(plain)


@lru_cache(maxsize=1)
def shipped() -> tuple[Synonyms, tuple[Any, ...]]:
    """The list of `synonyms.toml`, read, and as it is written."""
    table = tomllib.loads((Path(__file__).parent / "synonyms.toml").read_text("utf-8"))
    lines = [*table["groups"], *table["lines"]]
    return read(lines), tuple(lines)


def laid_over(site: Synonyms, under: Synonyms | None = None) -> Lexicon:
    """The lexicon of a site: its own list, and of the shipped one what it says nothing about."""
    under = shipped()[0] if under is None else under
    own = {word for group in site.groups for word in group} | {one for one, _ in site.also}
    groups = [tuple(word for word in group if word not in own) for group in under.groups]
    also = [pair for pair in under.also if pair[0] not in own]
    return Lexicon(
        synonyms=(*site.groups, *(group for group in groups if len(group) > 1)),
        also=(*site.also, *also),
    )


@lru_cache(maxsize=64)
def meanings(lexicon: Lexicon) -> dict[str, tuple[str, ...]]:
    """Each word of the lists with the words that it also means."""
    found: dict[str, dict[str, None]] = {}
    for group in lexicon.synonyms:
        plain = [texts.normalise(word) for word in group]
        for word in plain:
            found.setdefault(word, {}).update(dict.fromkeys(other for other in plain if other != word))
    for one, other in lexicon.also:
        found.setdefault(texts.normalise(one), {})[texts.normalise(other)] = None
    return {word: tuple(others) for word, others in found.items()}


def listed(lexicon: Lexicon) -> Iterable[str]:
    """Every word of the lists."""
    return dict.fromkeys(word for pair in (*lexicon.synonyms, *lexicon.also) for word in pair)
