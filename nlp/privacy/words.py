"""What the recognisers share: the word lists, and views of a text that keep its offsets."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

Candidate = tuple[str, int, int]
"""Type and half-open span."""

HAN = "\u3400-\u9fff"
SPOKEN = "零〇○一二三四五六七八九幺壹贰貳叁參肆伍陆陸柒捌玖"
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20}
_DASHES = {ord(dash): "-" for dash in "‐‑‒–—―－−ー"}
_FOLD = _WIDE | _DASHES
_DIGIT = str.maketrans(SPOKEN, "0001234567891122334566789")
_SPOKEN_RUN = re.compile(rf"[{SPOKEN}](?:[ \-]?[{SPOKEN}0-9]){{6,}}")


@lru_cache(maxsize=1)
def words() -> Mapping[str, Any]:
    """The lists of `presets/privacy.toml`."""
    return tomllib.loads(files("nlp").joinpath("presets/privacy.toml").read_text("utf-8"))


def any_of(items: Sequence[str]) -> str:
    """A regular expression for any of `items`, the longest first."""
    return "(?:" + "|".join(re.escape(item) for item in sorted(items, key=len, reverse=True)) + ")"


def fold(text: str) -> str:
    """Full-width letters, digits, signs and dashes as ASCII, character for character."""
    return text if text.isascii() else text.translate(_FOLD)


def numerals(view: str) -> str | None:
    """`view` with long runs of Chinese numerals (一三八…) as digits; None when there are none."""
    if _SPOKEN_RUN.search(view) is None:
        return None
    return _SPOKEN_RUN.sub(lambda run: run.group().translate(_DIGIT), view)
