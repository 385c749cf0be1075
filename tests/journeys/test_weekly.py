"""A week's quality in a real browser: from a number to the words it rests on, an appeal, its decision, the number again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.shop import Shop

pytestmark = pytest.mark.browser

ROUGH = [
    {"role": "customer", "text": "我的退款怎么还没到账，都五天了！"},
    {"role": "agent", "text": "您好，我是客服，很抱歉让您久等了。"},
    {"role": "customer", "text": "到底什么时候能到？"},
    {"role": "agent", "text": "这个不归我管，您看规则吧，谁让您不看清楚说明。"},
]
NAMELESS = """() => [...document.querySelectorAll('#view input, #view select, #view textarea, #view button, #view a')]
    .filter((one) => !one.labels?.length && !one.getAttribute('aria-label') && !one.textContent.trim())
    .map((one) => one.outerHTML)"""
RULE = """
[[item]]
code = "empty_comfort"
name = "空泛安慰"
dimension = "wording"
points = 2
must_hit = ["请您放心"]
must_miss = ["我来查一下"]
[item.check]
kind = "said"
patterns = ['请您放心']
"""
KIND = [
    {"role": "customer", "text": "请问退款多久到账？"},
    {"role": "agent", "text": "您好，验收通过后银行卡 1–5 个工作日到账，请您放心。"},
    {"role": "customer", "text": "好的谢谢"},
    {"role": "agent", "text": "不客气，感谢您的咨询，祝您生活愉快，再见！"},
]


@pytest.fixture(scope="module")
def results(shop: Shop) -> list[dict[str, Any]]:
    """Two rough conversations and a kind one of the same agent, scored this week."""
    told = []
    for name, turns in (("w-1", ROUGH), ("w-2", ROUGH), ("w-3", KIND)):
        given = {
            "id": name,
            "turns": turns,
            "agent": {"id": "A1", "team": "售后一组"},
            "category": "complaint",
        }
        told.append(dict(shop.ask("quality", "POST", "/v1/quality/score", {"transcript": given})))
    return told


def _mean(results: list[dict[str, Any]]) -> str:
    return f"{round(sum(one['score'] for one in results) / len(results), 2):g}"


def test_a_number_of_the_week_moves_when_an_appeal_is_won(
    shop: Shop, page: Any, as_: Any, results: list[dict[str, Any]]
) -> None:
    """R110, R111: the weekly report leads to a violation's turns; appealed and changed, report and list follow."""
    as_("desk", "#/quality/report/weekly")
    page.wait_for_selector(f"#told-mean:has-text('{_mean(results)}')")
    page.wait_for_selector("#violations tr:has-text('服务禁语') td:has-text('2')")
    page.click("#violations td a:has-text('服务禁语')")
    page.wait_for_selector("h1:has-text('服务禁语') + .pill:has-text('2 份')")
    page.click(".events a:has-text('w-1')")
    page.wait_for_selector("mark.found.lit:has-text('不归我管')")

    as_("agent", at="/mine")
    page.click("a:has-text('w-1')")
    page.click(".item[data-code=closing]")
    page.wait_for_selector(".absent.lit:has-text('结束语')")
    page.check("#appeal .field:has-text('服务禁语') input")
    page.press("#appeal textarea", "Control+Enter")
    page.wait_for_selector("#appeal .wrong:has-text('缺')")
    page.fill("#appeal textarea", "这是引用客户自己的话")
    page.press("#appeal textarea", "Control+Enter")
    page.wait_for_selector("h2:has-text('申诉') + .pill:has-text('待裁定')")
    assert page.locator("#decision").count() == 0, "nobody decides on their own"

    as_("desk", "#/cases/appeal")
    page.click("a:has-text('会话 w-1')")
    page.fill("#decision textarea", "规则误判，引用不算")
    page.click("#decision button:has-text('改判')")
    page.wait_for_selector("#rulings:has-text('服务禁语 → 通过')")
    ruled = shop.ask("desk", "GET", f"/v1/quality/results/{results[0]['id']}")
    assert ruled["score"] > results[0]["score"]
    assert str(ruled["score"]) in page.inner_text("#score")

    page.click("#rail a:has-text('报告')")
    page.wait_for_selector(f"#told-mean:has-text('{_mean([ruled, *results[1:]])}')")
    page.wait_for_selector("#violations tr:has-text('服务禁语') td:has-text('1')")
    page.click("#told-mean")
    page.wait_for_selector("h1:has-text('质检均分：算进去的每一件')")
    page.wait_for_selector(f"tr:has-text('w-1') td:has-text('{ruled['score']}')")
    assert page.locator("#view tbody tr").count() == 3


