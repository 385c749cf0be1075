"""Other systems are told when a job ended: signed, once a delivery, later again, and never inside the network."""

from __future__ import annotations

import _socket
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from api import courier
from api.store import outbox
from tests.api.serving import OTHER, SHOP, Site, problem, until
from tests.api.test_api_jobs import LINES, done, lines


class Receiver:
    """Takes messages; answers with the statuses it was given, then with 204."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        took = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                took.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                status = took.statuses.pop(0) if took.statuses else 204
                self.send_response(status)
                if status in (301, 302, 307):
                    self.send_header(
                        "location", f"http://127.0.0.1:{self.server.server_address[1]}/elsewhere"
                    )
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook?a=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def hook(admin: httpx.Client, receiver: Receiver) -> Iterator[dict[str, Any]]:
    made = admin.post("/v1/webhooks", json={"url": receiver.url})
    assert made.status_code == 201, made.text
    yield made.json()
    admin.delete(f"/v1/webhooks/{made.json()['id']}")


def deliveries(admin: httpx.Client, hook: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = admin.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["deliveries"]
    return found


def ended(admin: httpx.Client, hook: dict[str, Any]) -> list[dict[str, Any]]:
    """The deliveries once none waits."""

    def settled() -> Any:
        found = deliveries(admin, hook)
        return found if found and all(one["state"] != "waiting" for one in found) else None

    return until(settled, 30)  # type: ignore[no-any-return]


def test_a_finished_job_is_told_signed(
    quality: httpx.Client, admin: httpx.Client, hook: dict[str, Any], receiver: Receiver
) -> None:
    """R105: a job's end is told once, in a message that the standard's own library verifies."""
    assert hook["secret"].startswith("whsec_")
    (shown,) = [one for one in admin.get("/v1/webhooks").json()["webhooks"] if one["id"] == hook["id"]]
    assert "secret" not in shown
    identity = quality.post("/v1/quality/jobs", content=lines(2, "told"), headers=LINES).json()["id"]
    assert done(quality, identity)["state"] == "done"
    sent = ended(admin, hook)
    # a job of another test may end meanwhile: only ours is looked at
    ((headers, body),) = [one for one in receiver.got if json.loads(one[1])["data"]["id"] == identity]
    (ours,) = [one for one in sent if one["id"] == headers["webhook-id"]]
    assert (ours["state"], ours["attempts"], ours["told"]) == ("sent", 1, "HTTP 204")
    told = Webhook(hook["secret"]).verify(body, headers)
    assert (told["type"], told["data"]["id"], told["data"]["state"]) == (
        "quality.job.finished",
        identity,
        "done",
    )
    with pytest.raises(WebhookVerificationError):
        Webhook(courier.new_secret()).verify(body, headers)


def test_what_is_not_taken_comes_again_and_is_kept(
    site: Site, admin: httpx.Client, hook: dict[str, Any], receiver: Receiver
) -> None:
    """R105: a refusal and a redirect are tried again under one id; after the last try the message is kept as dead."""
    receiver.statuses = [500, 302, 503]
    site.service.store.write(
        lambda writer: outbox.announce(writer, SHOP, "quality.job.finished", {"id": "x"})
    )
    (dead,) = ended(admin, hook)
    assert (dead["state"], dead["attempts"], dead["told"]) == ("dead", 3, "HTTP 503")
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    answer = admin.post(f"/v1/webhooks/{hook['id']}/deliveries/{dead['id']}/again")
    assert answer.status_code == 202
    (sent,) = ended(admin, hook)
    assert (sent["id"], sent["state"]) == (dead["id"], "sent")
    problem(admin.post(f"/v1/webhooks/{hook['id']}/deliveries/{dead['id']}/again"), 404, "not_found")


def test_a_gone_address_is_told_nothing_more(
    site: Site, admin: httpx.Client, hook: dict[str, Any], receiver: Receiver
) -> None:
    """410 ends the webhook."""
    receiver.statuses = [410]
    store = site.service.store
    assert store.write(lambda writer: outbox.announce(writer, SHOP, "quality.job.finished", {"id": "y"}))
    assert ended(admin, hook)[0]["state"] == "dead"
    (shown,) = [one for one in admin.get("/v1/webhooks").json()["webhooks"] if one["id"] == hook["id"]]
    assert shown["disabled"] == "HTTP 410"
    assert store.write(lambda writer: outbox.announce(writer, SHOP, "quality.job.finished", {"id": "z"})) == 0


def test_webhooks_are_the_tenants_own(
    site: Site, quality: httpx.Client, admin: httpx.Client, hook: dict[str, Any]
) -> None:
    """Another tenant sees nothing and is told nothing of ours; other keys may not ask."""
    other = site.client("admin", OTHER)
    assert other.get("/v1/webhooks").json()["webhooks"] == []
    assert other.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["deliveries"] == []
    problem(other.delete(f"/v1/webhooks/{hook['id']}"), 404, "not_found")
    problem(quality.get("/v1/webhooks"), 403, "forbidden")
    announced = site.service.store.write(
        lambda writer: outbox.announce(writer, OTHER, "quality.job.finished", {"id": "o"})
    )
    assert announced == 0


INSIDE = (
    "127.0.0.1", "127.8.9.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1",
    "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:0a00:0001::1",
    "2001:db8::1", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "192.0.0.8", "fec0::1", "::7f00:1", "::ffff:0:a00:1",
    "64:ff9b:1::a00:1", "5f00::1",
)  # fmt: skip
OPEN = ("1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("address", INSIDE)
def test_no_message_goes_inside(address: str) -> None:
    """X11: an address of the inner network is refused before a connection, whatever name stands for it."""
    assert not courier.open_address(address)
    with pytest.raises(courier.Refused, match="webhook_hosts"):
        courier.vetted("https://hook.example.com/", (), lambda host, port: ["1.1.1.1", address])
    target = courier.vetted("https://hook.example.com/", ("hook.example.com",), lambda host, port: [address])
    assert target.address == address


def test_an_answer_a_letter_at_a_time_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slowly an address answers, it holds the others up no longer than a delivery may take."""
    monkeypatch.setattr(courier, "LONGEST", 0.3)
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        taken, _ = listening.accept()
        with taken, contextlib.suppress(OSError):
            while True:
                taken.sendall(b"x")
                time.sleep(0.02)

    dripping = threading.Thread(target=drip, daemon=True)
    dripping.start()
    port = listening.getsockname()[1]
    sent = outbox.Delivery("t", "msg_1", "wh_1", f"http://127.0.0.1:{port}/", courier.new_secret(), "{}", 1)
    began = time.monotonic()
    status, told = courier.attempt(sent, ("127.0.0.1",))
    dripping.join(timeout=5)
    listening.close()
    assert (status, told.startswith("没有送到")) == (0, True)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("address", OPEN)
