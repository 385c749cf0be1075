"""Refusing early: full queues, rates, and answers that stay whole under load."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.errors import Problem
from api.limits import Rate, Shed
from api.settings import load_settings
from api.store import keys


async def _slow(scope: object, receive: object, send: object) -> None:
    await asyncio.sleep(0.3)
    await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b"ok"})  # type: ignore[operator]


def test_more_than_may_wait_is_refused_at_once(tmp_path: Path) -> None:
    """Requests beyond those in flight and waiting are 503 with Retry-After; the rest are answered."""
    settings = load_settings(data=tmp_path, in_flight=2, waiting=2)
    app = Shed(_slow, settings)  # type: ignore[arg-type]

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await asyncio.gather(*[client.get("/v1/x") for _ in range(8)])

    answers = asyncio.run(ask())
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [503] * 4
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["code"] == "busy"


def test_patience_ends(tmp_path: Path) -> None:
    """A request that would be answered too late is refused while it still waits."""
    settings = load_settings(data=tmp_path, in_flight=1, waiting=50, patience=0.1)
    app = Shed(_slow, settings)  # type: ignore[arg-type]

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await asyncio.gather(*[client.get("/v1/x") for _ in range(5)])

    answers = asyncio.run(ask())
    assert sorted(answer.status_code for answer in answers) == [200] + [503] * 4


def test_a_key_has_a_rate() -> None:
    """A key that asked too often waits for the next minute; another key does not."""
    rate = Rate(3)
    for _ in range(3):
        rate.check("one", lambda: 0.0)
    with pytest.raises(Problem) as refused:
        rate.check("one", lambda: 0.0)
    assert refused.value.code == "rate_limited"
    assert refused.value.retry_after is not None
    assert refused.value.retry_after >= 1
    rate.check("two", lambda: 0.0)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[FastAPI, str]]:
    """A service that allows two requests a minute."""
    app = create_app(load_settings(data=tmp_path_factory.mktemp("strict"), rate_per_minute=2))
    store = app.state.service.store
    store.write(lambda writer: keys.ensure_tenant(writer, "shop", "shop"))
    yield app, store.write(lambda writer: keys.create(writer, "shop", "bot", {"id": "b"}))
    app.state.service.close()


def test_the_rate_is_told_at_the_door(strict: tuple[FastAPI, str]) -> None:
    """The third request of a minute is 429 and says when to come back; probes are never refused."""
    app, secret = strict

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)
        headers = {"Authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://testserver", headers=headers
        ) as client:
            return [await client.post("/v1/kb/search", json={"query": "退款"}) for _ in range(3)] + [
                await client.get("/healthz")
            ]

    answers = asyncio.run(ask())
    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
    assert int(answers[2].headers["retry-after"]) >= 1
    assert answers[2].json()["code"] == "rate_limited"
