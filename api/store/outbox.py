"""What other systems are told: written in the transaction of what happened, sent later, kept when it fails."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update

from api.store.engine import Reader, Writer
from api.store.keys import now
from api.store.outbox_tables import messages, webhooks

Json = dict[str, Any]
LEASE = 60.0
"""Seconds a delivery is out with one sender: longer than any answer is waited for."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way; `id` stays the same however often it is tried."""

    tenant: str
    id: str
    webhook: str
    url: str
    secret: str
    body: str
    attempts: int


def add_webhook(
    writer: Writer, tenant: str, identity: str, url: str, secret: str, events: list[str], by: str
) -> None:
    """Have an address told of events from now on."""
    writer.execute(
        webhooks.insert().values(
            tenant=tenant, id=identity, url=url, secret=secret, events=events, by=by, created_at=now()
        )
    )


def listed(reader: Reader, tenant: str) -> list[Json]:
    """Webhooks without their secrets, the oldest first."""
    table = webhooks
    rows = reader.execute(
        select(table).where(table.c.tenant == tenant).order_by(table.c.created_at, table.c.id)
    )
    names = ("id", "url", "events", "by", "created_at", "disabled")
    return [{name: getattr(row, name) for name in names} for row in rows]


def remove(writer: Writer, tenant: str, identity: str) -> bool:
    """Forget a webhook and what waits for it; False where there is none."""
    mine = (messages.c.tenant == tenant, messages.c.webhook == identity, messages.c.state == "waiting")
    writer.execute(delete(messages).where(*mine))
    found = writer.execute(delete(webhooks).where(webhooks.c.tenant == tenant, webhooks.c.id == identity))
    return found.rowcount == 1


def announce(writer: Writer, tenant: str, event: str, data: Json) -> int:
    """Queue a message for every webhook that wants the event, in this transaction. Returns how many."""
    table = webhooks
    rows = writer.execute(select(table).where(table.c.tenant == tenant, table.c.disabled.is_(None))).all()
    wanted = [row for row in rows if event in row.events]
    moment = now()
    body = json.dumps({"type": event, "timestamp": moment, "data": data}, ensure_ascii=False)
    for row in wanted:
        writer.execute(
            messages.insert().values(
                tenant=tenant,
                id=f"msg_{secrets.token_hex(12)}",
                webhook=row.id,
                event=event,
                body=body,
                state="waiting",
                attempts=0,
                due=time.time(),
                created_at=moment,
            )
        )
    return len(wanted)


def waiting(reader: Reader) -> bool:
    """Whether `take` would find a delivery."""
    table = messages
    due = select(table.c.id).where(table.c.state == "waiting", table.c.due <= time.time()).limit(1)
    return reader.execute(due).first() is not None


def take(writer: Writer) -> Delivery | None:
    """Lease the delivery that is due longest; one that is not settled comes again after the lease."""
    table, hook = messages, webhooks
    row = writer.execute(
        select(table, hook.c.url, hook.c.secret)
        .join(hook, (hook.c.tenant == table.c.tenant) & (hook.c.id == table.c.webhook))
        .where(table.c.state == "waiting", table.c.due <= time.time())
        .order_by(table.c.due)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    writer.execute(
        update(table)
        .where(table.c.tenant == row.tenant, table.c.id == row.id)
        .values(due=time.time() + LEASE, attempts=row.attempts + 1)
    )
    return Delivery(row.tenant, row.id, row.webhook, row.url, row.secret, row.body, row.attempts + 1)


def settle(
    writer: Writer, sent: Delivery, state: str, told: str, due: float | None, disable: bool = False
) -> None:
    """Write down how an attempt ended: `sent`, `dead`, or `waiting` until `due`; `disable` stops the webhook."""
    ended = None if state == "waiting" else now()
    writer.execute(
        update(messages)
        .where(messages.c.tenant == sent.tenant, messages.c.id == sent.id, messages.c.state == "waiting")
        .values(state=state, told=told[:300], due=due, ended_at=ended)
    )
    if disable:
        mine = (webhooks.c.tenant == sent.tenant, webhooks.c.id == sent.webhook)
        writer.execute(update(webhooks).where(*mine).values(disabled=told[:300]))


def history(reader: Reader, tenant: str, webhook: str, limit: int) -> list[Json]:
    """Deliveries to a webhook, newest first."""
    table = messages
    rows = reader.execute(
        select(table)
        .where(table.c.tenant == tenant, table.c.webhook == webhook)
        .order_by(table.c.created_at.desc(), table.c.id)
        .limit(limit)
    )
    names = ("id", "event", "state", "attempts", "told", "created_at", "ended_at")
    return [{name: getattr(row, name) for name in names} for row in rows]


def again(writer: Writer, tenant: str, webhook: str, identity: str) -> bool:
    """Try a delivery that was given up anew, under the same id; False where there is no such one."""
    table = messages
    mine = (
        table.c.tenant == tenant,
        table.c.webhook == webhook,
        table.c.id == identity,
        table.c.state == "dead",
    )
    values = {"state": "waiting", "attempts": 0, "due": time.time(), "ended_at": None}
    return writer.execute(update(table).where(*mine).values(**values)).rowcount == 1
