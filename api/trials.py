"""Handbooks on trial: who takes part reads the changed text, everybody else the newest release."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from api.store import Reader, Store, changes
from api.store.changes import OnTrial, Planned
from api.store.keys import Grant
from kb import handbook
from kb.entries import Entry, from_json
from kb.knowledge import Knowledge
from kb.segment import Encode
from kb.trial import Cohort, Person

FRESH_SECONDS = 0.25
"""How long what another process started or ended may go unseen."""
KEPT = 8
READERS = ("agent", "supervisor")
"""Scopes whose keys are people that serve customers; channels and programs never take part."""


def person_of(grant: Grant, agent: Mapping[str, Any] | None = None) -> Person | None:
    """Who will read the answer: the person behind the key, or the agent who serves the conversation."""
    actor = grant.actor if grant.scope in READERS else agent
    if not actor or not actor.get("id"):
        return None
    team = actor.get("team")
    return Person(str(actor["id"]), None if team is None else str(team))


def cohort_of(data: Mapping[str, Any]) -> Cohort:
    """The people that a change's trial names."""
    return Cohort(
        frozenset(data.get("teams") or ()),
        frozenset(data.get("agents") or ()),
        float(data.get("percent") or 0),
    )


def over(knowledge: Knowledge, planned: Mapping[str, Planned], encode: Encode | None, name: str) -> Knowledge:
    """A handbook with what a change holds; a text that begins later does not hide the one it replaces."""
    put = {at: from_json(one.entry) for at, one in planned.items() if one.entry is not None}
    drop = {at for at, one in planned.items() if one.entry is None}
    now, standing = datetime.now(UTC), dict[str, Entry]()
    for identity, new in put.items():
        known = [knowledge.entries[identity]] if identity in knowledge.entries else []
        for text in handbook.outgoing(known, new, now, knowledge.release):
            standing[text.id] = text
    return knowledge.changed([*put.values(), *standing.values()], drop, encode, name)


class Trials:
    """Changes in trial by tenant, and the handbooks that their participants read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: dict[str, tuple[float, tuple[OnTrial, ...]]] = {}
        self._made: OrderedDict[tuple[object, ...], Knowledge] = OrderedDict()
        self._lock = threading.Lock()
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def running(self, tenant: str) -> tuple[OnTrial, ...]:
        """Changes whose trial has not reached its end."""
        known = self._running.get(tenant)
        if known is None or time.monotonic() - known[0] > FRESH_SECONDS:
            found = tuple(self._store.read(lambda reader: changes.on_trial(reader, tenant)))
            known = (time.monotonic(), found)
            self._running[tenant] = known
        at = self.clock().astimezone(UTC).isoformat(timespec="milliseconds")
        return tuple(one for one in known[1] if at < one.due_at)

    def forget(self, tenant: str) -> None:
        """Look again at the next question."""
        self._running.pop(tenant, None)

    def seen_by(self, tenant: str, person: Person, current: Knowledge, encode: Encode | None) -> Knowledge:
        """The handbook for one person: `current`, or with the changes that they try."""
        mine = [one for one in self.running(tenant) if cohort_of(one.data).holds(person, one.change)]
        knowledge = current
        for one in mine:
            knowledge = self._with(tenant, knowledge, one, encode)
        return knowledge

    def _with(self, tenant: str, knowledge: Knowledge, one: OnTrial, encode: Encode | None) -> Knowledge:
        key = (tenant, id(knowledge), knowledge.release, one.change, one.revision)
        with self._lock:
            made = self._made.get(key)
            if made is None:

                def unit(reader: Reader) -> dict[str, Planned]:
                    return changes.planned(reader, tenant, one.change)

                made = over(knowledge, self._store.read(unit), encode, f"{knowledge.release}+{one.change}")
                self._made[key] = made
                while len(self._made) > KEPT:
                    self._made.popitem(last=False)
            self._made.move_to_end(key)
            return made
