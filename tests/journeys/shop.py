"""A service on a real port whose clock is stepped by hand, with the people who work on it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from api.app import create_app
from api.service import Service
from api.settings import load_settings
from api.store import Writer, keys
from tests.api.serving import HANDBOOK

TENANT = "shop"
PEOPLE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("editor", "editor", {"id": "E1", "name": "编辑", "roles": ["知识编辑"]}),
    ("desk", "supervisor", {"id": "S1", "name": "主管", "roles": ["客服"]}),
    ("law", "editor", {"id": "L1", "name": "法务", "roles": ["法务"]}),
    ("rule", "editor", {"id": "C1", "name": "合规", "roles": ["合规"]}),
    ("agent", "agent", {"id": "A1", "name": "坐席一号", "team": "售后一组", "roles": ["客服"]}),
    ("quality", "quality", {"id": "Q1", "name": "质检一号", "roles": ["质检"]}),
)
ENTRY = {"id": "gift-wrap", "kind": "faq", "title": "礼品包装破损怎么补", "tags": ["赔付"],
         "text": "礼品包装破损可补寄包装盒 1 个，联系客服登记{订单号}即可。"}  # fmt: skip


@dataclass
class Shop:
    """A service on a real port whose clock is stepped by hand, and the secrets of its people."""

    url: str
    service: Service
    secrets: dict[str, str]
    ahead: timedelta = field(default=timedelta())

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def ask(self, who: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.secrets[who]}"}
        answer = httpx.request(method, self.url + path, json=body, headers=headers, timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def use(self, times: int, sent: int) -> None:
        """The agent is offered the entry again and again, and sends it that often."""
        for at in range(times):
            made = self.ask("agent", "POST", "/v1/suggest", {"query": ENTRY["title"]})
            assert ENTRY["id"] in [one["entry_id"] for one in made["suggestions"]]
            body = {"entry_id": ENTRY["id"], "action": "inserted" if at < sent else "dismissed"}
            self.ask("agent", "POST", f"/v1/suggest/{made['id']}/feedback", body)


@contextmanager
def opened(folder: Path) -> Iterator[Shop]:
    """The running service over an empty folder, with a handbook."""
    app = create_app(load_settings(data=folder))
    service: Service = app.state.service

    def people(writer: Writer) -> dict[str, str]:
        keys.ensure_tenant(writer, TENANT, TENANT)
        return {name: keys.create(writer, TENANT, scope, actor) for name, scope, actor in PEOPLE}  # type: ignore[arg-type]

    secrets = service.store.write(people)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        time.sleep(0.02)
    made = Shop(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", service, secrets)
    object.__setattr__(app.state.cases, "clock", made.now)
    lines = "\n".join(json.dumps(raw, ensure_ascii=False) for raw in (*HANDBOOK, ENTRY))
    headers = {"Authorization": f"Bearer {secrets['editor']}", "Content-Type": "application/x-ndjson"}
    answer = httpx.post(f"{made.url}/v1/kb/import", content=lines.encode(), headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    yield made
    server.should_exit = True
    thread.join(timeout=30)
