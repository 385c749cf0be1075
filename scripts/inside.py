"""A client that calls the program in its own process: the demo is filled through the same doors as any client."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass(frozen=True, slots=True)
class Inside:
    """Calls `app` with a key, as if from this machine."""

    app: ASGIApp
    key: str

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON body of one request."""
        sent, parts, status = False, [], 0
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()

        async def receive() -> Message:
            nonlocal sent
            if sent:
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        await self.app(self._scope(method, path, len(content)), receive, send)
        return status, json.loads(b"".join(parts) or b"null")

    def _scope(self, method: str, path: str, length: int) -> dict[str, Any]:
        headers = [
            (b"host", b"127.0.0.1"),
            (b"authorization", f"Bearer {self.key}".encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(length).encode()),
        ]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 0),
        }
