"""A light HTTP client for measuring: keep-alive connections over raw streams, nothing parsed that is not needed."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go, and with which key."""

    host: str
    port: int
    key: str

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The bytes of one request."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("ascii") + body


class Connection:
    """One keep-alive connection."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, raw: bytes) -> tuple[int, bytes]:
        """Status and body of the answer. Raises OSError or asyncio.IncompleteReadError."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._target.host, self._target.port)
        reader, writer = self._streams
        try:
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
            lower = head.lower()
            at = lower.find(b"content-length:")
            length = int(lower[at + 15 : lower.index(b"\r\n", at)]) if at >= 0 else 0
            body = await reader.readexactly(length) if length else b""
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            raise
        if b"connection: close" in lower:
            self.close()
        return int(head[9:12]), body

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@dataclass(slots=True)
class Outcome:
    """What a run gave: seconds of each answered request, and every status with how often it came."""

    seconds: float = 0.0
    answered: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Answered requests a second."""
        return len(self.answered) / self.seconds if self.seconds else 0.0

    def refusals(self) -> dict[str, int]:
        """Other statuses than success; 0 is a connection that broke."""
        return {
            str(status): count for status, count in sorted(self.statuses.items()) if not 200 <= status < 300
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of the values do not exceed (nearest rank); 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


async def drive(target: Target, make: Callable[[int], bytes], concurrency: int, seconds: float) -> Outcome:
    """Keep `concurrency` requests going for `seconds`; `make` gives the n-th request."""
    outcome = Outcome()
    number = 0
    begun = time.perf_counter()
    until = begun + seconds

    async def worker() -> None:
        nonlocal number
        connection = Connection(target)
        while time.perf_counter() < until:
            raw, number = make(number), number + 1
            started = time.perf_counter()
            try:
                status, _ = await connection.send(raw)
            except (OSError, asyncio.IncompleteReadError):
                outcome.statuses[0] += 1
                await asyncio.sleep(0.05)
                continue
            outcome.statuses[status] += 1
            if 200 <= status < 300:
                outcome.answered.append(time.perf_counter() - started)
            elif status in (429, 503):
                await asyncio.sleep(0.1)
        connection.close()

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    outcome.seconds = time.perf_counter() - begun
    return outcome