def test_the_other_pages_of_quality_open(
    shop: Shop, page: Any, as_: Any, results: list[dict[str, Any]]
) -> None:
    """Numbers, talks, samples, cases of each kind and forms are drawn from what the doors answer."""
    as_("quality", "#/quality/numbers")
    page.wait_for_selector(".tile:has-text('首次解决率')")
    page.click("a.tile:has-text('投诉会话数')")
    page.wait_for_selector("h1:has-text('投诉会话数')")
    page.goto(f"{shop.url}/supervisor#/quality/talks?item=closing")
    page.wait_for_selector("h1:has-text('质检会话') + .pill:has-text('2 份')")
    for address, seen in (
        ("quality/samples", "抽检"), ("cases/review", "复核"), ("cases/red_card", "红牌警告"),
        ("cases/rectification", "整改"), ("cases/calibration", "评分校准"), ("cases/follow_up", "回访任务"), ("quality/report/daily", "日报"),
        ("quality/report/monthly", "月报"), ("quality/forms", "质检表"),
    ):  # fmt: skip
        page.goto(f"{shop.url}/supervisor#/{address}")
        page.wait_for_selector(f"#view h1:has-text('{seen}')")
        assert page.locator("#view .wrong:not(:empty)").count() == 0
        assert page.evaluate(NAMELESS) == []
    page.click("a:has-text('标准质检表')")
    text = page.input_value("textarea.code")
    page.fill("textarea.code", text.replace('code = "A"', 'code = "A', 1))
    page.wait_for_selector("#form-state.hot-text")
    assert page.is_disabled("button:has-text('存为这一版本')")
    page.fill("textarea.code", text.replace('version = "', 'version = "x', 1))
    page.wait_for_selector("#form-state:has-text('可以保存')")


def test_a_violation_is_put_right_and_a_notice_is_read(
    shop: Shop, page: Any, as_: Any, results: list[dict[str, Any]]
) -> None:
    """R122, R045: a rectification is opened from the turns; an agent proposes and sees what became of it."""
    as_("desk", f"#/quality/talk/{results[1]['id']}")
    page.click("#rectify summary")
    page.select_option("#rectify [name=item]", "forbidden_word")
    page.fill("#rectify [name=root_cause]", "不熟悉转接流程")
    page.click("#rectify form button")
    page.wait_for_selector("#rectify .wrong:has-text('缺失')")
    page.fill("#rectify [name=measures]", "培训转接话术")
    page.fill("#rectify [name=owner]", "A1")
    page.fill("#rectify [name=due_at]", "2030-01-01T10:00")
    page.click("#rectify form button")
    page.wait_for_selector("#said:has-text('整改中')")
    page.wait_for_selector("#rail a:has-text('整改') .badge:has-text('1')")
    page.goto(f"{shop.url}/supervisor#/cases/rectification")
    page.wait_for_selector("h2:has-text('整改：服务禁语')")
    as_("agent", "#/my/proposals", at="/mine")
    page.fill("[name=text]", "退款时效没写信用卡要几天")
    page.click("form button:has-text('提建议')")
    page.wait_for_selector(".card:has-text('信用卡要几天') .pill:has-text('待处理')")
    page.click("#rail a:has-text('手册通知')")
    page.wait_for_selector("h1:has-text('手册通知')")


def test_a_rule_is_tried_before_it_is_put(
    shop: Shop, page: Any, as_: Any, results: list[dict[str, Any]]
) -> None:
    """R104, R105: a changed form is checked while one types, tried on a sentence, and on what was kept before."""
    as_("quality", "#/quality/form/standard")
    page.fill("#trying textarea", "客户：退款怎么还没到|客服：请您放心，我来查")
    page.click("#trying button")
    page.wait_for_selector("#trying .item.pass[data-code=forbidden_word]", state="attached")
    text = page.input_value("textarea.code")
    changed = text.replace('points = 6\nmust_hit = ["等着呗', 'points = 4\nmust_hit = ["等着呗') + RULE
    changed = changed.replace('effective_from = "2026-01-01', 'effective_from = "2030-01-01')
    page.fill("textarea.code", changed.replace('version = "2026.11"', 'version = "2030"'))
    page.wait_for_selector("#form-state:has-text('可以保存')")
    page.click("#trying .item.fail[data-code=empty_comfort]")
    page.wait_for_selector("#trying mark.found.lit:has-text('请您放心')")
    page.click("#backtest button")
    page.wait_for_selector("#backtest strong:has-text('3 段会话')")
    page.wait_for_selector("#backtest tr:has-text('w-3') td:has-text('空泛安慰：')")
    page.click("button:has-text('存为这一版本')")
    page.wait_for_selector("#said:has-text('2030 已存')")
    page.wait_for_selector("#form-state:has-text('没有改动')")
