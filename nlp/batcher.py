"""Gather concurrent calls into one batch on a worker thread.

The queue is bounded and refuses when it is full; when the worker dies, every waiter hears of it.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class BatcherFull(RuntimeError):
    """The queue is full; nothing was computed. `retry_after` is in seconds."""

    def __init__(self, waiting: int, retry_after: float = 1.0) -> None:
        super().__init__(f"排队已满（{waiting} 条），请稍后重试")
        self.waiting, self.retry_after = waiting, retry_after


class BatcherStopped(RuntimeError):
    """The worker has stopped or died; the cause, if any, is chained."""

    def __init__(self) -> None:
        super().__init__("批处理线程已停止")


@dataclass(frozen=True, slots=True)
class _Call(Generic[Answer]):
    texts: Sequence[str]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Sequence[Answer]]

    def deliver(self, answers: Sequence[Answer] | None, problem: BaseException | None) -> None:
        def settle() -> None:
            if self.future.done():  # the customer has gone
                return
            if problem is not None:
                self.future.set_exception(problem)
            else:
                self.future.set_result(() if answers is None else answers)

        try:
            self.loop.call_soon_threadsafe(settle)
        except RuntimeError:  # the loop has closed: nobody waits any more
            return


class Batcher(Generic[Answer]):
    """`compute(texts)` gives one answer per text, in order; it runs on one thread, for one batch at a time.

    A batch is whatever has queued up while the last one was computed, at most `most_texts` texts, so a lone
    call never waits for company. `most_waiting` bounds the texts in the queue.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[str]], Sequence[Answer]],
        most_texts: int = 256,
        most_waiting: int = 2048,
        name: str = "batcher",
    ) -> None:
        self._compute, self._most_texts, self.most_waiting = compute, most_texts, most_waiting
        self._calls: queue.SimpleQueue[_Call[Answer] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        self._stopped = False
        self._death: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Texts in the queue or being computed."""
        return self._waiting

    @property
    def alive(self) -> bool:
        return not self._stopped and self._thread.is_alive()

    async def ask(self, texts: Sequence[str]) -> Sequence[Answer]:
        """Answers for `texts`, in order. Raises BatcherFull, BatcherStopped, or what `compute` raised."""
        if not texts:
            return ()
        loop = asyncio.get_running_loop()
        call = _Call(texts, loop, loop.create_future())
        with self._lock:
            if self._stopped:
                raise BatcherStopped() from self._death
            # A call larger than the whole queue still goes through when it is alone.
            if self._waiting and self._waiting + len(texts) > self.most_waiting:
                raise BatcherFull(self._waiting)
            self._waiting += len(texts)
            self._calls.put(call)
        return await call.future

    def close(self, timeout: float = 5.0) -> None:
        """Answer what is queued, then stop; later calls raise BatcherStopped."""
        with self._lock:
            self._stopped = True
        self._calls.put(None)
        self._thread.join(timeout)

    def _gather(self) -> tuple[list[_Call[Answer]], bool]:
        first = self._calls.get()
        if first is None:
            return [], True
        calls, size = [first], len(first.texts)
        while size < self._most_texts:
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                break
            if call is None:
                return calls, True
            calls.append(call)
            size += len(call.texts)
        return calls, False

    def _work(self) -> None:
        calls: list[_Call[Answer]] = []
        try:
            last = False
            while not last:
                calls, last = self._gather()
                self._answer(calls)
                calls = []
        except BaseException as death:
            self._die(calls, death)

    def _answer(self, calls: list[_Call[Answer]]) -> None:
        gone = [call for call in calls if call.future.cancelled()]
        if gone:  # nothing is computed for a customer who left while the last batch ran
            self._settle(gone, lambda call, start: None)
            calls = [call for call in calls if call not in gone]
        texts = [text for call in calls for text in call.texts]
        if not texts:
            return
        try:
            answers = self._compute(texts)
            if len(answers) != len(texts):
                raise ValueError(f"模型对 {len(texts)} 条文本给出了 {len(answers)} 个答案")
        except Exception as problem:
            failure = problem
            self._settle(calls, lambda call, start: call.deliver(None, failure))
            return
        self._settle(calls, lambda call, start: call.deliver(answers[start : start + len(call.texts)], None))

    def _settle(self, calls: list[_Call[Answer]], deliver: Callable[[_Call[Answer], int], None]) -> None:
        start = 0
        for call in calls:
            deliver(call, start)
            start += len(call.texts)
        with self._lock:
            self._waiting -= start

    def _die(self, calls: list[_Call[Answer]], death: BaseException) -> None:
        with self._lock:
            self._stopped, self._death = True, death
        while True:
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                break
            if call is not None:
                calls.append(call)
        stopped = BatcherStopped()
        stopped.__cause__ = death
        self._settle(calls, lambda call, start: call.deliver(None, stopped))
