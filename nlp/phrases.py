"""Named lists of patterns, all tried on a text at once by RE2, which takes linear time on any pattern.

A pattern is RE2's dialect: no look-around and no back-references. What look-around is wanted for is written as
an exception instead: a hit that overlaps a hit of one of the list's `unless` patterns does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_MEMORY = 64 << 20  # bytes RE2 may take for one pattern's automaton
_QUOTES = {"“": "”", "「": "」", "『": "』", '"': '"', "《": "》"}
_LONGEST_PATTERN = 2_000

Spans = tuple[tuple[int, int], ...]


class PatternError(ValueError):
    """A pattern RE2 refuses; `pattern` is the pattern, `reason` what RE2 says."""

    def __init__(self, pattern: str, reason: str) -> None:
        super().__init__(f"无法使用的模式 {pattern!r}：{reason}（应为 RE2 语法，不支持环视与反向引用）")
        self.pattern, self.reason = pattern, reason


@dataclass(frozen=True, slots=True)
class Phrases:
    """Patterns over normalised text. `quoted`: whether words inside quotation marks count."""

    patterns: tuple[str, ...]
    unless: tuple[str, ...] = ()
    quoted: bool = False


def _options() -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    return options


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> Any:
    """RE2's compiled form of one pattern, for UTF-8 bytes. Raises PatternError."""
    import re2

    if not pattern or len(pattern) > _LONGEST_PATTERN:
        raise PatternError(pattern[:80], f"长度须在 1 到 {_LONGEST_PATTERN} 之间")
    try:
        compiled = re2.compile(pattern.encode("utf-8", "surrogatepass"), _options())
    except re2.error as problem:
        reason = problem.args[0] if problem.args else "语法错误"
        raise PatternError(pattern, reason.decode() if isinstance(reason, bytes) else str(reason)) from None
    if compiled.search(b"") is not None:
        raise PatternError(pattern, "会匹配空文本")
    return compiled


def quotations(text: str) -> Spans:
    """Spans between quotation marks, the marks included."""
    if not any(mark in text for mark in _QUOTES):
        return ()
    spans, at = [], 0
    while at < len(text):
        closing = _QUOTES.get(text[at])
        end = text.find(closing, at + 1) if closing else -1
        if end >= 0:
            spans.append((at, end + 1))
            at = end
        at += 1
    return tuple(spans)


def _overlaps(span: tuple[int, int], others: Iterable[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)


def _merged(spans: Iterable[tuple[int, int]]) -> Spans:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


class Matcher:
    """All lists compiled once. `hits` costs one pass over the text where nothing is found."""

    def __init__(self, lists: Mapping[str, Phrases]) -> None:
        import re2

        self.lists = dict(lists)
        # A filter looks for the literal parts of all patterns at once and then tries the few that can match:
        # thirty times faster here than one automaton of all patterns, whose states outgrow the cache. The
        # exceptions stand in it too: which of them a text holds is known with the same pass.
        self._filter: Any = re2.Filter()
        self._owner: list[tuple[str, bool]] = []  # list, whether the pattern excuses
        self._pattern: list[Any] = []
        for name, phrases in lists.items():
            for excuses, patterns in ((False, phrases.patterns), (True, phrases.unless)):
                for pattern in patterns:
                    self._pattern.append(compile_pattern(pattern))
                    self._filter.Add(pattern, _options())
                    self._owner.append((name, excuses))
        if self._owner:
            self._filter.Compile()

    def hits(self, text: str) -> dict[str, Spans]:
        """Merged spans, in order, of every list found in `text` (normalised), exceptions taken away."""
        if not self._owner or not text:
            return {}
        data = text.encode("utf-8", "replace")
        found = self._filter.Match(data)
        if not found:
            return {}
        spans: dict[str, list[tuple[int, int]]] = {}
        excused: dict[str, list[int]] = {}
        for number in found:
            name, excuses = self._owner[number]
            if excuses:
                excused.setdefault(name, []).append(number)
            else:
                spans.setdefault(name, []).extend(self._spans(number, data))
        if not spans:
            return {}
        text = data.decode()  # a lone surrogate has become a question mark of the same length
        quoted = _byte_spans(text, quotations(text))
        kept = {}
        for name, places in spans.items():
            free: list[tuple[int, int]] = [] if self.lists[name].quoted else list(quoted)
            for number in excused.get(name, ()):
                free.extend(self._spans(number, data))
            left = [span for span in places if not _overlaps(span, free)] if free else places
            if left:
                kept[name] = _character_spans(data, _merged(left) if len(left) > 1 else tuple(left))
        return kept

    def _spans(self, number: int, data: bytes) -> Iterator[tuple[int, int]]:
        return (match.span() for match in self._pattern[number].finditer(data))


def _byte_spans(text: str, spans: Spans) -> Spans:
    return tuple((len(text[:start].encode()), len(text[:end].encode())) for start, end in spans)


def _character_spans(data: bytes, spans: Spans) -> Spans:
    return tuple((len(data[:start].decode()), len(data[:end].decode())) for start, end in spans)
