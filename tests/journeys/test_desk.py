"""The desk, the board and the widget in a real browser."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def _play_until_handoff(page: Any) -> int:
    """Let the customer speak until a person is asked for; returns the customer's turns so far."""
    for _ in range(8):
        if page.is_visible("#banner"):
            break
        said = page.locator(".turn.customer").count()
        page.wait_for_selector("#next:not([disabled])")
        page.click("#next")
        page.locator(".turn.customer").nth(said).wait_for()
        page.wait_for_timeout(300)
    return int(page.locator(".turn.customer").count())


def test_an_agent_plays_a_conversation_from_greeting_to_handoff(site: dict[str, str], page: Any) -> None:
    """The bot greets, the mood sinks, the handoff is told with its reason, the agent takes over and answers."""
    page.goto(f"{site['ZX']}/desk")
    page.click("#scenes button >> nth=0")
    page.wait_for_selector(".turn.bot")
    assert "小夏" in page.inner_text(".turn.bot >> nth=0")
    said = _play_until_handoff(page)
    assert "转人工" in page.inner_text("#banner")
    assert page.locator("#mood .dot").count() == said >= 2
    assert page.is_disabled("#draft")

    page.click("#accept")
    page.wait_for_selector("#draft:not([disabled])")
    assert page.is_hidden("#banner")
    page.click(".offer .insert >> nth=0")
    assert page.input_value("#draft").strip()
    page.fill("#draft", "非常抱歉让您两次白等，我先核实一下订单，请问收货手机尾号是多少？")
    page.click("#send")
    page.wait_for_selector(".turn.mine")
    assert "核实" in page.inner_text(".turn.mine")
    page.wait_for_selector("#stages li.done:has-text('安抚')")
    assert page.locator("#stages li").count() == 6


def test_an_unfilled_slot_is_never_sent(site: dict[str, str], page: Any) -> None:
    """A script whose required slot is still open stays in the draft, with a word why (R043)."""
    page.goto(f"{site['ZX']}/desk")
    page.click("#scenes button >> nth=0")
    page.wait_for_selector(".turn.bot")
    _play_until_handoff(page)
    page.click("#accept")
    page.wait_for_selector("#draft:not([disabled])")
    page.fill("#draft", "您的订单【请填写:订单号】正在处理")
    page.click("#send")
    page.wait_for_selector("#issues li.high")
    assert page.locator(".turn.mine").count() == 0


def test_the_board_follows_an_event_within_two_seconds(site: dict[str, str], page: Any) -> None:
    """A ticket routed elsewhere changes the number on the supervisor's screen (R158)."""
    page.goto(f"{site['ZX']}/supervisor")
    page.wait_for_selector("#live.calm")
    before = page.locator("#latest tr").count()
    headers = {"Authorization": f"Bearer {site['BOT']}"}
    made = page.request.post(
        f"{site['ZX']}/v1/conversations",
        headers=headers,
        data={"conversation_id": "board-live-1", "channel": "chat"},
    )
    assert made.status == 201
    turn = {"role": "customer", "text": "转人工！我要投诉！"}
    assert page.request.post(
        f"{site['ZX']}/v1/conversations/board-live-1/turns", headers=headers, data=turn
    ).ok
    page.wait_for_selector("#waiting td:has-text('d-live-1')", timeout=2000)
    assert page.locator("#latest tr").count() >= min(before, 8)


@pytest.fixture
def stranger(site: dict[str, str]) -> Iterator[str]:
    """Another program's page, on another origin, that embeds the widget."""
    body = f"""<!doctype html><meta charset="utf-8"><title>CRM</title>
<script type="module" src="{site["ZX"]}/widget.js"></script><zuoxi-assist></zuoxi-assist>""".encode()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_stranger_may_not_frame_the_widget(site: dict[str, str], page: Any, stranger: str) -> None:
    """A site that is not among frame_ancestors gets an empty frame."""
    page.goto(stranger)
    page.wait_for_selector("zuoxi-assist iframe")
    page.wait_for_timeout(800)
    assert all("/widget" not in frame.url for frame in page.frames[1:])


def test_an_agent_takes_up_a_waiting_conversation(site: dict[str, str], page: Any) -> None:
    """A customer who asked for a person elsewhere appears at the desk, is accepted and answered live."""
    headers = {"Authorization": f"Bearer {site['BOT']}"}
    base = f"{site['ZX']}/v1/conversations"
    page.goto(f"{site['ZX']}/desk")
    page.wait_for_selector("#scenes button")
    page.request.post(base, headers=headers, data={"conversation_id": "live-desk-1", "channel": "chat"})
    page.request.post(
        f"{base}/live-desk-1/turns",
        headers=headers,
        data={"role": "customer", "text": "退款十天没到，转人工"},
    )
    page.click("#waiting button:has-text('live-desk-1')", timeout=5000)
    page.wait_for_selector(".turn.customer:has-text('退款十天')")
    page.click("#accept")
    page.wait_for_selector("#draft:not([disabled])")
    page.fill("#draft", "非常抱歉让您久等，我马上为您核实退款进度。")
    page.click("#send")
    page.wait_for_selector(".turn.mine:has-text('核实退款')")
    page.request.post(
        f"{base}/live-desk-1/turns", headers=headers, data={"role": "customer", "text": "好，订单尾号 0042"}
    )
    page.wait_for_selector(".turn.customer:has-text('0042')", timeout=5000)
    assert page.locator("#mood .dot").count() == 2
    assert page.locator(".turn.mine").count() == 1
