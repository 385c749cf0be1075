"""Gathering concurrent calls: nobody gets another customer's answer, nobody waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from nlp.batcher import Batcher, BatcherFull, BatcherStopped


class Lengths:
    """A model whose answer can be computed by hand; `gate` holds it back."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.gate = threading.Event()
        self.begun = threading.Event()
        self.gate.set()

    def __call__(self, texts: Sequence[str]) -> list[tuple[str, int]]:
        self.begun.set()
        self.gate.wait(10)
        self.sizes.append(len(texts))
        return [(text, len(text)) for text in texts]


def test_no_two_customers_are_swapped() -> None:
    """A thousand concurrent calls of different sizes each get their own answers, in fewer batches than calls."""
    model = Lengths()
    batcher = Batcher(model, most_texts=64, most_waiting=100_000)

    async def customer(number: int) -> None:
        texts = [f"客户{number}" + "问" * (number % 7) + str(part) for part in range(number % 4 + 1)]
        assert list(await batcher.ask(texts)) == [(text, len(text)) for text in texts]

    async def everyone() -> None:
        await asyncio.gather(*(customer(number) for number in range(1000)))

    asyncio.run(everyone())
    batcher.close()
    assert sum(model.sizes) == sum(number % 4 + 1 for number in range(1000))
    assert len(model.sizes) < 500
    assert batcher.waiting == 0


def test_no_texts_need_no_worker() -> None:
    """A call without texts answers at once with nothing."""
    batcher = Batcher(Lengths())
    assert asyncio.run(batcher.ask([])) == ()
    batcher.close()


def test_a_full_queue_refuses_and_recovers() -> None:
    """Beyond the bound a call is refused with a time to come back; those accepted are still answered."""
    model = Lengths()
    model.gate.clear()
    batcher = Batcher(model, most_waiting=3)

    async def scene() -> None:
        first = asyncio.create_task(batcher.ask(["一", "二"]))
        await asyncio.sleep(0)
        await asyncio.to_thread(model.begun.wait, 10)
        second = asyncio.create_task(batcher.ask(["三"]))
        await asyncio.sleep(0)
        with pytest.raises(BatcherFull) as refusal:
            await batcher.ask(["四"])
        assert refusal.value.waiting == 3
        assert refusal.value.retry_after > 0
        model.gate.set()
        assert await first == [("一", 1), ("二", 1)]
        assert await second == [("三", 1)]
        assert await batcher.ask(["四"]) == [("四", 1)]

    asyncio.run(scene())
    batcher.close()


def test_a_failing_batch_reaches_its_callers_only() -> None:
    """An error of the model goes to those who asked; the worker lives on."""

    def model(texts: Sequence[str]) -> list[int]:
        if "坏" in texts:
            raise ValueError("坏文本")
        return [len(text) for text in texts]

    batcher = Batcher(model)

    async def scene() -> None:
        with pytest.raises(ValueError, match="坏文本"):
            await batcher.ask(["坏"])
        assert await batcher.ask(["好的"]) == [2]

    asyncio.run(scene())
    assert batcher.alive
    batcher.close()


def test_a_model_that_answers_too_little_is_an_error() -> None:
    """A wrong number of answers is never dealt out."""
    batcher = Batcher(lambda texts: [1])

    async def scene() -> None:
        with pytest.raises(ValueError, match="2 条文本"):
            await batcher.ask(["甲", "乙"])

    asyncio.run(scene())
    batcher.close()


def test_every_waiter_hears_of_a_dying_worker() -> None:
    """When the worker dies, those in the batch, those in the queue and those who come later are all told."""
    begun, gate = threading.Event(), threading.Event()

    def model(texts: Sequence[str]) -> list[int]:
        begun.set()
        gate.wait(10)
        raise SystemExit

    batcher = Batcher(model)

    async def scene() -> None:
        first = asyncio.create_task(batcher.ask(["一"]))
        await asyncio.to_thread(begun.wait, 10)
        second = asyncio.create_task(batcher.ask(["二"]))
        await asyncio.sleep(0)
        gate.set()
        for waiter in (first, second):
            with pytest.raises(BatcherStopped):
                await waiter
        with pytest.raises(BatcherStopped):
            await batcher.ask(["三"])

    asyncio.run(scene())
    assert not batcher.alive


def test_a_customer_who_leaves_does_not_disturb_the_rest() -> None:
    """A cancelled call is forgotten; its neighbours in the batch get their own answers."""
    model = Lengths()
    model.gate.clear()
    batcher = Batcher(model)

    async def scene() -> None:
        gone, stays = asyncio.create_task(batcher.ask(["走了"])), asyncio.create_task(batcher.ask(["还在等"]))
        await asyncio.sleep(0)
        gone.cancel()
        model.gate.set()
        assert await stays == [("还在等", 3)]
        with pytest.raises(asyncio.CancelledError):
            await gone

    asyncio.run(scene())
    batcher.close()


def test_closing_answers_what_is_queued() -> None:
    """Calls accepted before closing are answered; later ones are refused."""
    batcher = Batcher(Lengths())

    async def scene() -> None:
        waiting = asyncio.create_task(batcher.ask(["早"]))
        await asyncio.sleep(0)
        batcher.close()
        assert await waiting == [("早", 1)]
        with pytest.raises(BatcherStopped):
            await batcher.ask(["晚"])

    asyncio.run(scene())
