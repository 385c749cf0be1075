"""Shadow mode: a second model votes on every ticket, nobody sees it, and the report says what it showed."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from api import shadow as shadows
from api.app import create_app
from api.service import open_service
from api.settings import load_settings
from api.store import decisions
from api.telemetry import configure_logs
from nlp import artefacts
from nlp.artefacts import find
from nlp.classify import KIND, thresholds, write_head
from nlp.head import fit
from nlp.routing import Ticket
from tests.api.serving import OTHER, SHOP, Site, make_keys, problem, until

SAID = {
    "invoice": ("开发票", "发票抬头错了", "要一张发票", "电子发票在哪下载"),
    "refund_progress": ("退款到哪了", "钱没退回来", "退款什么时候到账", "说好的退款没收到"),
}
TEXTS = (
    "发票抬头写错了，能重开吗",
    "退款三天了还没到",
    "空调装了三次都没装好",
    "你们客服态度太差",
    "我要开电子发票",
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped models, and beside the intents a version that knows two labels alone."""
    root = tmp_path_factory.mktemp("models") / "models"
    shutil.copytree(artefacts.models_root(), root)
    rows = [
        (f"{text}{tail}", label)
        for label, texts in SAID.items()
        for text in texts
        for tail in ("", "啊", "，急")
    ]
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    fitted = fit(texts, labels, version="intent/own-1")
    folder = root / "intent" / "own-1"
    write_head(folder, fitted.head, thresholds(fitted.unseen, labels, fitted.head.labels))
    artefacts.write_manifest(folder, "intent", KIND, [], {})
    return root


@contextmanager
def served(folder: Path, models: Path, shadow: str | None) -> Iterator[Site]:
    app = create_app(load_settings(data=folder, models=models, shadow=shadow))
    secrets = app.state.service.store.write(make_keys)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    made = Site(f"http://127.0.0.1:{port}", folder, app.state.service, secrets)
    try:
        yield made
    finally:
        made.close()
        server.should_exit = True
        thread.join(timeout=30)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Site]:
    """A service with the shadow on."""
    with served(tmp_path_factory.mktemp("watched"), models, "own-1") as made:
        yield made


def _route(client: httpx.Client, text: str, **more: Any) -> dict[str, Any]:
    body = {"text": text, "created_at": "2026-11-02T10:00:00+08:00", **more}
    answer = client.post("/v1/tickets/route", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _report(site: Site, tenant: str = SHOP, **asked: Any) -> dict[str, Any]:
    answer = site.client("supervisor", tenant).get("/v1/models/shadow", params=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_no_byte_of_an_answer_changes(watched: Site, models: Path, tmp_path: Path) -> None:
    """R087: with the shadow on and off, one ticket and a batch are answered alike but for id and time taken."""

    def answers(site: Site) -> str:
        bot = site.client("bot", OTHER)
        batch = [{"text": text, "created_at": "2026-11-02T10:00:00+08:00"} for text in TEXTS]
        told = [_route(bot, text) for text in TEXTS]
        told += bot.post("/v1/tickets/route-batch", json={"tickets": batch}).json()["results"]
        kept = [{name: value for name, value in one.items() if name not in ("id", "took_ms")} for one in told]
        return json.dumps(kept, ensure_ascii=False)

    with served(tmp_path, models, None) as plain:
        assert _report(plain)["state"] == "off"
        assert answers(plain) == answers(watched)
    assert until(lambda: _report(watched, OTHER)["seen"] == 2 * len(TEXTS))


def test_votes_are_recorded_and_corrections_judge(watched: Site) -> None:
    """B32: agreement with its interval, the commonest disagreements, and who was right where a person decided."""
    bot, agent = watched.client("bot"), watched.client("agent")
    for at, text in enumerate(TEXTS):
        _route(bot, text, ticket_id=f"S-{at}")
    told = until(lambda: (found := _report(watched))["seen"] == len(TEXTS) and found)
    assert (told["state"], told["shadow"], told["against"]) == ("on", "intent/own-1", find("intent").name)
    low, high = told["interval"]
    assert 0 <= low <= told["agreement"] <= high <= 1
    assert told["agreed"] + sum(one["count"] for one in told["confusions"]) == told["seen"]
    assert 0 < told["agreed"] < told["seen"]
    assert all(one["served"]["code"] != one["shadow"]["code"] for one in told["confusions"])
    assert sum(one["seen"] for one in told["labels"]) == told["seen"]
    assert told["corrections"]["judged"] == 0
    for at, category in ((0, "invoice"), (2, "complaint"), (2, "after_sales"), (3, "complaint")):
        answer = agent.post(f"/v1/tickets/S-{at}/corrections", json={"category": category})
        assert answer.status_code == 201, answer.text
    judged = _report(watched)["corrections"]
    assert judged["judged"] == 3
    assert judged["both"] >= 1
    assert judged["served"] >= 1
    assert judged["both"] + judged["served"] + judged["shadow"] + judged["neither"] == 3


def test_no_text_is_kept_with_a_vote(watched: Site) -> None:
    """A record holds ids, labels and probabilities, and no word of the customer."""
    _route(watched.client("bot"), "秘密一二三，我要开发票", ticket_id="S-secret")

    def found() -> Any:
        return watched.service.store.read(lambda reader: decisions.about(reader, SHOP, "shadow", "S-secret"))

    record = until(found)
    assert record["shadow"]["label"] == "invoice"
    assert 0 < record["shadow"]["probability"] <= 1
    assert "秘密" not in json.dumps(record, ensure_ascii=False)


def test_only_supervisors_read_it_and_only_their_own(watched: Site) -> None:
    """The scope is the reports' one, and a tenant sees its own tickets alone."""
    problem(watched.client("agent").get("/v1/models/shadow"), 403, "forbidden")
    problem(watched.client("").get("/v1/models/shadow"), 401, "unauthorized")
    assert watched.client("admin").get("/v1/models/shadow").status_code == 200
    assert _report(watched, version="never")["seen"] == 0


def test_a_full_queue_drops_and_counts(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is dropped and counted; what waits when the service stops is still recorded."""
    monkeypatch.setattr(shadows, "WAITING", 2)
    opened = open_service(load_settings(data=tmp_path, models=models, shadow="own-1"))
    shadow = shadows.Shadow(opened)
    tickets = [Ticket(text=text) for text in TEXTS]
    replies = [
        {"id": f"rt_{at}", "category": {"code": "invoice", "confidence": 0.5}} for at in range(len(TEXTS))
    ]
    began = time.perf_counter()
    shadow.offer(SHOP, tickets, replies)
    assert time.perf_counter() - began < 0.1
    assert (shadow.waiting, shadow.dropped) == (2, len(TEXTS) - 2)

    async def stopped() -> None:
        task = asyncio.create_task(shadow.run())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stopped())
    kept = opened.store.read(lambda reader: decisions.since(reader, SHOP, "shadow", "2000"))
    opened.close()
    assert {one["decision_id"] for one in kept} == {"rt_0", "rt_1"}


def test_a_shadow_that_cannot_load_stops_nothing(models: Path, tmp_path: Path) -> None:
    """A version that is not there is told in the report and in readyz; tickets are routed as ever."""
    configure_logs(io.StringIO())
    with served(tmp_path, models, "nowhere") as site:
        _route(site.client("bot"), TEXTS[0])
        told = _report(site)
        assert (told["state"], told["seen"]) == ("unavailable", 0)
        assert "nowhere" in told["why"]
        ready = site.client("").get("/readyz").json()
        assert ready["status"] == "ready"
        assert ready["parts"]["shadow"]["state"] == "degraded"