def test_the_open_network_is_told(address: str) -> None:
    """The connection goes to the address that was vetted, under the name that was asked for."""
    asked: list[str] = []

    def look(host: str, port: int) -> list[str]:
        asked.append(host)
        return [address]

    target = courier.vetted("https://hook.example.com:8443/a?b=c", (), look)
    assert (target.address, target.host, target.port, target.path) == (
        address,
        "hook.example.com",
        8443,
        "/a?b=c",
    )
    assert asked == ["hook.example.com"]


BAD = (
    "ftp://a.example.com/", "https://u:p@a.example.com/", "https://u@a.example.com/", "https://", "https:///x", "a.example.com",
    "https://a.example.com:99999/", "https://a example.com/", "https://a.example.com/\r\nx: y", "https://中文.example.com/",
    "file:///etc/passwd", "javascript:alert(1)", "https://[::1", "http://127.0.0.2/", "http://10.1.2.3/", "http://[::1]/",
    "http://169.254.169.254/latest/meta-data/", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/",
)  # fmt: skip


@pytest.mark.parametrize("url", BAD)
def test_a_bad_address_is_refused_at_the_door(admin: httpx.Client, url: str) -> None:
    """X11: what is no address, or plainly an inner one, is a 422 that names the field."""
    told = problem(admin.post("/v1/webhooks", json={"url": url}), 422, "invalid")
    assert told["errors"][0]["field"].endswith("url")


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "017700000001", "127.1", "localhost"])
def test_a_name_that_hides_an_inner_address_is_refused_when_sent(host: str) -> None:
    """X11: numbers and names are what the resolver makes of them."""

    def look(name: str, port: int) -> list[str]:
        found = _socket.getaddrinfo(name, port, 0, _socket.SOCK_STREAM)  # a number needs no network
        return [str(one[4][0]) for one in found]

    with pytest.raises(courier.Refused):
        courier.vetted(f"http://{host}/", (), look)


def test_signatures_are_the_standards() -> None:
    """X12: the vector of the standard, and whatever we sign is verified by its library, old messages excepted."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", '{"test": 2432232314}'
    found = courier.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    for size in range(60):
        own, text = courier.new_secret(), json.dumps({"n": size, "话": "好" * size}, ensure_ascii=False)
        now = datetime.now(UTC)
        assert Webhook(own).sign(f"msg_{size}", now, text) == courier.signature(
            own, f"msg_{size}", int(now.timestamp()), text
        )
        old = int((now - timedelta(minutes=6)).timestamp())
        headers = {
            "webhook-id": f"msg_{size}",
            "webhook-timestamp": str(old),
            "webhook-signature": courier.signature(own, f"msg_{size}", old, text),
        }
        with pytest.raises(WebhookVerificationError):
            Webhook(own).verify(text, headers)
