"""Shadow mode: a second intent model reads every routed ticket after the answer is made, and only its votes are kept.

A bounded queue stands between the answer and the shadow: what does not fit is dropped and counted, so that no
customer ever waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter

from api.service import Service
from api.store import StoreBusy, Writer, decisions
from api.store.shadows import KIND, identity
from api.telemetry import REGISTRY, log
from nlp.artefacts import ArtefactError, find
from nlp.classify import Classifier
from nlp.routing import Ticket
from nlp.versions import open_version

Json = dict[str, Any]
WAITING = 2000
GROUP = 64
PAUSE_SECONDS = 0.2
"""After a ticket comes in: the answer leaves first, and tickets that come together are read together."""
SHADOWED = Counter("zuoxi_shadow_total", "Tickets offered to the shadow model", ["end"], registry=REGISTRY)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A routed ticket that the shadow has not read yet; its text lives in memory alone."""

    tenant: str
    text: str
    decision_id: str
    subject: str
    category: str
    confidence: float


class Shadow:
    """The shadow model and its queue. Off where the setting is; `why` says what keeps it from loading."""

    def __init__(self, opened: Service) -> None:
        self._opened = opened
        self._queue: deque[Waiting] = deque()
        self._came = asyncio.Event()
        self.model: Classifier | None = None
        self.why: str | None = None
        self.dropped = 0
        settings = opened.settings
        if settings.shadow is None:
            return
        try:
            artefact = find("intent", settings.models, settings.shadow)
            searching = opened.models.encoder
            self.model = open_version(artefact, {} if searching is None else {searching.version: searching})
        except (ArtefactError, OSError, ValueError) as error:
            self.why = str(error)
            log.warning("shadow", why=self.why, then="tickets are routed as ever")

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def offer(self, tenant: str, tickets: Sequence[Ticket], replies: Sequence[Json]) -> None:
        """Hand over tickets that were answered. Never waits and never raises."""
        if self.model is None:
            return
        for ticket, reply in zip(tickets, replies, strict=True):
            if len(self._queue) >= WAITING:
                self._drop(1)
                continue
            text = f"{ticket.subject or ''} {ticket.text}".strip()
            said, subject = reply["category"], ticket.ticket_id or reply["id"]
            self._queue.append(Waiting(tenant, text, reply["id"], subject, said["code"], said["confidence"]))
        self._came.set()

    def _drop(self, count: int) -> None:
        self.dropped += count
        SHADOWED.labels("dropped").inc(count)

    async def run(self) -> None:
        """Read what waits until cancelled; then read the rest."""
        try:
            while True:
                await self._came.wait()
                await asyncio.sleep(PAUSE_SECONDS)
                await self._empty()
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await self._empty()
            raise

    async def _empty(self) -> None:
        self._came.clear()
        while self._queue:
            group = [self._queue.popleft() for _ in range(min(GROUP, len(self._queue)))]
            step = asyncio.ensure_future(self._step(group))
            try:
                await asyncio.shield(step)
            except asyncio.CancelledError:
                await step  # a write that was begun is ended
                raise

    async def _step(self, group: Sequence[Waiting]) -> None:
        try:
            told = await asyncio.to_thread(self._read, group)
            await self._opened.store.awrite(lambda writer: _save(writer, told))
            SHADOWED.labels("recorded").inc(len(group))
        except StoreBusy:
            self._drop(len(group))
        except Exception as error:  # the shadow may fail; the service may not
            self._drop(len(group))
            log.error("shadow", why=f"{type(error).__name__}: {error}"[:300])

    def _read(self, group: Sequence[Waiting]) -> list[tuple[Waiting, Json]]:
        """The votes of both models on the same texts."""
        assert self.model is not None
        texts = [one.text for one in group]
        shadow = _votes(self.model, texts)
        served = self._opened.models.intent
        if served is None:  # routed by words alone: what was answered stands for the model
            others = [_vote("", one.category, one.confidence) for one in group]
        else:
            others = _votes(served, texts)
        return [
            (one, {"id": identity(one.decision_id), "decision_id": one.decision_id, "category": one.category,
                   "served": other, "shadow": mine, "agree": other["label"] == mine["label"]})
            for one, other, mine in zip(group, others, shadow, strict=True)
        ]  # fmt: skip


def _votes(model: Classifier, texts: Sequence[str]) -> list[Json]:
    shares = model.probabilities(texts)
    return [_vote(model.version, model.labels[int(row.argmax())], float(row.max())) for row in shares]


def _vote(version: str, label: str, probability: float) -> Json:
    return {"version": version, "label": label, "probability": round(probability, 4)}


def _save(writer: Writer, told: Sequence[tuple[Waiting, Json]]) -> None:
    for one, record in told:
        decisions.save(writer, one.tenant, KIND, {}, record, subject=one.subject)
