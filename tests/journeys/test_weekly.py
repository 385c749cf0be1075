"""A week's quality in a real browser: from a number to the words it rests on, an appeal, its decision, the number again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.shop import Shop

pytestmark = pytest.mark.browser

TURNS = [
    {"role": "customer", "text": "我的退款怎么还没到账，都五天了！"},
    {"role": "agent", "text": "您好，我是客服，很抱歉让您久等了。"},
    {"role": "customer", "text": "到底什么时候能到？"},
    {"role": "agent", "text": "这个不归我管，您看规则吧，谁让您不看清楚说明。"},
]


@pytest.fixture(scope="module")
def result(shop: Shop) -> dict[str, Any]:
    given = {"id": "w-1", "turns": TURNS, "agent": {"id": "A1", "team": "售后一组"}, "category": "complaint"}
    return dict(shop.ask("quality", "POST", "/v1/quality/score", {"transcript": given}))


def test_a_violation_is_appealed_and_decided(shop: Shop, page: Any, as_: Any, result: dict[str, Any]) -> None:
    """R124, R125: the agent sees the words an item rests on, contests it, and another person gives the points back."""
    as_("agent", at="/mine")
    page.click("a:has-text('w-1')")
    page.wait_for_selector(".talk .turn.mine mark.found")
    page.click(".item[data-code=forbidden_word]")
    page.wait_for_selector("mark.found.lit:has-text('不归我管')")
    page.check("#appeal .field:has-text('禁') input")
    page.fill("#appeal textarea", "引用的是客户的话")
    page.click("#appeal form button.main")
    page.wait_for_selector("h2:has-text('申诉') + .pill:has-text('待裁定')")
    as_("desk", f"#/quality/talk/{result['id']}")
    page.wait_for_selector("#decision")
    page.fill("#decision textarea", "规则误判")
    page.click("#decision button.main")
    page.wait_for_selector("#rulings:has-text('申诉')")
    page.goto(f"{shop.url}/supervisor#/cases/appeal?all=1")
    page.wait_for_selector("h1:has-text('申诉')")
    page.goto(f"{shop.url}/supervisor#/quality/talks")
    page.wait_for_selector("h1:has-text('质检会话')")
