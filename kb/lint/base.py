"""The statements of a handbook, findable by what they are about: changed in place, one entry at a time."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kb.entries import Entry
from kb.lint import steps, tables
from kb.lint.facts import Cases, Fact, Terms, cases, facts_of, letters, models, terms
from kb.lint.likeness import Vector, rarity, vector, weighed
from nlp.text import key, normalise

LONGEST = 6_000
"""Characters of an entry that are read."""
TEXT = "text"
"""The kind under which whole texts are found."""
LED_BY = 20
"""Terms of a statement that lead to others, the most telling ones."""
ASKED_BY = 30
"""Terms of a draft's statement by which others are looked for."""


Dense = npt.NDArray[np.float16]
Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Read:
    """An entry as the lint sees it; `dense` has a row for the title and sentence of each statement, if encoded."""

    entry: Entry
    facts: tuple[Fact, ...]
    vectors: tuple[Vector, ...]
    dense: Dense | None
    terms: Terms
    titled: Terms
    whole: Vector
    title_key: str
    text_key: str
    codes: Terms
    amounts: frozenset[tuple[str, float, float]]
    named: Cases
    everywhere: Cases
    removed: tuple[steps.Removed, ...]
    steps: tuple[steps.Step, ...]

    def dense_to(self, at: int, other: Read, to: int) -> float:
        """Cosine of two statements' titles and sentences; 0 without an encoder."""
        if self.dense is None or other.dense is None:
            return 0.0
        return float(self.dense[at].astype(np.float32) @ other.dense[to].astype(np.float32))


@dataclass(slots=True)
class Base:
    """All entries read; `led` leads from a kind of statement and a term to entries. `encode` sees sentences beyond their
    words, where there is an encoder fast enough."""

    encode: Encode | None = field(default=None, repr=False)
    reads: dict[str, Read] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    led: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    titles: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    removals: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    named: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    of: Mapping[str, Entry] | None = field(default=None, repr=False)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def rare(self, term: str) -> float:
        """How much a term tells in this handbook."""
        return max(rarity(self.counts.get(term, 0), max(len(self.reads), 1)), 0.0)

    def read(self, entry: Entry) -> Read:
        """An entry as it stands against this handbook, without adding it."""
        return _read(entry, self)

    def add(self, read: Read) -> None:
        """Make an entry findable."""
        entry_id = read.entry.id
        self.reads[entry_id] = read
        self.titles[read.title_key].add(entry_id)
        for fact, found in zip(read.facts, read.vectors, strict=True):
            for term in leading(found):
                self.led[fact.family, term].add(entry_id)
        for term in leading(read.whole):
            self.led[TEXT, term].add(entry_id)
        for gone in read.removed:
            self.removals[gone.name].add(entry_id)
        for step in read.steps:
            self.named[step.name].add(entry_id)

    def drop(self, entry_id: str) -> None:
        """Forget an entry; one that is not there is ignored."""
        read = self.reads.pop(entry_id, None)
        if read is None:
            return
        self.titles[read.title_key].discard(entry_id)
        self.counts.subtract(_counted(read.terms, read.facts))
        for fact, found in zip(read.facts, read.vectors, strict=True):
            for term in leading(found):
                self.led[fact.family, term].discard(entry_id)
        for term in leading(read.whole):
            self.led[TEXT, term].discard(entry_id)
        for gone in read.removed:
            self.removals[gone.name].discard(entry_id)
        for step in read.steps:
            self.named[step.name].discard(entry_id)

    def near(self, family: str, found: Vector, most: int, common: int, led: int = LED_BY) -> list[str]:
        """Entries with a statement of the kind about the same words, the likeliest first."""
        scores: dict[str, float] = {}
        for term in leading(found, led):
            ids = self.led.get((family, term), ())
            if len(ids) <= common:
                weight = found[term]
                for entry_id in ids:
                    scores[entry_id] = scores.get(entry_id, 0.0) + weight
        return sorted(scores, key=lambda entry_id: (-scores[entry_id], entry_id))[:most]

    def unquoted(self, name: str) -> list[str]:
        """Entries whose words hold the name of a step; whether they send people there is for the text to say."""
        pairs = terms(name)
        if len(name) < steps.LEAST or not pairs:
            return []
        return sorted(one for one, read in self.reads.items() if pairs <= read.terms)

    def gone_in(self, read: Read) -> list[str]:
        """Names of steps that some entry says are gone and that the words of `read` hold."""
        return [name for name in self.removals if len(name) >= steps.LEAST and terms(name) <= read.terms]

    def follow(self, entries: Mapping[str, Entry]) -> None:
        """Become the reading of `entries`: only what is new or changed is read."""
        if self.of is entries:
            return
        with self.lock:
            gone = [one for one in self.reads if one not in entries]
            fresh = [
                entry
                for entry_id, entry in entries.items()
                if entry_id not in self.reads or self.reads[entry_id].entry is not entry
            ]
            for entry_id in gone:
                self.drop(entry_id)
            for entry in fresh:
                self.drop(entry.id)
            for _ in self.grow(fresh):
                pass
            self.of = entries

    def grow(self, entries: Sequence[Entry]) -> Iterator[int]:
        """Add entries, telling how many are read; words are counted before any is weighed."""
        parts = []
        for at, entry in enumerate(entries):
            parts.append(_parts(entry))
            self.counts.update(_counted(parts[-1][1], parts[-1][0]))
            if at % 200 == 0:
                yield at
        size = max(len(self.reads) + len(entries), 1)
        dense = _encoded(entries, [found for found, _ in parts], self.encode)
        for entry, (found, words), rows in zip(entries, parts, dense, strict=True):
            self.add(_weighed(entry, found, words, rows, self, size))
        yield len(entries)


