"""The texts of many transcripts read at once: each different text is normalised, matched and searched once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from nlp.codes import decoded, laid
from nlp.phrases import Matcher, Spans
from nlp.privacy import Finding, find
from nlp.text import Clean, clean

_AT_ONCE = 1 << 18  # characters normalised in one go: bounds memory

Hits = Mapping[str, Spans]
Lap = Callable[[str], None]
"""Told the name of each pass over a batch when it is through: who measures passes a clock."""


def no_lap(_: str) -> None:
    """Nobody measures."""


@dataclass(slots=True)
class Reading:
    """What was found in the texts of a batch, kept as long as the batch."""

    normal: Mapping[str, str]
    hits: Mapping[str, Hits]
    _clean: dict[str, Clean] = field(default_factory=dict)
    _findings: dict[str, tuple[Finding, ...]] = field(default_factory=dict)

    def clean(self, sent: str) -> Clean:
        """The text as sent with its way to the normalised one."""
        found = self._clean.get(sent)
        if found is None:
            found = self._clean[sent] = clean(sent)
        return found

    def findings(self, sent: str) -> tuple[Finding, ...]:
        """Personal data in the text as sent."""
        found = self._findings.get(sent)
        if found is None:
            found = self._findings[sent] = find(sent)
        return found


def read(texts: Collection[str], matcher: Matcher, lap: Lap = no_lap) -> Reading:
    """Normalise and match texts, each different one once."""
    normal = _normalised(texts)
    lap("normalise")
    hits = {text: matcher.hits(text) for text in dict.fromkeys(normal.values())}
    lap("match")
    return Reading(normal, hits)


def _normalised(texts: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in _portions(dict.fromkeys(texts)):
        found.update(zip(part, decoded(laid(part)).split("\n")[1:-1], strict=True))
    return found


def _portions(texts: Iterable[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for text in texts:
        part.append(text)
        size += len(text)
        if size >= _AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part
