"""One writer thread with group commit, a few readers: every acknowledged write is on disk.

A unit of work is a plain function over a `Writer` or a `Reader`. Units that wait together are run in one
transaction, each in a savepoint of its own, and acknowledged after the commit: a failing unit undoes only
itself, and two hundred concurrent requests pay for a handful of fsyncs.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NewType, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool

from api.store import migrations

T = TypeVar("T")
Reader = NewType("Reader", Connection)
Writer = NewType("Writer", Connection)
"""Read and write connections differ by type, so that a read path cannot be handed a write by mistake."""

GROUP = 64
WAITING = 2000
READERS = 4


class StoreBusy(Exception):
    """The write queue is full: the caller should answer 503 with Retry-After."""


class StoreClosed(Exception):
    """The store was closed, or its writer died, before the write was durable."""


class Store:
    """The database at `url` (`sqlite:///path` or `postgresql+psycopg://…`), migrated when opened."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._sqlite = url.startswith("sqlite")
        self._read_engine = self._engine(readonly=True)
        self._write_engine = self._engine(readonly=False)
        migrations.upgrade(self._write_engine, url)
        self._queue: queue.Queue[tuple[Callable[[Writer], Any], Future[Any]] | None] = queue.Queue(WAITING)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="store-read")
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-write", daemon=True)
        self._thread.start()

    def _engine(self, *, readonly: bool) -> Engine:
        if not self._sqlite:
            return create_engine(self.url, pool_size=READERS if readonly else 1, pool_pre_ping=True)
        arguments: dict[str, Any] = {"check_same_thread": False, "timeout": 10}
        pooled: dict[str, Any] = (
            {"poolclass": QueuePool, "pool_size": READERS} if readonly else {"poolclass": NullPool}
        )
        engine = create_engine(self.url, connect_args=arguments, **pooled)

        @event.listens_for(engine, "connect")
        def connect(connection: Any, _: Any) -> None:
            connection.isolation_level = None  # we say BEGIN ourselves: a deferred one fails under contention
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            if readonly:
                connection.execute("PRAGMA query_only=ON")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")

        return engine

    # writing

    def submit(self, unit: Callable[[Writer], T]) -> Future[T]:
        """Queue a unit of work; the future resolves after the commit. Raises StoreBusy or StoreClosed."""
        if self._closed or not self._thread.is_alive():
            raise StoreClosed("the store is closed")
        future: Future[T] = Future()
        try:
            self._queue.put_nowait((unit, future))
        except queue.Full:
            raise StoreBusy(f"{WAITING} writes are waiting") from None
        return future

    def write(self, unit: Callable[[Writer], T]) -> T:
        """Run `unit` and return its result once it is durable."""
        return self.submit(unit).result()

    async def awrite(self, unit: Callable[[Writer], T]) -> T:
        """`write` without blocking the event loop."""
        return await asyncio.wrap_future(self.submit(unit))

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group, last = self._gather(first)
            self._commit(group)
            if last:
                return

    def _gather(self, first: tuple[Callable[[Writer], Any], Future[Any]]) -> tuple[list[Any], bool]:
        group = [first]
        while len(group) < GROUP:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if item is None:
                return group, True
            group.append(item)
        return group, False

    def _commit(self, group: list[tuple[Callable[[Writer], Any], Future[Any]]]) -> None:
        outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self._writing() as connection, connection.begin():
                for unit, future in group:
                    try:
                        with connection.begin_nested():
                            outcomes.append((future, unit(Writer(connection)), None))
                    except Exception as error:  # the unit's own failure is its caller's
                        outcomes.append((future, None, error))
        except Exception as error:  # nothing of the group is durable, so nothing is acknowledged
            outcomes = [(future, None, error) for _, future in group]
        for future, result, failure in outcomes:
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if getattr(self, "_connection", None) is None:
            self._connection: Connection | None = self._write_engine.connect()
        try:
            yield cast("Connection", self._connection)
        except Exception:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
            raise

    # reading

    def read(self, unit: Callable[[Reader], T]) -> T:
        """Run `unit` on one consistent view of the database."""
        with self._read_engine.connect() as connection, connection.begin():
            return unit(Reader(connection))

    async def aread(self, unit: Callable[[Reader], T]) -> T:
        """`read` without blocking the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.read, unit)

    def close(self) -> None:
        """Finish queued writes and close the connections."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        self._thread.join(timeout=30)
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if item is not None:
                item[1].set_exception(StoreClosed("the store was closed"))
        self._pool.shutdown(wait=True)
        if getattr(self, "_connection", None) is not None:
            cast("Connection", self._connection).close()
        self._read_engine.dispose()
        self._write_engine.dispose()
