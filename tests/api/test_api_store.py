"""The store: what is acknowledged is on disk, and only that."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from api.store import Reader, SchemaError, Store, StoreClosed, Writer, engine, schema

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'site.db'}")
    yield opened
    opened.close()


def _tenant(name: str) -> engine.Callable[[Writer], None]:
    def unit(writer: Writer) -> None:
        writer.execute(schema.tenants.insert().values(id=name, name=name, created_at="2026-11-03"))

    return unit


def _names(reader: Reader) -> set[str]:
    return set(reader.execute(select(schema.tenants.c.id)).scalars())


def test_a_failing_unit_undoes_only_itself(store: Store) -> None:
    """Units that share a transaction succeed and fail one by one."""

    def half(writer: Writer) -> None:
        _tenant("half")(writer)
        raise KeyError("half-way")

    def attempt(number: int) -> bool:
        try:
            store.write(half if number % 5 == 0 else _tenant(f"t{number}"))
        except KeyError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(attempt, range(100)))
    assert done == [number % 5 != 0 for number in range(100)]
    assert store.read(_names) == {f"t{number}" for number in range(100) if number % 5}


def test_a_reader_cannot_write(store: Store) -> None:
    """The read connections refuse a write even where the types were cheated."""
    with pytest.raises(Exception, match="readonly"):
        store.read(lambda reader: _tenant("x")(Writer(reader)))


def test_the_queue_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a full queue a write is refused at once instead of waiting for ever."""
    gate = threading.Event()
    held = store.submit(lambda _: gate.wait(10))
    monkeypatch.setattr(store, "_queue", _full())
    with pytest.raises(engine.StoreBusy):
        store.write(_tenant("late"))
    monkeypatch.undo()
    gate.set()
    assert held.result(10)


def _full() -> engine.queue.Queue[None]:
    full: engine.queue.Queue[None] = engine.queue.Queue(1)
    full.put(None)
    return full


def test_a_closed_store_refuses(store: Store) -> None:
    """After close nothing is accepted, and nothing hangs."""
    store.close()
    with pytest.raises(StoreClosed):
        store.write(_tenant("late"))


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """A database of a later version is left alone, with the next step told."""
    path = tmp_path / "site.db"
    Store(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE name = 'schema'")
    with pytest.raises(SchemaError, match="99"):
        Store(f"sqlite:///{path}")


WRITER = """
import sys
from api.store import Store, schema
store = Store(f"sqlite:///{sys.argv[1]}")
number = int(sys.argv[2])
while True:
    store.write(lambda w, n=number: w.execute(schema.tenants.insert().values(id=f"n{n}", name="", created_at="")))
    print(number, flush=True)
    number += 1
"""


def test_kill_loses_no_acknowledged_write(tmp_path: Path) -> None:
    """SIGKILL in the middle of writing, five times: every acknowledged row is there (R194)."""
    path, acknowledged = tmp_path / "site.db", 0
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(acknowledged + 1000)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for _ in range(40):
            acknowledged = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, process.stdout.read().split())])
        process.wait()
        process.stdout.close()
        opened = Store(f"sqlite:///{path}")
        assert f"n{acknowledged}" in opened.read(_names)
        opened.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
