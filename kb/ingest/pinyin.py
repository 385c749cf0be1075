"""Inline pinyin that text converters leave behind: 務(wù), 工具_(dá)."""

from __future__ import annotations

import re
from functools import lru_cache

_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿếề"
_HAN = "\u3400-\u9fff"
_MARK = re.compile(rf"(?P<before>[{_HAN}])?(?P<mark>_?[(（](?P<reading>[a-zü{_TONED}]{{1,6}})[)）])")


def marks(text: str) -> list[tuple[int, int]]:
    """Half-open spans of the pinyin marks in `text`: toned ones anywhere after a Chinese character or `_`,
    toneless ones only where they are a reading of the character before them."""
    found: list[tuple[int, int]] = []
    for match in _MARK.finditer(text):
        reading, before = match.group("reading"), match.group("before")
        stray = match.group("mark").startswith("_")
        if any(letter in _TONED for letter in reading):
            if before or stray:
                found.append(match.span("mark"))
        elif before and reading in _readings(before):
            found.append(match.span("mark"))
    return found


@lru_cache(maxsize=4096)
def _readings(character: str) -> frozenset[str]:
    from pypinyin import Style, pinyin

    plain = {
        reading for readings in pinyin(character, style=Style.NORMAL, heteronym=True) for reading in readings
    }
    return frozenset(plain | {reading.replace("ü", "v") for reading in plain})
