"""What a tenant's handbook must show, kept in plain lists: the oracle beside the service in the drill `history`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from kb.entries import Entry
from kb.filters import Filters

Shape = tuple[object, ...]


def shape(entry: Entry) -> Shape:
    """All that a reader could notice of a text, whatever key it stands under."""
    return (
        *(entry.known_as, entry.title, entry.text, entry.kind, entry.stage),
        *(entry.audience, entry.channel, entry.effective_from, entry.effective_to),
    )


def shapes(entries: Iterable[Entry]) -> frozenset[Shape]:
    """The whole of a release."""
    return frozenset(map(shape, entries))


@dataclass(frozen=True, slots=True)
class Page:
    """One release as it must read for ever."""

    name: str
    at: datetime
    texts: tuple[Entry, ...]


@dataclass(slots=True)
class Book:
    """One tenant: the texts that stand by id, the open draft, every release so far."""

    texts: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    draft: dict[str, Entry | None] = field(default_factory=dict)
    buried: set[str] = field(default_factory=set)
    pages: list[Page] = field(default_factory=list)
    by_name: dict[str, Page] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        return sorted(self.texts)

    def apply(self, put: Mapping[str, Entry], drop: Iterable[str], name: str, at: datetime) -> None:
        """A release: what is put begins when it says, and until then what it replaces stands."""
        for one, entry in put.items():
            self.texts[one] = _after(self.texts.get(one, ()), entry, at)
            self.buried.discard(one)
        for one in drop:
            self.texts.pop(one, None)
            self.draft.pop(one, None)
            self.buried.add(one)
        page = Page(name, at, tuple(text for texts in self.texts.values() for text in texts))
        self.pages.append(page)
        self.by_name[name] = page

    def in_force(self, moment: datetime) -> Page:
        """The release that a question as of `moment` is answered by."""
        return next((page for page in reversed(self.pages) if page.at <= moment), self.pages[0])


def _after(known: tuple[Entry, ...], new: Entry, at: datetime) -> tuple[Entry, ...]:
    begins = new.effective_from
    if begins is None or begins <= at:
        return (new,)
    kept: list[Entry] = []
    for old in known:
        over = old.effective_to is not None and old.effective_to <= at
        if not over and (old.effective_from is None or old.effective_from < begins):
            until = begins if old.effective_to is None else min(begins, old.effective_to)
            kept.append(replace(old, effective_to=until))
    return (*kept, new)


def visible(entry: Entry, filters: Filters, moment: datetime) -> bool:
    """The rule of who sees what, written once more: the drill must not ask the code that it checks."""
    return (
        (not filters.kinds or entry.kind in filters.kinds)
        and (not filters.stages or entry.stage in filters.stages)
        and (not entry.audience or bool(entry.audience & (filters.audience or frozenset())))
        and (not entry.channel or filters.channel is None or filters.channel in entry.channel)
        and (entry.effective_from is None or entry.effective_from <= moment)
        and (entry.effective_to is None or moment < entry.effective_to)
    )
