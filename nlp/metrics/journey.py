"""Where on the customer's journey a conversation stands: one touchpoint of a site's own list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nlp.phrases import PatternError, compile_pattern
from nlp.tables import Table, read_preset
from nlp.text import normalise

PRESET = "journey"


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """One touchpoint: categories (any code of a path) and words that lead to it."""

    code: str
    name: str
    stage: str
    categories: frozenset[str]
    words: tuple[Any, ...]


@lru_cache(maxsize=8)
def load_journey(folder: Path | None = None) -> tuple[Touchpoint, ...]:
    """The touchpoints of `journey.toml`, in the order of the journey. Raises PolicyError."""
    table = read_preset(PRESET, folder).table
    table.only("version", "touchpoint")
    found = tuple(_touchpoint(one) for one in table.tables("touchpoint"))
    codes = [one.code for one in found]
    for code in codes:
        if codes.count(code) > 1:
            raise table.error("touchpoint", f"{code!r} 有两个", "每个编码一次")
    return found


def _touchpoint(table: Table) -> Touchpoint:
    table.only("code", "name", "stage", "categories", "words")
    words = []
    for word in table.texts("words", ()):
        try:
            words.append(compile_pattern(word))
        except PatternError as error:
            raise table.error("words", str(error), "RE2 能编译的模式") from None
    categories = frozenset(table.texts("categories", ()))
    return Touchpoint(table.text("code"), table.text("name"), table.text("stage"), categories, tuple(words))


def touchpoint_of(
    path: Sequence[str], request: str, journey: Sequence[Touchpoint], told: str | None = None
) -> str | None:
    """The touchpoint's code: as told where it is known, else by the deepest category, else by the request's words."""
    if told is not None:
        return next((one.code for one in journey if told in (one.code, one.name)), None)
    for code in reversed(path):
        for one in journey:
            if code in one.categories:
                return one.code
    text = normalise(request).encode("utf-8", "surrogatepass")  # RE2 reads bytes
    return next((one.code for one in journey if any(word.search(text) for word in one.words)), None)
