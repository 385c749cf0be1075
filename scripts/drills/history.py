"""history: whatever is done in whatever order, no way of asking gives what was deleted, has expired, is another
tenant's or is for another audience; and everybody reads one whole release.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

from api.store import entries as stored
from kb.entries import STAGES, Entry, Kind
from kb.segment import Encode
from scripts.drills import Result, Say
from scripts.drills.history_book import Book
from scripts.drills.history_looks import Broken, Looks
from scripts.drills.history_world import TENANTS, Crowd, World

TOPICS = ("退货", "运费", "发票", "积分", "换货", "安装", "保修", "改地址")
IDS = [f"e{number}" for number in range(40)]
GROUPS, CHANNELS = ("vip", "presales"), ("app", "phone")
PAST, LATER, FAR = (datetime(year, 6, 1, tzinfo=UTC) for year in (2020, 2090, 2095))
STEPS = {
    "put": 30, "edit": 16, "audience": 8, "expire": 6, "later": 8, "mixed": 4, "delete": 12, "draft": 10,
    "plan_delete": 3, "publish": 6, "unrefreshed": 3, "follow": 4, "reload": 2, "crash": 4,
}  # fmt: skip
"""What may happen in a step, and how often."""


def run(n: int, seed: int, say: Say) -> Result:
    """`n` steps. Odd seeds search with the shipped encoder, even ones by words alone."""
    done: Counter[str] = Counter()
    with _driver(seed) as driver:
        try:
            for step in range(n):
                done[driver.step()] += 1
                if (step + 1) % 500 == 0:
                    say(f"种子 {seed}：{step + 1}/{n} 步")
            failures: tuple[str, ...] = ()
        except Broken as broken:
            failures = (f"seed {seed}, step {sum(done.values())}: {broken}",)
        looks = driver.looks
        figures = {"steps": dict(sorted(done.items())), "looks": looks.count, "readings": looks.readings}
        releases = sum(len(book.pages) for book in driver.books.values())
    return Result({**figures, "releases": releases}, failures)


def _encoder(seed: int) -> Encode | None:
    if seed % 2 == 0:
        return None
    from nlp.artefacts import find
    from nlp.encode import load_encoder

    return load_encoder(find("encoder")).encode


@contextmanager
def _driver(seed: int) -> Iterator[Driver]:
    encode = _encoder(seed)
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        world = World(Path(folder), encode)
        driver = Driver(world, seed, encode, runner)
        try:
            for tenant in TENANTS:  # readers never meet a tenant that has published nothing
                driver.write(tenant, {"e0": driver.entry("e0", tenant)}, frozenset())
            driver.looks.crowd = Crowd(world, TOPICS, seed)
            yield driver
        finally:
            if driver.looks.crowd is not None:
                driver.looks.crowd.stop()
            world.close()


class Driver:
    """Does one random thing after another to the service and to the books, and looks after each."""

    def __init__(self, world: World, seed: int, encode: Encode | None, runner: asyncio.Runner) -> None:
        self.rng, self.world, self._runner = random.Random(seed), world, runner  # noqa: S311
        self.books = {tenant: Book() for tenant in TENANTS}
        self.looks = Looks(world, self.books, self.rng, encode, TOPICS)
        self._serial = 0

    def step(self) -> str:
        """One thing and the looks after it; its name. Raises Broken."""
        rng = self.rng
        name = rng.choices(list(STEPS), list(STEPS.values()))[0]
        tenant = rng.choice(TENANTS)
        written: Entry | None = getattr(self, f"_{name}")(tenant)
        if written is not None:
            self.looks.found_at_once(tenant, written)
        self.looks.all_paths(tenant)
        self.looks.readers()
        if name in ("crash", "reload"):
            for one in TENANTS:
                self.looks.whole(one)
        return name

    def entry(self, one: str, tenant: str, **more: object) -> Entry:
        """A new text; its number is on no other, so that whatever is found can be told apart."""
        rng = self.rng
        self._serial += 1
        topic, kind = rng.choice(TOPICS), rng.choice(get_args(Kind))
        fields: dict[str, object] = {
            "audience": frozenset(rng.sample(GROUPS, rng.choice((0, 0, 0, 1, 2)))),
            "channel": frozenset(rng.sample(CHANNELS, rng.choice((0, 0, 0, 1)))),
            "effective_to": rng.choice((None, None, None, None, PAST, FAR)),
            "stage": rng.choice(STAGES) if kind == "script" else None,
            **more,
        }
        title = f"{topic}怎么办理{self._serial}"
        text = f"{tenant}：{topic}的答案，第{self._serial}稿。"
        return Entry(one, kind, title, text, **fields)  # type: ignore[arg-type]

    def write(
        self, tenant: str, put: Mapping[str, Entry], drop: frozenset[str], *, reviewed: bool = False
    ) -> None:
        """Through the front: searchable when it returns."""
        made = self._runner.run(
            self.world.sites.write(tenant, put, drop, by="E1", note="", reviewed=reviewed)
        )
        book = self.books[tenant]
        if reviewed:
            book.draft |= put
        if made.release is not None:
            at = datetime.fromisoformat(made.release.at)
            book.apply({} if reviewed else put, drop, made.release.name, at)

    def _known(self, tenant: str) -> str:
        return self.rng.choice(self.books[tenant].ids or IDS)

    def _put(self, tenant: str, **more: object) -> Entry:
        new = self.entry(self.rng.choice(IDS), tenant, **more)
        self.write(tenant, {new.id: new}, frozenset())
        return new

    def _edit(self, tenant: str) -> Entry:
        new = self.entry(self._known(tenant), tenant)
        self.write(tenant, {new.id: new}, frozenset())
        return new

    def _audience(self, tenant: str) -> Entry:
        only = frozenset({self.rng.choice(GROUPS)})
        new = self.entry(self._known(tenant), tenant, audience=only)
        self.write(tenant, {new.id: new}, frozenset())
        return new

    def _expire(self, tenant: str) -> None:
        soon = datetime.now(UTC) + timedelta(milliseconds=60)
        self._put(tenant, effective_to=soon)
        while datetime.now(UTC) <= soon:
            time.sleep(0.005)

    def _later(self, tenant: str) -> Entry:
        begins, ends = self.rng.choice((LATER, PAST)), self.rng.choice((None, FAR))
        new = self.entry(self._known(tenant), tenant, effective_from=begins, effective_to=ends)
        self.write(tenant, {new.id: new}, frozenset())
        return new

    def _mixed(self, tenant: str) -> None:
        some = self.rng.sample(IDS, 5)
        put = {one: self.entry(one, tenant) for one in some[:3]}
        self.write(tenant, put, frozenset(some[3:]), reviewed=self.rng.random() < 0.4)

    def _delete(self, tenant: str) -> None:
        self.write(tenant, {}, frozenset({self._known(tenant)}), reviewed=self.rng.random() < 0.5)

    def _draft(self, tenant: str) -> None:
        new = self.entry(self.rng.choice(IDS), tenant)
        self.write(tenant, {new.id: new}, frozenset(), reviewed=True)

    def _plan_delete(self, tenant: str) -> None:
        one = self._known(tenant)
        self.world.store.write(lambda writer: stored.set_draft(writer, tenant, {one: None}, "E1"))
        self.books[tenant].draft[one] = None

    def _publish(self, tenant: str) -> None:
        book = self.books[tenant]
        release = self._runner.run(self.world.sites.publish_draft(tenant, by="E1", note=""))
        if (release is None) != (not book.draft):
            raise Broken(f"{tenant}: a draft of {len(book.draft)} gave {release}")
        if release is not None:
            put = {one: entry for one, entry in book.draft.items() if entry is not None}
            drop = [one for one, entry in book.draft.items() if entry is None]
            book.draft.clear()
            book.apply(put, drop, release.name, datetime.fromisoformat(release.at))

    def _unrefreshed(self, tenant: str) -> None:
        """Acknowledged by the store, and the process is gone before it served it."""
        from api.publishing import write

        new, gone = self.entry(self.rng.choice(IDS), tenant), self._known(tenant)
        put, drop = {new.id: new}, frozenset({gone}) - {new.id}
        made = self.world.store.write(
            lambda writer: write(writer, tenant, put, drop, by="E1", note="", reviewed=False)
        )
        assert made.release is not None
        self.books[tenant].apply(put, drop, made.release.name, datetime.fromisoformat(made.release.at))
        self._crash(tenant)

    def _follow(self, tenant: str) -> None:
        self.world.other.refresh(tenant)
        self.looks.whole(tenant, self.world.other)

    def _reload(self, tenant: str) -> None:
        self.world.reload()

    def _crash(self, tenant: str) -> None:
        self.world.crash(self.rng)
