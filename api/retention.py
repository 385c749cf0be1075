"""Once a day, what was kept longer than the site keeps it is forgotten; what an open case refers to stays.

Rows go in small units of work, so that requests are written in between. Two processes may sweep at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from api.casework import Casework, written
from api.service import Service
from api.store import keys, retention
from api.store.retention import DIALOGUES, LOGS, Kept

log = structlog.get_logger()
EVERY_SECONDS = 24 * 3600.0
AGAIN_SECONDS = 600.0
"""After a sweep that failed."""


def sweep(work: Casework, opened: Service, now: datetime) -> int:
    """Forget what is too old, of every tenant. Returns how many rows went."""
    days = opened.settings
    final = {
        code: [state.code for state in kind.states.values() if state.final]
        for code, kind in work.kinds.items()
    }
    ages: Sequence[tuple[Sequence[Kept], int]] = (
        (DIALOGUES, days.transcript_days),
        (LOGS, days.decision_days),
    )
    gone = 0
    for tenant in opened.store.read(keys.tenant_ids):
        needed = opened.store.read(partial(retention.referred, tenant=tenant, final=final))
        for tables, age in ages:
            before = written(now - timedelta(days=age))
            for kept in tables:
                gone += _forgotten(opened, tenant, kept, before, needed)
    return gone


def _forgotten(opened: Service, tenant: str, kept: Kept, before: str, needed: frozenset[str]) -> int:
    gone, look = 0, partial(retention.expired, tenant=tenant, kept=kept, before=before, needed=needed)
    while found := opened.store.read(look):
        for at in range(0, len(found), retention.CHUNK):
            part = found[at : at + retention.CHUNK]
            drop = partial(retention.drop, tenant=tenant, kept=kept, before=before, keys=part)
            gone += opened.store.write(drop)
        if len(found) < retention.MOST:
            break
    return gone


async def follow(work: Casework, opened: Service) -> None:
    """Sweep once a day for as long as the service runs."""
    while True:
        wait = EVERY_SECONDS
        try:
            gone = await asyncio.to_thread(sweep, work, opened, work.clock())
            if gone:
                log.info("retention", forgotten=gone)
        except Exception as error:  # a locked database, a full queue: soon again
            log.error("retention", why=str(error))
            wait = AGAIN_SECONDS
        await asyncio.sleep(wait)
