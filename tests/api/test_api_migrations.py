"""A database of an older program opens with everything that was in it, and has then what a new one has."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from api.store import Store, cases, decisions, migrations, observations, results
from nlp.metrics.observation import Observation

OLDER = Path(__file__).parent / "older"
"""Databases as older programs left them: schema-N.sql is of version N, written by that program."""


def _schema(path: Path) -> dict[str, Any]:
    """Columns and indexes of every table."""
    engine = create_engine(f"sqlite:///{path}")
    seen = inspect(engine)
    told = {
        name: (
            [(one["name"], str(one["type"]), one["nullable"]) for one in seen.get_columns(name)],
            sorted((str(one["name"]), tuple(one["column_names"])) for one in seen.get_indexes(name)),
            seen.get_pk_constraint(name)["constrained_columns"],
        )
        for name in seen.get_table_names()
    }
    engine.dispose()
    return told


@pytest.mark.parametrize("dump", sorted(OLDER.glob("schema-*.sql")), ids=lambda path: path.stem)
def test_an_older_database_opens_whole(tmp_path: Path, dump: Path) -> None:
    """Nothing of it is lost, its results count as conversations, a copy is kept, and its tables are those of today."""
    path, new = tmp_path / "zuoxi.db", tmp_path / "new.db"
    with sqlite3.connect(path) as old:
        old.executescript(dump.read_text(encoding="utf-8"))
    store = Store(f"sqlite:///{path}")
    span = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))

    def seen() -> list[Observation]:
        return store.read(lambda reader: list(observations.between(reader, "shop", "conversation", *span)))

    told = {one.id: one for one in seen()}
    assert {name: (one.values["result"], one.values["score"], one.agent) for name, one in told.items()} == {
        "conversation:talk-1": ("qs_2", 90.0, "A012"),
        "conversation:talk-2": ("qs_3", 70.0, "A013"),
    }
    rows = store.read(lambda reader: results.several(reader, "shop", ["qs_1", "qs_2", "qs_3"]))
    assert {name: one.failed for name, one in rows.items()} == {
        "qs_1": ["forbidden_word"], "qs_2": [], "qs_3": ["forbidden_word"],
    }  # fmt: skip
    case = store.read(lambda reader: cases.get(reader, "shop", "cs_1"))
    assert case is not None
    assert (case.state, case.subject) == ("open", "qs_1")
    assert store.read(lambda reader: decisions.replayed(reader, "shop", "key-1", "digest")) == (
        200,
        {"id": "x"},
    )
    store.close()
    assert len(list(tmp_path.glob("zuoxi.before-schema-*.db"))) == 1
    again = Store(f"sqlite:///{path}")
    assert (
        len(again.read(lambda reader: list(observations.between(reader, "shop", "conversation", *span)))) == 2
    )
    assert again.read(migrations.version) == len(migrations.STEPS)
    again.close()
    assert len(list(tmp_path.glob("zuoxi.before-schema-*.db"))) == 1
    Store(f"sqlite:///{new}").close()
    assert _schema(path) == _schema(new)
