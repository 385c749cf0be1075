"""Every tenant's handbook in memory, kept equal to the store.

One mechanism for every change: a release is committed to the store first, then applied to the served value by
`Knowledge.changed`, then the reference is swapped. Another process's release is seen by polling the newest
release numbers, and a snapshot on disk spares a restart the encoding.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from api.kept import Kept
from api.publishing import Written, publish, write
from api.store import Reader, Store, Writer, changes, entries, lexicons
from api.store.entries import Release
from api.telemetry import log
from api.trials import Trials, over
from kb import snapshot
from kb.entries import Entry, from_json
from kb.knowledge import Knowledge, build
from kb.segment import Encode, Lexicon
from kb.synonyms import Synonyms, laid_over, read
from kb.trial import Person

__all__ = ["Sites", "Written", "publish", "write"]

NOTHING = "V0"
"""Release of a site that has published nothing yet."""
POLL_SECONDS = 0.25
PAST_RELEASES = 4
SNAPSHOT_AFTER = 200
"""Releases applied on top of a snapshot before a new one is written."""


class Sites:
    """The served `Knowledge` of every tenant.

    `encoder_version` names the very model: a snapshot of another is never served. `kept` remembers on disk what
    a slow encoder gave.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        encode: Encode | None,
        encoder_version: str,
        kept: Kept | None = None,
    ) -> None:
        self._store, self._folder = store, folder
        self._quick, self._version, self._kept = encode, encoder_version, kept
        self._served: dict[str, tuple[int, Knowledge]] = {}
        self._snapped: dict[str, int] = {}
        self._past: OrderedDict[tuple[str, int], Knowledge] = OrderedDict()
        self.trials = Trials(store)
        self._lock = threading.RLock()
        self._folding: dict[str, threading.Thread] = {}
        self._task: asyncio.Task[None] | None = None

    # reading

    def knowledge(self, tenant: str) -> Knowledge:
        """The newest release; an empty one for a tenant that has published nothing."""
        served = self._served.get(tenant)
        if served is None:
            self.refresh(tenant)
            served = self._served[tenant]
        return served[1]

    def at(self, tenant: str, as_of: datetime | None, person: Person | None = None) -> Knowledge:
        """The release in force at `as_of` (aware); the newest for None or now, with what a `person` tries."""
        current = self.knowledge(tenant)
        if as_of is None and person is not None and self.trials.running(tenant):
            return self.trials.seen_by(tenant, person, current, self._encode(tenant))
        if as_of is None or as_of >= datetime.now(UTC):
            return current
        moment = as_of.astimezone(UTC).isoformat(timespec="milliseconds")
        release = self._store.read(lambda reader: entries.release_at(reader, tenant, moment))
        if release is None or release.seq == self._served[tenant][0]:
            return current
        return self._release(tenant, release)

    def _lexicon(self, tenant: str, seq: int) -> Lexicon:
        """The synonyms of release number `seq`: the site's over the shipped ones."""
        kept = self._store.read(lambda reader: lexicons.at(reader, tenant, seq))
        return laid_over(Synonyms() if kept is None else read(kept.lines))

    def _encode(self, tenant: str) -> Encode | None:
        return self._quick if self._kept is None else partial(self._kept.encode, tenant)

    def _release(self, tenant: str, release: Release) -> Knowledge:
        key = (tenant, release.seq)
        with self._lock:
            if key not in self._past:
                raw = self._store.read(lambda reader: entries.entries_of(reader, tenant, release.seq))
                self._past[key] = build(
                    _parse(raw).values(),
                    self._version,
                    self._encode(tenant),
                    release.name,
                    self._lexicon(tenant, release.seq),
                )
                while len(self._past) > PAST_RELEASES:
                    self._past.popitem(last=False)
            self._past.move_to_end(key)
            return self._past[key]

    def again(self, tenant: str, release: str, base: str) -> Knowledge | None:
        """The index that answered with `release` (of a trial: with what its changes hold now), over the same base.

        None where the store knows no such release: a draft, a preview, one before the first.
        """
        name, *tried = release.split("+")
        known = self._store.read(lambda reader: entries.release_named(reader, tenant, name))
        under = self._store.read(lambda reader: entries.release_named(reader, tenant, base))
        if (known is None and name != NOTHING) or (under is None and base != NOTHING):
            return None
        first, last = (0 if under is None else under.seq), (0 if known is None else known.seq)
        found = self._over(tenant, first, base, last, name)
        for change in tried:
            held = self._store.read(partial(changes.planned, tenant=tenant, change=change))
            found = over(found, held, self._encode(tenant), f"{found.release}+{change}")
        return found

    def _over(self, tenant: str, first: int, base: str, last: int, name: str) -> Knowledge:
        """Release number `last` as edits over an index of release number `first`."""
        served = self._served.get(tenant)
        if served is not None and served[0] == last and served[1].base == base:
            return served[1]
        under = self._release(tenant, Release(first, base, "", "", ""))
        if first == last:
            return under
        put, drop = self._store.read(lambda reader: entries.changes(reader, tenant, first, last))
        return under.changed(_parse(put).values(), drop, self._encode(tenant), name)

    def planned(self, tenant: str, change: str) -> Knowledge:
        """The newest release with what a change holds: for those who write it."""
        held = self._store.read(lambda reader: changes.planned(reader, tenant, change))
        return over(self.knowledge(tenant), held, self._encode(tenant), f"+{change}")

    def draft(self, tenant: str) -> Knowledge:
        """The newest release with the open draft applied."""
        planned = self._store.read(lambda reader: entries.draft(reader, tenant))
        put = {name: entry for name, entry in planned.items() if entry is not None}
        drop = frozenset(name for name, entry in planned.items() if entry is None)
        return self.knowledge(tenant).changed(_parse(put).values(), drop, self._encode(tenant), "draft")

    # writing

    async def write(
        self,
        tenant: str,
        put: Mapping[str, Entry],
        drop: frozenset[str],
        *,
        by: str,
        note: str,
        reviewed: bool,
        thaw: bool = False,
    ) -> Written:
        """`write` in a transaction of its own, searchable when this returns."""
        written = await self._store.awrite(
            lambda writer: write(writer, tenant, put, drop, by=by, note=note, reviewed=reviewed, thaw=thaw)
        )
        await asyncio.to_thread(self.refresh, tenant)
        return written

    async def publish_draft(self, tenant: str, *, by: str, note: str, thaw: bool = False) -> Release | None:
        """Publish the open draft as the next minor release; None when it is empty."""

        def unit(writer: Writer) -> Release | None:
            planned = entries.draft(Reader(writer), tenant)
            if not planned:
                return None
            put = {name: entry for name, entry in planned.items() if entry is not None}
            drop = frozenset(name for name, entry in planned.items() if entry is None)
            entries.clear_draft(writer, tenant)
            return publish(writer, tenant, put, drop, by=by, note=note, minor=True, thaw=thaw)

        release = await self._store.awrite(unit)
        await asyncio.to_thread(self.refresh, tenant)
        return release

    # keeping up

    def refresh(self, tenant: str) -> None:
        """Bring one tenant up to its newest release and to the trials that run."""
        self.trials.forget(tenant)
        with self._lock:
            head = self._store.read(lambda reader: entries.head(reader, tenant))
            if tenant not in self._served:
                self._served[tenant] = self._open(tenant)
            seq, knowledge = self._served[tenant]
            if head is None or head.seq == seq:
                return
            after = self._forward(tenant, knowledge, seq, head.seq, head.name)
            self._served[tenant] = (head.seq, after)
            if after.needs_compaction or head.seq - self._snapped.get(tenant, 0) >= SNAPSHOT_AFTER:
                self._fold(tenant)

    def _forward(self, tenant: str, knowledge: Knowledge, seq: int, upto: int, name: str) -> Knowledge:
        """The handbook of release `seq` brought to release `upto`."""
        put, drop = self._store.read(lambda reader: entries.changes(reader, tenant, seq, upto))
        after = knowledge.changed(_parse(put).values(), drop, self._encode(tenant), name)
        lexicon = self._lexicon(tenant, upto)
        return after if lexicon == after.lexicon else after.with_lexicon(lexicon)

    def _fold(self, tenant: str) -> None:
        """Fold and snapshot on a thread of its own: at 100,000 passages it takes seconds, and no edit waits for it."""
        if tenant not in self._folding:
            thread = threading.Thread(target=self._folded, args=(tenant,), name="fold", daemon=True)
            self._folding[tenant] = thread
            thread.start()

    def _folded(self, tenant: str) -> None:
        try:
            seq, knowledge = self._served[tenant]
            compact = knowledge.compacted(force=True)
            with self._lock:  # what was published meanwhile goes on top
                now, served = self._served[tenant]
                after = compact if now == seq else self._forward(tenant, compact, seq, now, served.release)
                self._served[tenant] = (now, after)
            self._keep(tenant, seq, compact)
        except Exception as error:  # the served value stands as it is; the next release tries again
            log.error("fold", tenant=tenant, why=repr(error)[:300])
        finally:
            self._folding.pop(tenant, None)

    def _settle(self, tenant: str) -> None:
        """Wait for what is being folded."""
        thread = self._folding.get(tenant)
        if thread is not None:
            thread.join()

    def _open(self, tenant: str) -> tuple[int, Knowledge]:
        """The last snapshot if it can be trusted, else the newest release built from the store."""
        try:
            folder = snapshot.current(self._path(tenant))
            if folder is not None:
                loaded = snapshot.load(folder, self._version)
                known = self._store.read(lambda reader: entries.release_named(reader, tenant, loaded.release))
                if known is not None:
                    self._snapped[tenant] = known.seq
                    return known.seq, loaded.with_lexicon(self._lexicon(tenant, known.seq))
        # A snapshot spares work and holds nothing of its own: one of another program must not stop this one.
        except (snapshot.SnapshotError, KeyError, ValueError, TypeError, OSError) as error:
            log.warning("snapshot", tenant=tenant, why=repr(error)[:300], then="rebuilt from the store")
        head = self._store.read(lambda reader: entries.head(reader, tenant))
        if head is None:
            return 0, build((), self._version, self._encode(tenant), NOTHING, self._lexicon(tenant, 0))
        raw = self._store.read(lambda reader: entries.entries_of(reader, tenant, head.seq))
        found = _parse(raw)
        if self._kept is not None:
            self._kept.prepare(tenant, found.values())
        lexicon = self._lexicon(tenant, head.seq)
        knowledge = build(found.values(), self._version, self._encode(tenant), head.name, lexicon)
        self._served[tenant] = (head.seq, knowledge)
        self._snap(tenant)
        return self._served[tenant]

    def _snap(self, tenant: str) -> None:
        seq, knowledge = self._served[tenant]
        compact = knowledge.compacted(force=True)
        self._served[tenant] = (seq, compact)
        self._keep(tenant, seq, compact)

    def _keep(self, tenant: str, seq: int, compact: Knowledge) -> None:
        root = self._path(tenant)
        try:
            snapshot.point(root, snapshot.write(compact, root))
            snapshot.prune(root)
            self._snapped[tenant] = seq
        except OSError as error:  # a full disk must not stop the service: the store has everything
            log.error("snapshot", tenant=tenant, why=str(error))

    def _path(self, tenant: str) -> Path:
        return self._folder / "snapshots" / tenant

    def start(self) -> None:
        """Load every tenant; then follow other processes' releases until `stop`."""
        for tenant in self._store.read(entries.heads):
            self.refresh(tenant)
        if self._kept is not None:
            self._kept.workers = 1  # from here on the other cores answer requests

    async def follow(self) -> None:
        """Poll for releases written by other processes."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                heads = await self._store.aread(entries.heads)
                for tenant, seq in heads.items():
                    if self._served.get(tenant, (0, None))[0] != seq:
                        await asyncio.to_thread(self.refresh, tenant)
            except Exception as error:
                log.error("follow", why=str(error))

    def close(self) -> None:
        """Write snapshots of what changed, so that the next start is quick."""
        for tenant in list(self._served):
            self._settle(tenant)
            seq = self._served[tenant][0]
            if seq and seq != self._snapped.get(tenant):
                self._snap(tenant)

    def forget(self, tenant: str) -> None:
        """Drop a deleted tenant from memory and disk."""
        self._settle(tenant)
        with self._lock:
            self._served.pop(tenant, None)
            for key in [key for key in self._past if key[0] == tenant]:
                del self._past[key]
            shutil.rmtree(self._path(tenant), ignore_errors=True)
            if self._kept is not None:
                self._kept.forget(tenant)

    def states(self) -> dict[str, Any]:
        """Releases and sizes for /readyz."""
        return {
            tenant: {"release": knowledge.release, "entries": len(knowledge.entries)}
            for tenant, (_, knowledge) in self._served.items()
        }


def _parse(raw: Mapping[str, dict[str, Any]]) -> dict[str, Entry]:
    return {name: from_json(entry) for name, entry in raw.items()}
