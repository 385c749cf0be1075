"""Every way of asking, checked against the books in the drill `history`."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from api.sites import Sites
from api.store import entries as stored
from kb.entries import KINDS, STAGES, Entry
from kb.filters import Filters
from kb.knowledge import Knowledge
from kb.query import ask
from kb.search import search
from kb.segment import Encode
from kb.suggest import SuggestRequest, suggest
from kb.trial import Person
from scripts.drills.history_book import Book, Page, shapes, visible
from scripts.drills.history_world import Crowd, World

AHEAD = (timedelta(0), timedelta(0), timedelta(days=40 * 365), timedelta(days=75 * 365))


class Broken(AssertionError):
    """Something was shown that must not be, or was not whole."""


class Looks:
    """Asks in every way and compares; `count` looks so far, `readings` of the readers checked."""

    def __init__(
        self,
        world: World,
        books: Mapping[str, Book],
        rng: random.Random,
        encode: Encode | None,
        topics: Sequence[str],
    ) -> None:
        self._world, self._books, self._rng, self._encode = world, books, rng, encode
        self._topics = topics
        self.crowd: Crowd | None = None
        self.count = self.readings = 0

    def all_paths(self, tenant: str) -> None:
        """Search, suggestion, the past, the draft and the tombstones of one tenant."""
        book, sites = self._books[tenant], self._world.sites
        page = book.pages[-1]
        now = datetime.now(UTC) + self._rng.choice(AHEAD)
        self._asked(sites.knowledge(tenant), page.texts, now)
        self._asked(sites.at(tenant, None, Person("A1")), page.texts, now)
        self._past(tenant, book)
        self._draft(tenant, book)
        self._buried(tenant, book)

    def whole(self, tenant: str, sites: Sites | None = None) -> None:
        """The served value is the newest release, no more and no less."""
        page, served = self._books[tenant].pages[-1], (sites or self._world.sites).knowledge(tenant)
        self._same(served, page, f"{tenant} serves")

    def found_at_once(self, tenant: str, new: Entry) -> None:
        """A text that may be seen is found by its title as soon as the write returned, one that may not is not."""
        moment = datetime.now(UTC)
        filters = Filters(audience=frozenset({"vip", "presales"}), as_of=moment)
        knowledge = self._world.sites.knowledge(tenant)
        encode = self._encode if knowledge.has_vectors else None
        found = {hit.text for hit in search(knowledge, ask(new.title, encode), None, filters, limit=10)}
        if visible(new, filters, moment) != (new.text in found):
            raise Broken(f"{tenant}: {new.id} {new.title!r} written, found {new.text in found}")

    def readers(self) -> None:
        """Whatever the readers saw since was one whole release, and only what they may see."""
        if self.crowd is None:
            return
        if self.crowd.broken:
            raise Broken(f"a reader met {self.crowd.broken[0]}")
        for seen in self.crowd.taken():
            page = self._books[seen.tenant].by_name.get(seen.release)
            if page is None or shapes(seen.entries) != shapes(page.texts):
                raise Broken(f"a reader of {seen.tenant} saw half of {seen.release}")
            assert seen.filters.as_of is not None
            self._only(((hit.entry_id, hit.text) for hit in seen.hits), page.texts, seen.filters, "reader")
            self.readings += 1

    def _filters(self, moment: datetime) -> Filters:
        rng = self._rng
        return Filters(
            kinds=frozenset(rng.sample(KINDS, rng.choice((0, 0, 3)))),
            stages=frozenset(rng.sample(STAGES, 3)) if rng.random() < 0.15 else frozenset(),
            audience=rng.choice((None, frozenset[str](), frozenset({"vip"}), frozenset({"presales"}))),
            channel=rng.choice((None, "app", "phone", "web")),
            as_of=moment,
        )

    def _asked(self, knowledge: Knowledge, texts: Sequence[Entry], moment: datetime) -> None:
        filters, topic = self._filters(moment), self._rng.choice((*self._topics, "怎么办理", "tuihuo"))
        encode = self._encode if knowledge.has_vectors else None
        hits = search(knowledge, ask(topic, encode), None, filters, limit=50)
        self._only(((hit.entry_id, hit.text) for hit in hits), texts, filters, "search")
        stage = self._rng.choice(STAGES) if self._rng.random() < 0.3 else None
        request = SuggestRequest(
            query=topic,
            stage=stage,
            kinds=filters.kinds,
            channel=filters.channel,
            audience=filters.audience,
            as_of=moment,
        )
        told = suggest(knowledge, request, encode)
        narrowed = replace(filters, stages=frozenset({stage} if stage else ()))
        self._only(((one.entry_id, one.text) for one in told.suggestions), texts, narrowed, "suggest")
        titles = {text.title for text in texts if visible(text, narrowed, moment)}
        if not titles.issuperset(told.near_questions):
            raise Broken(f"near questions show {set(told.near_questions) - titles}")
        known = {(text.known_as, text.title) for text in texts}
        if strange := {(one.entry_id, one.title) for one in told.rejected} - known:
            raise Broken(f"the rejected tell {strange}")
        self.count += 1

    def _only(
        self, found: Iterable[tuple[str, str]], texts: Sequence[Entry], filters: Filters, how: str
    ) -> None:
        assert filters.as_of is not None
        allowed = {(one.known_as, one.text) for one in texts if visible(one, filters, filters.as_of)}
        if strange := set(found) - allowed:
            raise Broken(f"{how} shows {sorted(strange)[:3]} to {filters}")

    def _same(self, knowledge: Knowledge, page: Page, what: str) -> None:
        shown, expected = shapes(knowledge.entries.values()), shapes(page.texts)
        if knowledge.release != page.name or shown != expected:
            more, less = list(shown - expected)[:2], list(expected - shown)[:2]
            raise Broken(f"{what} {knowledge.release}, due {page.name}: too much {more}, missing {less}")

    def _past(self, tenant: str, book: Book) -> None:
        """A question as of a day is answered by the release then in force, and by no text of another."""
        moment = self._rng.choice(book.pages[-40:]).at
        page = book.in_force(moment)
        knowledge = self._world.sites.at(tenant, moment)
        self._same(knowledge, page, f"{tenant} as of {moment}:")
        self._asked(knowledge, page.texts, moment)

    def _draft(self, tenant: str, book: Book) -> None:
        knowledge, moment = self._world.sites.draft(tenant), datetime.now(UTC)
        planned = [entry for entry in book.draft.values() if entry is not None]
        self._asked(knowledge, [*book.pages[-1].texts, *planned], moment)

    def _buried(self, tenant: str, book: Book) -> None:
        if not book.buried:
            return
        one = self._rng.choice(sorted(book.buried))
        told = self._world.store.read(lambda reader: stored.tombstone(reader, tenant, one))
        live = self._world.store.read(lambda reader: stored.get(reader, tenant, one))
        if told is None or live is not None:
            raise Broken(f"{tenant}: {one} was deleted; tombstone {told}, text {live}")
