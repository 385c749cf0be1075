"""One service on a real port over a temporary folder, shared by every test of the doors."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import uvicorn

from api import schedule
from api.app import create_app
from api.service import Service
from api.settings import load_settings
from tests.api.serving import HANDBOOK, Site, make_keys


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The running service."""
    folder = tmp_path_factory.mktemp("site")
    schedule.LOOK_SECONDS = 3600.0  # tests step the clock of the reports by hand, in years long past
    app = create_app(load_settings(data=folder, webhook_hosts=("127.0.0.1",), webhook_waits=(0.05, 0.05)))
    service: Service = app.state.service
    secrets = service.store.write(make_keys)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    made = Site(f"http://127.0.0.1:{port}", folder, service, secrets)
    lines = "\n".join(json.dumps(raw, ensure_ascii=False) for raw in HANDBOOK)
    answer = made.client("editor").post(
        "/v1/kb/import", content=lines.encode(), headers={"Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code == 200, answer.text
    yield made
    made.close()
    server.should_exit = True
    thread.join(timeout=30)


def _scoped(scope: str) -> Callable[..., httpx.Client]:
    @pytest.fixture(scope="session", name=scope or "nobody")
    def client(site: Site) -> httpx.Client:
        return site.client(scope)

    return client


bot, agent, supervisor = _scoped("bot"), _scoped("agent"), _scoped("supervisor")
quality, editor, admin, nobody = _scoped("quality"), _scoped("editor"), _scoped("admin"), _scoped("")
