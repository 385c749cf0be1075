"""The service's own layers under the drill `history`: store, served handbooks, readers; and how they are crashed."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from api.sites import Sites
from api.store import Store, keys
from kb import snapshot
from kb.entries import Entry
from kb.filters import Filters
from kb.search import Hit, search
from kb.segment import Encode

TENANTS = ("shop", "store", "stall")
READERS = 2
PAUSE = 0.02
KEPT_READINGS = 400


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader saw in one look: the release it says it is, all its entries, and what a search gave."""

    tenant: str
    release: str
    entries: tuple[Entry, ...]
    filters: Filters
    hits: tuple[Hit, ...]


class World:
    """One data folder in service; `crash` drops all memory and goes on from a copy of the disk."""

    def __init__(self, folder: Path, encode: Encode | None) -> None:
        self._root, self._encode = folder, encode
        self._number = 0
        self.folder = folder / "0"
        self.folder.mkdir()
        self._open()
        for tenant in TENANTS:
            self.store.write(lambda writer, name=tenant: keys.ensure_tenant(writer, name, name))  # type: ignore[misc]

    def _open(self) -> None:
        self.store = Store(f"sqlite:///{self.folder / 'zuoxi.db'}")
        self.sites = self._sites(self.folder)
        self.sites.start()
        self.other = self._sites(self.folder / "other")
        self.other.start()

    def _sites(self, folder: Path) -> Sites:
        return Sites(self.store, folder, self._encode, "drill" if self._encode else "")

    def reload(self) -> None:
        """Stop in order and start again: snapshots are written and read."""
        self.sites.close()
        self.sites = self._sites(self.folder)
        self.sites.start()

    def crash(self, rng: random.Random) -> str:
        """Nothing in memory survives, nothing is closed first; snapshots may be old or damaged. Says how."""
        self._number += 1
        image = self._root / str(self._number)
        with suppress(shutil.Error):  # a snapshot that is being written may vanish under the copy
            shutil.copytree(self.folder, image)  # no release is written now: so a dead machine's disk looks
        how = _sabotage(rng, image / "snapshots")
        self.store.close()
        shutil.rmtree(self.folder)
        self.folder = image
        self._open()
        return how

    def close(self) -> None:
        self.sites.close()
        self.store.close()


def _sabotage(rng: random.Random, root: Path) -> str:
    how = rng.choice(("plain", "old", "damaged", "half", "lost"))
    for tenant in sorted(root.iterdir()) if root.is_dir() else ():
        folders = sorted(path for path in tenant.iterdir() if path.is_dir())
        if how == "old" and folders:
            snapshot.point(tenant, min(folders, key=lambda path: path.stat().st_mtime))
        elif how == "damaged" and folders:
            file = rng.choice(sorted(rng.choice(folders).iterdir()))
            content = bytearray(file.read_bytes() or b"x")
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            file.write_bytes(content)
        elif how == "half":
            (tenant / ".draft-half").mkdir(exist_ok=True)
            (tenant / ".draft-half" / "entries.jsonl").write_text("{", encoding="utf-8")
        elif how == "lost":
            (tenant / snapshot.POINTER).unlink(missing_ok=True)
    return how


class Crowd:
    """Readers on threads of their own, who look at whatever is served while it is changed."""

    def __init__(self, world: World, topics: Sequence[str], seed: int) -> None:
        self._world, self._topics = world, topics
        self._end = threading.Event()
        self._seen: deque[Reading] = deque(maxlen=KEPT_READINGS)
        self.broken: list[str] = []
        self._threads = [
            threading.Thread(target=self._read, args=(random.Random(seed * 100 + number),), daemon=True)  # noqa: S311
            for number in range(READERS)
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, rng: random.Random) -> None:
        while not self._end.is_set():
            tenant = rng.choice(TENANTS)
            filters = Filters(audience=rng.choice((None, frozenset({"vip"}))), as_of=datetime.now(UTC))
            try:
                knowledge = self._world.sites.knowledge(tenant)
                hits = search(knowledge, rng.choice(self._topics), None, filters, 10)
                entries = tuple(knowledge.entries.values())
                self._seen.append(Reading(tenant, knowledge.release, entries, filters, hits))
            except Exception as error:  # a reader must never meet one, whatever is being written
                self.broken.append(repr(error)[:300])
            time.sleep(PAUSE)

    def taken(self) -> list[Reading]:
        """What was seen since the last call."""
        found = []
        while self._seen:
            found.append(self._seen.popleft())
        return found

    def stop(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()
