"""What each file gave when it was imported last, so that its next version is an update and not a copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import select

from api.store import schema
from api.store.engine import Reader, Writer

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Remembered:
    """One entry of a file: its `key` there, its id here, digests of its content and of its words alone."""

    key: str
    entry_id: str
    title: str
    digest: str
    words: str


def remembered(reader: Reader, tenant: str, file: str) -> dict[str, Remembered]:
    """What `file` gave last time, by key."""
    table = schema.imports
    rows = reader.execute(
        select(table.c.key, table.c.entry_id, table.c.title, table.c.digest, table.c.words).where(
            table.c.tenant == tenant, table.c.file == file
        )
    )
    return {row.key: Remembered(*row) for row in rows}


def remember(writer: Writer, tenant: str, file: str, rows: Sequence[Remembered]) -> None:
    """Keep what a file gave, in place of what was known under the same keys."""
    forget(writer, tenant, file, [row.key for row in rows])
    for at in range(0, len(rows), CHUNK):
        values = [{"tenant": tenant, "file": file, **asdict(row)} for row in rows[at : at + CHUNK]]
        writer.execute(schema.imports.insert(), values)


def forget(writer: Writer, tenant: str, file: str, keys: Iterable[str]) -> None:
    """Drop what a file gave under these keys."""
    table, every = schema.imports, list(keys)
    for at in range(0, len(every), CHUNK):
        writer.execute(
            table.delete().where(
                table.c.tenant == tenant, table.c.file == file, table.c.key.in_(every[at : at + CHUNK])
            )
        )
