"""Schema versions: an ordered list of steps, run at open. A newer database is refused, an older one backed up."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select
from sqlalchemy.engine import make_url

from api.store import fact_tables, outbox_tables, quality_schema, report_schema, schema


class SchemaError(Exception):
    """The database cannot be used by this program; says what to do."""


def _first(connection: Connection) -> None:
    schema.metadata.create_all(connection)


def _cases(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[schema.cases, schema.case_events])


def _changes(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[schema.change_entries, schema.outgoing, schema.frozen])


def _imports(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[schema.imports])


def _lexicons(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[schema.lexicons])


def _transcripts(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[schema.transcripts, schema.result_transcripts])


def _observations(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[fact_tables.observations, fact_tables.targets])


def _hearing(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[quality_schema.rulings])
    for index in schema.transcripts.indexes:  # one is new
        index.create(connection, checkfirst=True)


def _supervision(connection: Connection) -> None:
    own = quality_schema
    tables = [own.second_scores, own.samples, own.marks, own.trainings, own.anonymous]
    schema.metadata.create_all(connection, tables=tables)


def _customers(connection: Connection) -> None:
    for index in fact_tables.observations.indexes:  # one is new
        index.create(connection, checkfirst=True)


def _deliveries(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[report_schema.deliveries])


def _outbox(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[outbox_tables.webhooks, outbox_tables.messages])


def _words(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[quality_schema.words])


def _observed_before(connection: Connection) -> None:
    from api.store.observed_before import (
        observe_results,
    )  # it reads and writes through the engine, which imports us

    observe_results(connection)


STEPS: tuple[Callable[[Connection], None], ...] = (
    _first,
    _cases,
    _changes,
    _imports,
    _lexicons,
    _transcripts,
    _observations,
    _hearing,
    _supervision,
    _customers,
    _deliveries,
    _outbox,
    _words,
    _observed_before,
)
"""Step i takes version i to i + 1. Append; never edit a released one."""


def version(connection: Connection) -> int:
    """Schema version of the database, 0 when it is empty."""
    if not inspect(connection).has_table("meta"):
        return 0
    row = connection.execute(select(schema.meta.c.value).where(schema.meta.c.name == "schema")).scalar()
    return int(row) if row else 0


def upgrade(engine: Engine, url: str) -> None:
    """Bring the database to the newest version in one transaction. Raises SchemaError for a newer one."""
    with engine.connect() as connection, connection.begin():
        have = version(connection)
    if have > len(STEPS):
        raise SchemaError(f"数据库版本 {have} 高于本程序支持的 {len(STEPS)}：请升级程序，或恢复旧备份")
    if have == len(STEPS):
        return
    if have:
        backup_file(url, f"before-schema-{len(STEPS)}")
    with engine.connect() as connection, connection.begin():
        for step in STEPS[version(connection) :]:
            step(connection)
        connection.execute(schema.meta.delete().where(schema.meta.c.name == "schema"))
        connection.execute(schema.meta.insert().values(name="schema", value=str(len(STEPS))))


def backup_file(url: str, label: str) -> Path | None:
    """A consistent copy of an SQLite database beside it; None for PostgreSQL, which has its own tools."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    source = Path(parsed.database)
    target = source.with_name(f"{source.stem}.{label}.{datetime.now(UTC):%Y%m%dT%H%M%S}.db")
    partial = target.with_suffix(".part")
    with sqlite3.connect(source) as one, sqlite3.connect(partial) as two:
        one.backup(two)
    shutil.move(partial, target)
    return target
