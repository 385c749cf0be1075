"""A running demo and a real browser, shared by the journeys."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.readme import demo_site
from tests.journeys import shop as shops

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a running demo: ZX is its address, BOT … ADMIN its keys."""
    with demo_site(Path(tmp_path_factory.mktemp("demo")) / "data") as environment:
        yield environment


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium through Playwright; where there is none the page tests skip, loudly.

    For one module only: while it is open, its event loop runs in the main thread and no other may.
    """
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip("!! PAGE TESTS SKIPPED: no chromium on this machine; install chromium and fonts-noto-cjk")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A fresh page of a fresh profile; an error on the page fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    yield opened
    context.close()
    assert wrong == []


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[shops.Shop]:
    """A service in this process whose clock can be stepped."""
    with shops.opened(Path(tmp_path_factory.mktemp("shop"))) as made:
        yield made


@pytest.fixture
def as_(shop: shops.Shop, page: Any) -> Any:
    """Sign somebody in on a page, in place of whoever was, and open an address."""
    page.set_default_timeout(10_000)

    def sign_in(who: str, address: str = "", at: str = "/supervisor") -> None:
        if page.url.partition("#")[0] != shop.url + at:
            page.goto(shop.url + at)
        page.wait_for_selector("#gate:not([hidden]), #main:not([hidden])")
        if page.is_visible("#main"):
            page.click("#leave")
        page.fill("#gate input", shop.secrets[who])
        page.click("#gate button")
        page.wait_for_selector("#rail a[aria-current]")
        if address:
            page.goto(shop.url + at + address)

    return sign_in
