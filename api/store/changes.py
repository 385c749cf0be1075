"""What a change of the handbook holds before it is published, and which entries are frozen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from api.store import schema
from api.store.engine import Reader, Writer
from api.store.keys import now

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry inside a change: its new content, None where it is withdrawn; `base` is what it was written over."""

    entry_id: str
    entry: Json | None
    base: str
    by: str
    at: str


def digest(raw: Mapping[str, Any] | None) -> str:
    """What a text is recognised by; "" for none."""
    if raw is None:
        return ""
    written = json.dumps(raw, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()[:32]


def plan(
    writer: Writer,
    tenant: str,
    change: str,
    entry_id: str,
    entry: Mapping[str, Any] | None,
    base: str,
    by: str,
) -> None:
    """Put an entry, or its withdrawal, into a change in place of what the change held for it."""
    drop(writer, tenant, change, entry_id)
    row = {"tenant": tenant, "change": change, "entry_id": entry_id, "base": base, "by": by, "at": now()}
    writer.execute(schema.change_entries.insert().values(**row, entry=None if entry is None else dict(entry)))


def drop(writer: Writer, tenant: str, change: str, entry_id: str) -> bool:
    """Take an entry out of a change; False where it was not in."""
    table = schema.change_entries
    done = writer.execute(
        table.delete().where(table.c.tenant == tenant, table.c.change == change, table.c.entry_id == entry_id)
    )
    return done.rowcount > 0


def planned(reader: Reader, tenant: str, change: str) -> dict[str, Planned]:
    """Everything a change holds, by id."""
    table = schema.change_entries
    rows = reader.execute(
        select(table).where(table.c.tenant == tenant, table.c.change == change).order_by(table.c.entry_id)
    )
    return {row.entry_id: Planned(row.entry_id, row.entry, row.base, row.by, row.at) for row in rows}


@dataclass(frozen=True, slots=True)
class OnTrial:
    """A change that is being tried until `due_at`."""

    change: str
    data: Json
    due_at: str
    revision: int


def on_trial(reader: Reader, tenant: str) -> list[OnTrial]:
    """Changes in trial, in the order they were opened."""
    table = schema.cases
    rows = reader.execute(
        select(table.c.id, table.c.data, table.c.due_at, table.c.revision)
        .where(table.c.tenant == tenant, table.c.kind == "change", table.c.state == "trial")
        .order_by(table.c.created_at, table.c.id)
    )
    return [OnTrial(row.id, dict(row.data), row.due_at or "", row.revision) for row in rows]


def published(reader: Reader, tenant: str) -> dict[str, str]:
    """Changes by the name of the release that they became."""
    table = schema.cases
    rows = reader.execute(
        select(table.c.id, table.c.data).where(
            table.c.tenant == tenant,
            table.c.kind == "change",
            table.c.state.in_(("published", "retired")),
        )
    )
    return {str(row.data.get("release")): row.id for row in rows}


def freeze(writer: Writer, tenant: str, entry_id: str, reason: str, by: str) -> Json:
    """Freeze an entry; one that is frozen stays as it was."""
    known = frozen(Reader(writer), tenant).get(entry_id)
    if known is not None:
        return known
    told = {"reason": reason, "by": by, "at": now()}
    writer.execute(schema.frozen.insert().values(tenant=tenant, entry_id=entry_id, **told))
    return {"entry_id": entry_id, **told}


def thaw(writer: Writer, tenant: str, entry_id: str) -> bool:
    """Let an entry be changed again; False where it was not frozen."""
    table = schema.frozen
    done = writer.execute(table.delete().where(table.c.tenant == tenant, table.c.entry_id == entry_id))
    return done.rowcount > 0


def frozen(reader: Reader, tenant: str, among: Iterable[str] | None = None) -> dict[str, Json]:
    """Frozen entries by id: when, by whom, why."""
    table = schema.frozen
    rows = reader.execute(
        select(table.c.entry_id, table.c.reason, table.c.by, table.c.at)
        .where(table.c.tenant == tenant)
        .order_by(table.c.entry_id)
    )
    wanted = None if among is None else set(among)
    return {row.entry_id: dict(row._mapping) for row in rows if wanted is None or row.entry_id in wanted}
