"""The month's audit in a real browser: the monthly form, its remarks, the rates, and the way to a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.shop import Shop, opened

pytestmark = pytest.mark.browser

TURNS = [
    {"role": "customer", "text": "我的退款怎么还没到账，都十天了！", "at": "2025-03-04T10:00:00+08:00"},
    {"role": "agent", "text": "这个不归我管。", "at": "2025-03-04T10:07:30+08:00"},
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop of its own: the other journeys count their conversations."""
    with opened(Path(tmp_path_factory.mktemp("audited"))) as made:
        yield made


def test_the_monthly_form_leads_to_its_conversations(shop: Shop, page: Any, as_: Any) -> None:
    """R112, R134: 7.5 minutes to the first reply of a complaint are 2 points; the remark opens the conversation."""
    given = {
        "id": "audit-1", "turns": TURNS, "agent": {"id": "A7", "team": "售后一组"}, "category": "complaint",
        "started_at": "2025-03-04T10:00:00+08:00",
    }  # fmt: skip
    shop.ask("quality", "POST", "/v1/quality/score", {"transcript": given})
    as_("desk", "#/quality/audit?date=2025-03-01")
    page.wait_for_selector(
        "#monthly-form tr:has-text('投诉类首次响应'):has-text('7.5 分钟'):has-text('得 2 分')"
    )
    page.wait_for_selector("#monthly-form tr:has-text('一次性解决率'):has-text('不可评')")
    page.wait_for_selector("#rates tr:has-text('售后一组'):has-text('样本少')")
    page.click("#monthly-form tr:has-text('投诉类首次响应') a:has-text('audit-1')")
    page.wait_for_selector("h1:has-text('audit-1')")
