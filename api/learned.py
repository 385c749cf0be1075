"""What agents did with suggestions, learned by the minute: a push for each entry of a site, bounded and repeatable."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from api.store import Reader, Store, outcomes
from api.store import knowledge as stored
from api.telemetry import log
from kb.learned import Offer, learned
from nlp.text import bigrams, key

WINDOW = timedelta(days=90)
FRESH_SECONDS = 60.0
LATEST = 5_000
"""Feedback that is read, the latest."""
AGAIN = 0.6
"""Share of its pairs of characters in which a question equals the one before: it was asked again."""
Turns = list[tuple[str, str, float]]


class Learned:
    """The pushes of every tenant; looked up without waiting, computed on a thread of their own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[float, Mapping[str, float]]] = {}
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def of(self, tenant: str) -> Mapping[str, float]:
        """Pushes by entry id; older than a minute they are computed anew, beside the request."""
        at, found = self._known.get(tenant, (float("-inf"), {}))
        if time.monotonic() - at > FRESH_SECONDS:
            with self._lock:
                idle = tenant not in self._busy
                self._busy.add(tenant)
            if idle:
                threading.Thread(target=self._quietly, args=(tenant,), daemon=True).start()
        return found

    def _quietly(self, tenant: str) -> None:
        try:
            self.refresh(tenant)
        except Exception as error:  # suggestions go on with what was learned before
            log.warning("learned", tenant=tenant, why=repr(error)[:300])
        finally:
            with self._lock:
                self._busy.discard(tenant)

    def refresh(self, tenant: str, until: datetime | None = None) -> Mapping[str, float]:
        """Compute the pushes from the feedback of the ninety days before `until` (now)."""
        end = until or datetime.now(UTC)
        span = tuple(
            at.isoformat(timespec="milliseconds") for at in (end - WINDOW, end + timedelta(seconds=1))
        )
        found = learned(self._store.read(lambda reader: offers(reader, tenant, (span[0], span[1]))))
        self._known[tenant] = (time.monotonic(), found)
        return found


def offers(reader: Reader, tenant: str, span: tuple[str, str]) -> list[Offer]:
    """Every offer of a span with what was done with it and what came after."""
    given = stored.feedback(reader, tenant, "suggestion", span)[-LATEST:]
    named = frozenset(str(one["conversation_id"]) for one in given if one.get("conversation_id"))
    scores = {one.transcript: one.score for one in outcomes.scored(reader, tenant, *span)} if named else {}
    said = outcomes.customer_turns(reader, tenant, named)
    made: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in given:
        made.setdefault((one["suggestion_id"], one["entry_id"]), []).append(one)
    return [_offer(entry_id, acts, scores, said) for (_, entry_id), acts in made.items()]


def _offer(
    entry_id: str, acts: list[dict[str, Any]], scores: Mapping[str, float], said: Mapping[str, Turns]
) -> Offer:
    conversation = str(acts[0].get("conversation_id") or "")
    sent = [one["at"] for one in acts if one["action"] == "sent"]
    mood, repeated = _after(said.get(conversation, []), sent[-1]) if sent else (None, False)
    actions = frozenset(one["action"] for one in acts)
    return Offer(entry_id, acts[0]["actor"], actions, scores.get(conversation), mood, repeated)


def _after(turns: Turns, at: str) -> tuple[float | None, bool]:
    """How the mood moved from the customer's turn before `at` to the one after, and whether it asked the same."""
    place = bisect_right([turn[0] for turn in turns], at)
    if not 0 < place < len(turns):
        return None, False
    (_, asked, before), (_, answered, after) = turns[place - 1], turns[place]
    one, other = set(bigrams(key(asked))), set(bigrams(key(answered)))
    shared = len(one & other) / len(one | other) if one and other else 0.0
    return round(after - before, 4), shared >= AGAIN
