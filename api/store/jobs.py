"""Background jobs as leases: the job and its effect commit together, a dead worker's job is taken over.

A finish is fenced by the lease token, so a worker that lost its lease changes nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update

from api.store import outbox, schema
from api.store.engine import Reader, Writer
from api.store.keys import now

Json = dict[str, Any]
FINISHED = "quality.job.finished"
LEASE = 30.0
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Lease:
    """A job taken by a worker."""

    tenant: str
    id: str
    kind: str
    data: Mapping[str, Any]
    token: str
    attempts: int


def add(
    writer: Writer, tenant: str, identity: str, kind: str, data: Json, by: str, start: float | None = None
) -> None:
    """Queue a job; `start` (seconds since 1970): nobody takes it before."""
    writer.execute(
        schema.jobs.insert().values(
            tenant=tenant,
            id=identity,
            kind=kind,
            state="queued",
            done=0,
            data=data,
            attempts=0,
            cancel=False,
            lease_until=start,
            by=by,
            created_at=now(),
        )
    )


def get(reader: Reader, tenant: str, identity: str) -> Json | None:
    """A job as the contract shows it, with `data` beside."""
    table = schema.jobs
    row = reader.execute(select(table).where(table.c.tenant == tenant, table.c.id == identity)).first()
    if row is None:
        return None
    shown = (
        "id",
        "kind",
        "state",
        "done",
        "total",
        "error",
        "by",
        "created_at",
        "started_at",
        "finished_at",
        "data",
    )
    return {name: getattr(row, name) for name in shown} | {"cancel": row.cancel}


def listed(reader: Reader, tenant: str, limit: int = 50) -> list[Json]:
    """Jobs, newest first."""
    table = schema.jobs
    rows = reader.execute(
        select(table.c.id).where(table.c.tenant == tenant).order_by(table.c.created_at.desc()).limit(limit)
    )
    found = [get(reader, tenant, row.id) for row in rows]
    return [job for job in found if job is not None]


def waiting(reader: Reader) -> bool:
    """Whether `take` would find a job: cheaper to ask than to take the write lock."""
    return reader.execute(select(schema.jobs.c.id).where(_open()).limit(1)).first() is not None


def _open() -> ColumnElement[bool]:
    table = schema.jobs
    begun = or_(table.c.lease_until.is_(None), table.c.lease_until <= time.time())
    lapsed = and_(table.c.state == "running", table.c.lease_until < time.time())
    return or_(and_(table.c.state == "queued", begun), lapsed)


def take(writer: Writer) -> Lease | None:
    """Lease the oldest open job: queued, or running with a lease that ran out."""
    table = schema.jobs
    row = writer.execute(
        select(table).where(_open()).order_by(table.c.created_at).limit(1).with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    key = and_(table.c.tenant == row.tenant, table.c.id == row.id)
    if row.attempts >= ATTEMPTS:
        writer.execute(
            update(table)
            .where(key)
            .values(state="failed", error=f"{ATTEMPTS} 次尝试均中断", finished_at=now())
        )
        _tell(writer, row.tenant, row.id)
        return None
    token = secrets.token_hex(8)
    writer.execute(
        update(table)
        .where(key)
        .values(
            state="running",
            lease=token,
            lease_until=time.time() + LEASE,
            attempts=row.attempts + 1,
            started_at=row.started_at or now(),
        )
    )
    return Lease(row.tenant, row.id, row.kind, row.data, token, row.attempts + 1)


def beat(writer: Writer, lease: Lease, done: int, total: int | None) -> bool:
    """Renew the lease and tell the progress; False when the worker must stop (cancelled or taken over)."""
    table = schema.jobs
    row = writer.execute(
        update(table)
        .where(table.c.tenant == lease.tenant, table.c.id == lease.id, table.c.lease == lease.token)
        .where(table.c.state == "running", table.c.cancel.is_(False))
        .values(done=done, total=total, lease_until=time.time() + LEASE)
    )
    return row.rowcount == 1


def finish(writer: Writer, lease: Lease, state: str, error: str | None = None) -> bool:
    """End a job that is still ours; False when it is not."""
    table = schema.jobs
    row = writer.execute(
        update(table)
        .where(table.c.tenant == lease.tenant, table.c.id == lease.id, table.c.lease == lease.token)
        .where(table.c.state == "running")
        .values(state=state, error=error, finished_at=now(), lease=None)
    )
    if row.rowcount != 1:
        return False
    _tell(writer, lease.tenant, lease.id)
    return True


def _tell(writer: Writer, tenant: str, identity: str) -> None:
    """Queue what other systems are told of a job's end, in the transaction that ends it."""
    job = get(Reader(writer), tenant, identity)
    if job is not None:
        names = ("id", "kind", "state", "done", "total", "error", "created_at", "finished_at")
        outbox.announce(writer, tenant, FINISHED, {name: job[name] for name in names})


def release(writer: Writer, lease: Lease) -> bool:
    """Give a job back unfinished, as on a planned stop: the next worker takes it at once."""
    table = schema.jobs
    row = writer.execute(
        update(table)
        .where(table.c.tenant == lease.tenant, table.c.id == lease.id, table.c.lease == lease.token)
        .where(table.c.state == "running")
        .values(state="queued", lease=None, lease_until=None, attempts=table.c.attempts - 1)
    )
    return row.rowcount == 1


def cancel(writer: Writer, tenant: str, identity: str) -> str | None:
    """Cancel a job: at once when queued, at its next beat when running. Returns its state, None if missing."""
    table = schema.jobs
    key = and_(table.c.tenant == tenant, table.c.id == identity)
    state = writer.execute(select(table.c.state).where(key)).scalar()
    if state is None:
        return None
    if state in ("queued", "running"):
        writer.execute(
            update(table).where(key).values(state="cancelled", cancel=True, finished_at=now(), lease=None)
        )
        _tell(writer, tenant, identity)
        return "cancelled"
    return str(state)
