"""Sends what the outbox holds: signed as Standard Webhooks 1.0.0, to addresses of the open network alone.

A host is looked up once and the connection goes to the address that was vetted; redirects are not followed. What
is not taken comes again, later each time, and is kept as dead after the last try.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import random
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from api.service import Service
from api.store import Writer, outbox
from api.store.outbox import Delivery
from api.telemetry import log

PATIENCE = 15.0
LONGEST = 30.0
"""Seconds a delivery may take altogether: an address that answers a letter at a time must not hold up the others."""
IDLE_SECONDS = 0.5
GONE = 410
_PREFIX = "whsec_"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")
"""The open network's part of IPv6: what lies outside is local, stands for IPv4, or is nobody's."""
_PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")
Resolve = Callable[[str, int], Sequence[str]]


class Refused(ValueError):
    """An address nobody is told at; says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: the vetted address, and the name the other side goes by."""

    tls: bool
    host: str
    port: int
    address: str
    path: str


def new_secret() -> str:
    """A secret to sign with."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, identity: str, timestamp: int, body: str) -> str:
    """`v1,…` over id, time and body."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = hmac.new(key, f"{identity}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def open_address(text: str) -> bool:
    """Whether an address belongs to the open network: none of ours, none that stands for one of ours."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return open_address(str(inner))
        if address not in _UNICAST:
            return False
    elif address in _PROTOCOLS:
        return False
    return address.is_global and not address.is_multicast


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def parts_of(url: str) -> tuple[bool, str, int, str]:
    """TLS, host, port and path of an address. Raises Refused."""
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError:
        raise Refused("不是有效的网址") from None
    if found.scheme not in ("http", "https") or not found.hostname:
        raise Refused("应为 http:// 或 https:// 开头的网址")
    if found.username is not None or found.password is not None:
        raise Refused("网址里不能有用户名或密码")
    if not url.isascii() or any(c <= " " for c in url):
        raise Refused("网址里只能有可见的 ASCII 字符")
    path = (found.path or "/") + (f"?{found.query}" if found.query else "")
    return found.scheme == "https", found.hostname, port or (443 if found.scheme == "https" else 80), path


def vetted(url: str, allowed: Collection[str], look: Resolve = resolve) -> Target:
    """Where to send: all addresses of the host must be open ones unless the site allows the host. Raises Refused."""
    tls, host, port, path = parts_of(url)
    try:
        addresses = look(host, port)
    except (OSError, UnicodeError) as error:
        raise Refused(f"找不到主机 {host}（{error}）") from None
    if host not in allowed and not all(map(open_address, addresses)):
        raise Refused(f"{host} 指向内部网络；站点可用设置 webhook_hosts 允许")
    if not addresses:
        raise Refused(f"找不到主机 {host}")
    return Target(tls, host, port, addresses[0], path)


class _Vetted(http.client.HTTPConnection):
    """A connection to the vetted address, whatever the name says by now."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=PATIENCE)
        self._target = target

    def connect(self) -> None:
        found = socket.create_connection((self._target.address, self._target.port), self.timeout)
        self.sock = found
        if self._target.tls:
            safe = ssl.create_default_context().wrap_socket(
                found, server_hostname=self._target.host, do_handshake_on_connect=False
            )
            self.sock = safe
            safe.do_handshake()

    def cut(self) -> None:
        """End it from another thread: whoever waits for an answer is told that none comes."""
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


def post(target: Target, headers: dict[str, str], body: str) -> int:
    """Send and give the status. Raises OSError, HTTPException."""
    connection = _Vetted(target)
    over = threading.Timer(LONGEST, connection.cut)
    over.daemon = True
    over.start()
    try:
        connection.request("POST", target.path, body.encode(), headers)
        return connection.getresponse().status
    finally:
        over.cancel()
        connection.close()


def attempt(sent: Delivery, allowed: Collection[str], look: Resolve = resolve) -> tuple[int, str]:
    """Try once: the status (0 where none came) and what to write down."""
    stamp = int(time.time())
    headers = {
        "content-type": "application/json",
        "user-agent": "zuoxi",
        "webhook-id": sent.id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature(sent.secret, sent.id, stamp, sent.body),
    }
    try:
        status = post(vetted(sent.url, allowed, look), headers, sent.body)
    except Refused as error:
        return 0, str(error)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return 0, f"没有送到（{type(error).__name__}: {error}）"
    return status, f"HTTP {status}"


class Courier:
    """Sends what is due, one after another, for as long as the service lives."""

    def __init__(self, opened: Service) -> None:
        self._opened = opened

    async def run(self) -> None:
        """Work until cancelled; a delivery on its way comes again after its lease."""
        while True:
            try:
                if await self.once():
                    continue
            except Exception as error:  # the courier outlives a busy store
                log.error("courier", why=f"{type(error).__name__}: {error}")
            await asyncio.sleep(IDLE_SECONDS)

    async def once(self) -> bool:
        """Send one delivery; False where none is due."""
        store, settings = self._opened.store, self._opened.settings
        if not await store.aread(outbox.waiting):
            return False
        sent = await store.awrite(outbox.take)
        if sent is None:
            return False
        status, told = await asyncio.to_thread(attempt, sent, settings.webhook_hosts)
        state, due = self._next(sent, status)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(
                store.awrite(lambda writer: self._settled(writer, sent, state, told, due, status))
            )
        return True

    def _next(self, sent: Delivery, status: int) -> tuple[str, float | None]:
        if 200 <= status < 300:
            return "sent", None
        waits = self._opened.settings.webhook_waits
        if status == GONE or sent.attempts > len(waits):
            return "dead", None
        wait = waits[sent.attempts - 1]
        return "waiting", time.time() + wait * random.uniform(1.0, 1.2)  # noqa: S311 (spreads, hides nothing)

    @staticmethod
    def _settled(
        writer: Writer, sent: Delivery, state: str, told: str, due: float | None, status: int
    ) -> None:
        outbox.settle(writer, sent, state, told, due, disable=status == GONE)
