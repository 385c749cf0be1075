"""One tag out of a site's own list: the touchpoint a conversation stands at, the sub-type of a complaint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nlp.phrases import PatternError, compile_pattern
from nlp.tables import Table, read_preset
from nlp.text import normalise

JOURNEY, SUBTYPES = "journey", "subtypes"


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag: categories (any code of a path) and words that lead to it."""

    code: str
    name: str
    group: str
    categories: frozenset[str]
    words: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Tags:
    """A list in its order; `words_first`: what is said tells more than the category."""

    tags: tuple[Tag, ...]
    words_first: bool

    def find(self, path: Sequence[str], text: str, told: Any = None) -> str | None:
        """The tag's code: as told (code or name), else by the deepest category and by words; None where none fits."""
        if isinstance(told, str) and told:
            return next((one.code for one in self.tags if told in (one.code, one.name)), None)
        by_category, by_words = self._of_path(path), self._said
        return (by_words(text) or by_category) if self.words_first else (by_category or by_words(text))

    def _of_path(self, path: Sequence[str]) -> str | None:
        return next(
            (one.code for code in reversed(path) for one in self.tags if code in one.categories), None
        )

    def _said(self, text: str) -> str | None:
        said = normalise(text).encode("utf-8", "surrogatepass")  # RE2 reads bytes
        return next((one.code for one in self.tags if any(word.search(said) for word in one.words)), None)


@lru_cache(maxsize=16)
def load_tags(name: str, folder: Path | None = None) -> Tags:
    """The tags of `journey.toml` or `subtypes.toml`. Raises PolicyError."""
    table = read_preset(name, folder).table
    table.only("version", "words_first", "tag")
    found = tuple(_tag(one) for one in table.tables("tag"))
    codes = [one.code for one in found]
    for code in codes:
        if codes.count(code) > 1:
            raise table.error("tag", f"{code!r} 有两个", "每个编码一次")
    return Tags(found, table.flag("words_first", False))


def _tag(table: Table) -> Tag:
    table.only("code", "name", "group", "categories", "words")
    words = []
    for word in table.texts("words", ()):
        try:
            words.append(compile_pattern(word))
        except PatternError as error:
            raise table.error("words", str(error), "RE2 能编译的模式") from None
    categories = frozenset(table.texts("categories", ()))
    return Tag(table.text("code"), table.text("name"), table.text("group"), categories, tuple(words))
