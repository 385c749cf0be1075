"""Rules for every test: no network but this machine, no hub, no inherited settings."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
for name in [name for name in os.environ if name.startswith("ZUOXI_")]:
    del os.environ[name]


class NetworkUsed(AssertionError):
    """A test tried to leave this machine."""


def _guard(address: Any) -> None:
    if not isinstance(address, tuple):
        return  # a unix socket
    host = str(address[0])
    if host in ("localhost", ""):
        return
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise NetworkUsed(f"a test tried to reach {host}")


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Connections leave this machine only over this fixture's dead body."""
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded(self: socket.socket, address: Any) -> None:
        _guard(address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        _guard(address)
        return connect_ex(self, address)

    def guarded_resolve(host: Any, *rest: Any, **more: Any) -> Any:
        _guard((host.decode() if isinstance(host, bytes) else host or "", 0))
        return resolve(host, *rest, **more)

    socket.socket.connect = guarded  # type: ignore[method-assign, assignment]
    socket.socket.connect_ex = guarded_ex  # type: ignore[method-assign, assignment]
    socket.getaddrinfo = guarded_resolve
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]
    socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = resolve
