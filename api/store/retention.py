"""What is kept for a number of days: which of it is older by now, and what an open case still refers to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select

from api.store import outbox_tables, schema
from api.store.engine import Reader, Writer

CHUNK = 500
MOST = 20_000
"""Rows that one look gives."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A table whose rows go after some days: its key, its time, and the columns that name what a row is about.

    `ended`: states of rows that may go; None where a row has none.
    """

    table: Table
    key: str
    at: str
    about: tuple[str, ...]
    ended: tuple[str, ...] | None = None


LOGS = (
    Kept(schema.decisions, "id", "at", ("id", "subject")),
    Kept(schema.events, "id", "at", ("conversation_id",)),
    Kept(schema.idempotency, "key", "at", ()),
    Kept(outbox_tables.messages, "id", "created_at", (), ("sent", "dead")),
)
"""Decisions and logs."""
DIALOGUES = (
    Kept(schema.result_transcripts, "result", "kept_at", ("result", "transcript")),
    Kept(schema.transcripts, "id", "kept_at", ("id", "transcript_id")),
)
"""Masked dialogues, and which results were scored on them."""


def referred(reader: Reader, tenant: str, final: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Every word that could be an id in a case that is not in one of its kind's `final` states.

    With a result that is named, the text it was scored on is named too.
    """
    table = schema.cases
    found: set[str] = set()
    rows = reader.execute(
        select(table.c.kind, table.c.state, table.c.subject, table.c.data)
        .where(table.c.tenant == tenant)
        .execution_options(yield_per=CHUNK)
    )
    for row in rows:
        if row.state not in final.get(row.kind, ()):
            found.update(_words([row.subject, row.data]))
    links, names = schema.result_transcripts, sorted(found)
    for at in range(0, len(names), CHUNK):
        mine = (links.c.tenant == tenant, links.c.result.in_(names[at : at + CHUNK]))
        found.update(reader.execute(select(links.c.transcript).where(*mine)).scalars())
    return frozenset(found)


def _words(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        if len(value) <= 256:
            yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, list):
        for one in value:
            yield from _words(one)


def expired(
    reader: Reader, tenant: str, kept: Kept, before: str, needed: Collection[str], most: int = MOST
) -> list[Any]:
    """Keys of rows from before a moment (UTC ISO) that nothing `needed` is about, at most so many."""
    table = kept.table
    names = (table.c[name] for name in (kept.key, *kept.about))
    query = select(*names).where(table.c.tenant == tenant, table.c[kept.at] < before)
    if kept.ended is not None:
        query = query.where(table.c.state.in_(kept.ended))
    found: list[Any] = []
    for key, *about in reader.execute(query.execution_options(yield_per=CHUNK)):
        if not any(one in needed for one in about):
            found.append(key)
        if len(found) >= most:
            break
    return found


def drop(writer: Writer, tenant: str, kept: Kept, before: str, keys: Sequence[Any]) -> int:
    """Forget these rows, as far as they are still as old; how many went."""
    table = kept.table
    mine = (table.c.tenant == tenant, table.c[kept.key].in_(list(keys)), table.c[kept.at] < before)
    return int(writer.execute(table.delete().where(*mine)).rowcount)
