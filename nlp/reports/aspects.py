"""What a complaint is about and how it is judged: aspect, the words of the opinion, its polarity.

Rules and word lists alone (`presets/aspects.toml`): every finding can be read back to the line that made it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from nlp.phrases import Matcher, PatternError, Phrases, compile_pattern
from nlp.tables import Table, read_preset
from nlp.text import clean

NAME = "aspects"
Polarity = Literal["negative", "positive"]
POLARITIES: tuple[Polarity, ...] = ("negative", "positive")
GENERAL = "general"
_CLAUSE = re.compile(r"[^,。!?;、~\n]+[?]?")


@dataclass(frozen=True, slots=True)
class Mention:
    """An aspect judged at the half-open span `[start, end)` of the text as given."""

    aspect: str
    polarity: Polarity
    start: int
    end: int
    opinion: str


@dataclass(frozen=True)
class Aspects:
    """The lists of a site, compiled. `names` gives the Chinese name of each code."""

    version: str
    names: Mapping[str, str]
    reach: int
    negations: tuple[str, ...]
    targets: Matcher
    opinions: Matcher
    asking: Matcher

    def mine(self, text: str) -> tuple[Mention, ...]:
        """Every aspect judged in a text, once a polarity, in order."""
        whole = clean(text)
        found: dict[tuple[str, Polarity], Mention] = {}
        last: str | None = None
        for clause in _CLAUSE.finditer(whole.text):
            piece = clause.group()
            named = self._named(piece)
            for aspect, polarity, start, end in self._judged(piece, named, last):
                low, high = whole.span(clause.start() + start, clause.start() + end)
                mention = Mention(aspect, polarity, low, high, text[low:high])
                found.setdefault((aspect, polarity), mention)
            last = named[0] if named else last
        return tuple(sorted(found.values(), key=lambda one: (one.start, one.aspect)))

    def _named(self, piece: str) -> list[str]:
        """Aspects whose target stands in a clause, the longest target first."""
        hits = self.targets.hits(piece)
        spans = [(end - start, -start, aspect) for aspect, found in hits.items() for start, end in found]
        return list(dict.fromkeys(aspect for _, _, aspect in sorted(spans, reverse=True)))

    def _judged(
        self, piece: str, named: list[str], last: str | None
    ) -> Iterator[tuple[str, Polarity, int, int]]:
        if self.asking.hits(piece):
            return
        own: list[tuple[int, int, str, Polarity]] = []
        general: list[tuple[int, int, str, Polarity]] = []
        for name, spans in self.opinions.hits(piece).items():
            aspect, _, word = name.partition("/")
            polarity: Polarity = "negative" if word == "negative" else "positive"
            held = general if aspect == GENERAL else own
            held.extend((start, end, aspect, polarity) for start, end in spans)
        kept = self._chosen(piece, own, named, last)
        for start, end, aspect, polarity in kept:
            yield aspect, polarity, start, end
        taken = [(start, end) for start, end, *_ in kept]
        for start, end, _, polarity in general:
            if any(start < high and low < end for low, high in taken) or not named:
                continue
            if not self._negated(piece, start):
                yield named[0], polarity, start, end

    def _chosen(
        self, piece: str, own: list[tuple[int, int, str, Polarity]], named: list[str], last: str | None
    ) -> list[tuple[int, int, str, Polarity]]:
        """Of opinions that overlap, the one whose target stands there, else the one spoken of last, else the longest."""

        def order(one: tuple[int, int, str, Polarity]) -> tuple[int, int, int]:
            start, end, aspect, _ = one
            near = named.index(aspect) if aspect in named else (len(named) if aspect == last else 99)
            return near, start - end, start

        kept: list[tuple[int, int, str, Polarity]] = []
        for one in sorted(own, key=order):
            start, end, aspect, polarity = one
            if polarity == "positive" and aspect not in named and aspect != last:
                continue  # praise without its target may be of anything
            if self._negated(piece, start) or any(start < high and low < end for low, high, *_ in kept):
                continue
            kept.append(one)
        return kept

    def _negated(self, piece: str, start: int) -> bool:
        before = piece[max(0, start - self.reach) : start]
        return any(word in before for word in self.negations)


@lru_cache(maxsize=16)
def load_aspects(folder: Path | None = None) -> Aspects:
    """The site's `aspects.toml` where there is one, else the preset. Raises PolicyError."""
    preset = read_preset(NAME, folder)
    table = preset.table
    table.only("version", "reach", "negations", "asking", "general", "aspect")
    general, rows = table.table(GENERAL), list(table.tables("aspect"))
    opinions = {f"{GENERAL}/{one}": _phrases(general, one) for one in POLARITIES}
    for row in rows:
        row.only("code", "name", "targets", *POLARITIES)
        opinions |= {f"{row.text('code')}/{one}": _phrases(row, one) for one in POLARITIES}
    return Aspects(
        version=f"{table.text('version')}+{preset.digest[:8]}",
        names={row.text("code"): row.text("name") for row in rows},
        reach=int(table.number("reach", 4, high=20)),
        negations=table.texts("negations", ()),
        targets=Matcher({row.text("code"): _phrases(row, "targets") for row in rows}),
        opinions=Matcher(opinions),
        asking=Matcher({"asking": _phrases(table, "asking")}),
    )


def _phrases(table: Table, key: str) -> Phrases:
    patterns = table.texts(key, ())
    for pattern in patterns:
        try:
            compile_pattern(pattern)
        except PatternError as error:
            raise table.error(key, str(error), "RE2 模式") from None
    return Phrases(patterns)
