"""Named lists of patterns, all tried on a text at once by RE2, which takes linear time on any pattern.

A pattern is RE2's dialect: no look-around and no back-references. What look-around is wanted for is written as
an exception instead: a hit that overlaps a hit of one of the list's `unless` patterns does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
        self.plain = frozenset(name for name, phrases in lists.items() if phrases.quoted)
        """Lists that count inside quotation marks too."""
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

    def hits(self, text: str) -> Mapping[str, Spans]:
        """Merged spans, in order, of every list found in `text` (normalised), exceptions taken away.

        Where the words of a list stand is worked out when it is asked for: most lists found are about others' turns.
        """
        if not self._owner or not text:
            return _NOTHING
        data = text.encode("utf-8", "replace")
        found = self._filter.Match(data)
        if not found:
            return _NOTHING
        said: dict[str, list[int]] = {}
        excused: dict[str, list[int]] = {}
        for number in found:
            name, excuses = self._owner[number]
            (excused if excuses else said).setdefault(name, []).append(number)
        return Hits(self, data, said, excused) if said else _NOTHING

    def spans(
        self, name: str, data: bytes, said: Sequence[int], excused: Sequence[int], quoted: Spans
    ) -> Spans:
        """Where a list is found: `said` and `excused` are the patterns that `data` holds, `quoted` what it quotes."""
        places = [span for number in said for span in self._spans(number, data)]
        free = [] if name in self.plain else list(quoted)
        for number in excused:
            free.extend(self._spans(number, data))
        if free:
            places = [span for span in places if not _overlaps(span, free)]
        return _character_spans(data, _merged(places) if len(places) > 1 else tuple(places))

    def _spans(self, number: int, data: bytes) -> list[tuple[int, int]]:
        return [match.span() for match in self._pattern[number].finditer(data)]


class Hits(Mapping[str, Spans]):
    """Lists found in one text, each with its spans."""

    __slots__ = ("_data", "_excused", "_known", "_matcher", "_quoted", "_said")

    def __init__(
        self,
        matcher: Matcher,
        data: bytes,
        said: Mapping[str, Sequence[int]],
        excused: Mapping[str, Sequence[int]],
    ) -> None:
        self._matcher, self._data, self._said, self._excused = matcher, data, said, excused
        self._known: dict[str, Spans] = {}
        self._quoted: Spans | None = None

    @property
    def quoted(self) -> Spans:
        """What stands inside quotation marks, in bytes."""
        if self._quoted is None:
            text = self._data.decode()  # a lone surrogate has become a question mark of the same length
            self._quoted = _byte_spans(text, quotations(text))
        return self._quoted

    def get(self, name: str, default: Any = ()) -> Any:
        """The spans of a list, `default` where it has none."""
        said = self._said.get(name)
        if said is None:
            return default
        spans = self._known.get(name)
        if spans is None:
            excused = self._excused.get(name, ())
            spans = self._matcher.spans(name, self._data, said, excused, self.quoted)
            self._known[name] = spans
        return spans or default

    def __contains__(self, name: object) -> bool:
        """Whether a list is found: known without a look at where, if nothing can take it away."""
        if name not in self._said:
            return False
        if name not in self._excused and (name in self._matcher.plain or not self.quoted):
            return True
        return bool(self.get(str(name)))

    def __getitem__(self, name: str) -> Spans:
        spans: Spans = self.get(name)
        if not spans:
            raise KeyError(name)
        return spans

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._said if self.get(name))

    def __len__(self) -> int:
        return sum(1 for _ in self)


_NOTHING: Mapping[str, Spans] = {}


def _byte_spans(text: str, spans: Spans) -> Spans:
    return tuple((len(text[:start].encode()), len(text[:end].encode())) for start, end in spans)


def _character_spans(data: bytes, spans: Spans) -> Spans:
    return tuple((len(data[:start].decode()), len(data[:end].decode())) for start, end in spans)
