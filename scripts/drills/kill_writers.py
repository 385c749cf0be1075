"""Clients of the drill `kill`: one a tenant, each knows what was acknowledged and what was still under way."""

from __future__ import annotations

import http.client
import json
import random
import threading
from dataclasses import dataclass, field
from typing import Any

NUMBERS, FILES, ROWS = 120, 6, 25
BROKEN = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class State:
    """Texts by id: live ones and those of the open draft."""

    live: dict[str, str] = field(default_factory=dict)
    draft: dict[str, str] = field(default_factory=dict)

    def after(self, op: Op) -> State:
        """What must stand once `op` is done, all of it."""
        live, draft = dict(self.live), dict(self.draft)
        (draft if op.reviewed else live).update(op.put)
        for one in op.drop:
            live.pop(one, None)
            draft.pop(one, None)
        if op.publish:
            live, draft = {**live, **draft}, {}
        return State(live, draft)


@dataclass(frozen=True, slots=True)
class Op:
    """One request and what it does."""

    method: str
    path: str
    body: bytes
    kind: str = "application/json"
    put: dict[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    publish: bool = False
    reviewed: bool = False


@dataclass(slots=True)
class Writer:
    """A tenant's client. `pending` is the request that nobody answered."""

    tenant: str
    key: str
    rng: random.Random
    state: State = field(default_factory=State)
    pending: Op | None = None
    gone: set[str] = field(default_factory=set)
    acknowledged: int = 0
    wrong: list[str] = field(default_factory=list)
    serial: int = 0

    def work(self, port: int, reviewed: bool, stop: threading.Event) -> None:
        """Write until the service is gone or `stop` is set."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while not stop.is_set() and not self.wrong:
            self.pending = op = self._next(reviewed)
            try:
                status, told = self.ask(connection, op.method, op.path, op.body, op.kind)
            except BROKEN:
                return
            if not 200 <= status < 300:
                self.wrong.append(f"{self.tenant}: {op.method} {op.path} gave {status} {str(told)[:200]}")
                return
            self.settle(self.state.after(op))
            self.acknowledged += 1
        connection.close()

    def settle(self, state: State) -> None:
        """This is what stands; nothing is under way."""
        self.gone = (self.gone | self.state.live.keys()) - state.live.keys()
        self.state, self.pending = state, None

    def ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes,
        kind: str = "application/json",
    ) -> tuple[int, Any]:
        """Status and JSON of one request. Raises one of `BROKEN`."""
        connection.request(method, path, body, {"Authorization": f"Bearer {self.key}", "Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")

    def _row(self, one: str) -> dict[str, str]:
        self.serial += 1
        title = f"{self.tenant}问题{self.serial}怎么办理"
        text = f"{self.tenant}的答案，第{self.serial}稿，编号{one}。"
        return {"id": one, "kind": "faq", "title": title, "text": text}

    def _next(self, reviewed: bool) -> Op:
        rng, known = self.rng, sorted(self.state.live.keys() | self.state.draft.keys())
        free = [one for one in (f"n{at}" for at in range(NUMBERS)) if one not in known]
        what = rng.choices(("new", "edit", "delete", "import", "publish"), (30, 25, 15, 15, 15))[0]
        if what == "publish" and reviewed and self.state.draft:
            return Op("POST", "/v1/kb/releases", b'{"note": "drill", "force": true}', publish=True)
        if what == "import":
            return self._import(reviewed)
        if what == "delete" and known:
            one = rng.choice(known)
            return Op("DELETE", f"/v1/kb/entries/{one}", b"", drop=(one,))
        fresh = what == "new" and bool(free)
        row = self._row(rng.choice(free if fresh or not known else known))
        body, put = json.dumps(row, ensure_ascii=False).encode(), {row["id"]: row["text"]}
        if row["id"] not in known:
            return Op("POST", "/v1/kb/entries", body, put=put, reviewed=reviewed)
        return Op("PUT", f"/v1/kb/entries/{row['id']}", body, put=put, reviewed=reviewed)

    def _import(self, reviewed: bool) -> Op:
        file = self.rng.randrange(FILES)
        rows = [self._row(f"f{file}-{at}") for at in range(ROWS)]
        body = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
        put = {row["id"]: row["text"] for row in rows}
        path = f"/v1/kb/import?name=f{file}.jsonl"
        return Op("POST", path, body, "application/x-ndjson", put=put, reviewed=reviewed)


def served(writer: Writer, port: int) -> list[str]:
    """The restarted service serves every live text and no other: by count, and some by asking."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    live, found = writer.state.live, list[str]()
    _, told = writer.ask(connection, "GET", "/v1/kb/entries?limit=1", b"")
    if told["total"] != len(live):
        found.append(f"{writer.tenant}: serves {told['total']} entries, due {len(live)}")
    for one in writer.rng.sample(sorted(live), min(2, len(live))):
        body = json.dumps({"query": live[one], "limit": 50}, ensure_ascii=False).encode()
        _, told = writer.ask(connection, "POST", "/v1/kb/search", body)
        shown = {hit["entry_id"]: hit["text"] for hit in told["hits"]}
        if shown.get(one) != live[one] or not shown.items() <= live.items():
            found.append(
                f"{writer.tenant}: asked for {one}, shown {sorted(shown.items() - live.items())[:3]}"
            )
    for one in sorted(writer.gone)[:1]:
        status, _ = writer.ask(connection, "GET", f"/v1/kb/entries/{one}", b"")
        if status != 404:
            found.append(f"{writer.tenant}: {one} was deleted, its reading gives {status}")
    connection.close()
    return found