def build(entries: Iterable[Entry], encode: Encode | None = None) -> Base:
    """The reading of `entries`."""
    made = Base(encode=encode)
    for _ in made.grow(tuple(entries)):
        pass
    return made


def leading(found: Vector, most: int = LED_BY) -> list[str]:
    """The terms that tell most about a statement."""
    words = [term for term in found if not term.startswith("#")]
    return sorted(words, key=lambda term: (-found[term], term))[:most]


def _parts(entry: Entry) -> tuple[tuple[Fact, ...], Terms]:
    whole = normalise("\n".join((entry.title, *entry.similar, entry.text[:LONGEST])))
    return facts_of(entry), terms(whole) | letters(whole)


def _counted(words: Terms, found: Sequence[Fact]) -> dict[str, int]:
    return dict.fromkeys((*words, *(f"#{fact.family}" for fact in found)), 1)


def _read(entry: Entry, base: Base) -> Read:
    found, words = _parts(entry)
    (rows,) = _encoded((entry,), (found,), base.encode)
    return _weighed(entry, found, words, rows, base, max(len(base.reads), 1))


def _encoded(
    entries: Sequence[Entry], found: Sequence[Sequence[Fact]], encode: Encode | None
) -> list[Dense | None]:
    """A row for each statement of each entry: its title and its sentence without the value."""
    if encode is None:
        return [None] * len(entries)
    texts = [context(entry, fact) for entry, facts in zip(entries, found, strict=True) for fact in facts]
    rows = encode(texts).astype(np.float16)
    ends = np.cumsum([len(facts) for facts in found])
    return [rows[end - len(facts) : end] for end, facts in zip(ends, found, strict=True)]


def context(entry: Entry, fact: Fact) -> str:
    """What an encoder is shown of a statement."""
    text = entry.text
    start = max(text.rfind(mark, 0, fact.start) for mark in _STOPS) + 1
    ends = [at for mark in _STOPS if (at := text.find(mark, fact.end)) >= 0]
    end = min(ends, default=len(text))
    middle = "" if fact.quantity is not None else text[fact.start : fact.end]
    return f"{entry.title} {text[start : fact.start]} {middle} {text[fact.end : end]}"


_STOPS = "。！？；!?;\n"


def _weighed(
    entry: Entry, found: tuple[Fact, ...], words: Terms, rows: Dense | None, base: Base, size: int
) -> Read:
    cache: dict[str, float] = {}

    def rare(term: str) -> float:
        known = cache.get(term)
        if known is None:
            known = cache[term] = max(rarity(base.counts.get(term, 0), size), 0.0)
        return known

    plain, title = normalise(entry.text[:LONGEST]), normalise(entry.title)
    return Read(
        entry=entry,
        facts=found,
        vectors=tuple(vector(fact, rare) for fact in found),
        dense=rows,
        terms=words,
        titled=terms(title),
        whole=weighed(terms(plain), rare),
        title_key=key(entry.title),
        text_key=key(entry.text),
        codes=models(title),
        amounts=frozenset(
            (fact.quantity.unit, fact.quantity.low, fact.quantity.high)
            for fact in found
            if fact.quantity is not None
        ),
        named=cases(title),
        everywhere=cases(f"{title}\n{plain}"),
        removed=steps.removed(plain),
        steps=steps.named(plain),
    )


def limits() -> tuple[int, int]:
    """Entries compared with one, and how common a term may be that leads to them."""
    compare = tables.load().compare
    return int(compare["candidates"]), int(compare["common"])
