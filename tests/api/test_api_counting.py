"""Whoever counts a month leaves readers free for who waits for an answer now."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.measured import AT_ONCE, counting
from api.store import Reader, Store, Writer, keys
from tests.api.serving import Site

SPAN = "since=2026-11-01&until=2026-11-02"
HEAVY = (
    "/v1/reports/daily", "/v1/reports/weekly", "/v1/reports/monthly", "/v1/reports/monthly/violations/rude",
    "/v1/reports/monthly-form", "/v1/reports/cases", "/v1/reports/themes", "/v1/reports/emerging", "/v1/reports/cohorts",
    "/v1/audits/monthly", "/v1/audits/monthly/ranking", "/v1/audits/monthly/stars", "/v1/metrics/aht",
    f"/v1/quality/usage?{SPAN}", f"/v1/quality/usage/events?{SPAN}", f"/v1/quality/agreement?{SPAN}",
    f"/v1/quality/samples/rates?{SPAN}", "/v1/quality/samples?date=2026-11-01",
    f"/v1/quality/records/completeness?{SPAN}", f"/v1/quality/agents/A012/radar?{SPAN}",
)  # fmt: skip
LIGHT = ("/v1/cases", "/v1/kb/entries", "/v1/quality/results")


def _key(writer: Writer) -> str:
    keys.ensure_tenant(writer, "counted", "counted")
    return keys.create(writer, "counted", "admin", {"id": "R1"})


@pytest.mark.parametrize("paths", [HEAVY[:10], HEAVY[10:]])
def test_heavy_questions_wait_and_light_ones_do_not(
    site: Site, tmp_path: Path, paths: tuple[str, ...]
) -> None:
    """While as many as may count are counting, every report waits outside the store, and a list is answered."""
    store, held = Store(f"sqlite:///{tmp_path / 'counted.db'}"), threading.Event()
    app = create_app(site.service.settings, replace(site.service, store=store))

    def busy(_: Reader) -> None:
        held.wait(timeout=30)

    async def asked() -> list[httpx.Response]:
        headers = {"Authorization": f"Bearer {await store.awrite(_key)}"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://testserver", headers=headers
        ) as client:
            counts = [asyncio.create_task(counting(store, busy)) for _ in range(AT_ONCE)]
            await asyncio.sleep(0.05)
            heavy = [asyncio.create_task(client.get(path)) for path in paths]
            try:
                told = [await asyncio.wait_for(client.get(path), 5) for path in LIGHT]
                await asyncio.sleep(0.2)
                assert [path for path, one in zip(paths, heavy, strict=True) if one.done()] == []
            finally:
                held.set()
            await asyncio.gather(*counts)
            return [*told, *await asyncio.gather(*heavy)]

    try:
        found = asyncio.run(asked())
    finally:
        store.close()
    assert [one.status_code for one in found] == [200] * len(found), [one.text[:200] for one in found]
