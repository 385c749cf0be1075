"""The whole life of a change of the handbook in a real browser, by the people who take part in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.api.serving import HANDBOOK
from tests.journeys.shop import ENTRY, Shop

pytestmark = pytest.mark.browser

SIGNERS = (("desk", "客服"), ("law", "法务"), ("rule", "合规"))
NEW = "礼品包装破损可补寄包装盒 2 个，系统会在 24 小时内安排寄出。"


def test_a_change_lives_from_its_trigger_to_its_effect(shop: Shop, page: Any, as_: Any) -> None:
    """R054-R060, R065: trigger, revise, three approvals by three people, trial, publish, report on day 30."""
    shop.use(12, 2)

    as_("desk", "#/kb/triggers")
    page.fill("[name=what]", "包装赔付标准上调")
    page.fill("[name=tags]", "赔付")
    page.click("text=登记，列出涉及的条目")
    page.wait_for_selector(f".trigger:has-text('包装赔付标准上调'):has-text('{ENTRY['title']}')")
    assert page.locator(".trigger a:has-text('开始修订')").count() == 0, "a supervisor does not revise"

    as_("editor", "#/kb/triggers")
    page.click(".trigger a:has-text('开始修订')")
    assert page.input_value("[name=title]") == "包装赔付标准上调"
    page.fill("[name=reason]", "新的赔付政策")
    page.click("form button:has-text('开始修订')")
    page.wait_for_selector(".stages li.now:has-text('需求评估')")
    change = page.url.rsplit("/", 1)[1]
    page.click("[data-move=revise]")
    page.wait_for_selector(".stages li.now:has-text('内容修订')")

    page.fill("#view input[type=search]", "lipin")
    page.click(f".finds button:has-text('{ENTRY['title']}')")
    page.wait_for_selector(".preview mark.slot:has-text('请填写：订单号')")
    page.fill(".tries input", "No.7")
    assert "No.7" in page.inner_text(".preview mark.slot.done")
    page.fill("[name=title]", "")
    page.press("[name=title]", "Control+Enter")
    page.wait_for_selector(".field:has([name=title]) .wrong:has-text('标题为空')")
    page.fill("[name=title]", str(ENTRY["title"]))
    page.fill("[name=text]", NEW)
    assert "可以直接发送" in page.inner_text(".preview")
    page.press("[name=text]", "Control+Enter")
    page.wait_for_selector(".diff ins:has-text('2')")
    assert page.locator(".diff del").count() >= 1
    page.click("[data-move=submit]")
    page.wait_for_selector(".stages li.now:has-text('审核')")
    assert page.locator(".stamp").all_inner_texts()[0].split("\n")[1] == "客服"
    assert page.locator("[data-role]").count() == 0, "who wrote it signs nothing"
    assert page.locator("text=开始试运行").count() == 0

    for at, (who, role) in enumerate(SIGNERS, 1):
        as_(who, f"#/kb/change/{change}")
        page.click(f"[data-role={role}]:has-text('同意')")
        page.wait_for_selector(f"h2:has-text('会签 {at} / 3')")
    assert page.locator(".stamp.signed").count() == 3

    as_("editor", f"#/kb/change/{change}")
    page.fill("[name=teams]", "售后一组")
    page.click("form button:has-text('开始试运行')")
    page.wait_for_selector("#trial:has-text('班组 售后一组')")
    shop.use(10, 9)
    page.reload()
    page.wait_for_selector("#trial tr:has-text('参加者') td:has-text('10')")
    assert "90%" in page.get_attribute("#trial .chart", "aria-label")
    page.fill("[name=effective_from]", "")
    page.click("#publish button")
    page.wait_for_selector("#effect .pill:has-text('已过 0 天')")
    page.wait_for_selector(".stages li.done:has-text('发布')")

    shop.use(12, 11)
    shop.ahead = timedelta(days=30, minutes=1)
    as_("desk", f"#/kb/change/{change}")
    page.wait_for_selector("#effect .pill.calm:text-is('完整')")
    adoption = str(page.get_attribute("#effect .figure >> nth=0 >> svg", "aria-label"))
    assert "50%（n=22）" in adoption  # 11 of the 22 offers before: 2 of 12, and the trial's 9 of 10
    assert "92%（n=12）" in adoption  # 11 of 12 after
    assert "显著变好" in page.inner_text("#effect .figure >> nth=0")
    assert page.locator(".history li").count() >= 9
    shop.ahead = timedelta()


def test_a_major_change_is_announced_a_week_ahead_on_the_page(shop: Shop, page: Any, as_: Any) -> None:
    """R058: without a week's notice the page says so at the field; with it everybody concerned is told."""
    made = shop.ask(
        "editor", "POST", "/v1/kb/changes", {"title": "发票规则", "reason": "新规", "major": True}
    )
    change = made["id"]
    raw = {**HANDBOOK[2], "text": "确认收货后 12 小时内开出电子普通发票，90 天内可换开一次。"}
    shop.ask("editor", "PUT", f"/v1/kb/changes/{change}/entries/{raw['id']}", raw)
    for move in ("revise", "submit"):
        shop.ask("editor", "POST", f"/v1/cases/{change}/moves", {"move": move})
    for who, role in SIGNERS:
        shop.ask(who, "POST", f"/v1/cases/{change}/approvals", {"role": role, "decision": "approve"})
    shop.ask("editor", "POST", f"/v1/kb/changes/{change}/trial", {"teams": ["售后一组"]})
    as_("editor", f"#/kb/change/{change}")
    page.click("#publish button")
    page.wait_for_selector(".field:has([name=effective_from]) .wrong:has-text('7')")
    day = (datetime.now() + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M")
    page.fill("[name=effective_from]", day)
    page.click("#publish button")
    page.wait_for_selector("#notices h2:has-text('通知 0 /')")
    assert "A1" in page.inner_text("#notices")


def test_the_other_pages_of_the_handbook_show_what_is_there(shop: Shop, page: Any, as_: Any) -> None:
    """B13: search with highlights, an import's report and its repairs, lint, gaps, stale, releases."""
    as_("editor", "#/kb/search?q=退款多久到账")
    page.wait_for_selector(".hit mark:has-text('退款')")
    page.goto(f"{shop.url}/supervisor#/kb/import")
    csv = "标题,内容,类型\n礼品卡<img src=x onerror=alert(1)>怎么用,结算时输入卡号即可抵扣。,faq\n,没有标题的一行,faq\n"
    page.set_input_files("[name=file]", {"name": "a.csv", "mimeType": "text/csv", "buffer": csv.encode()})
    page.click("form button:has-text('导入')")
    page.wait_for_selector("#import-report .tile:has-text('读出条目'):has-text('1')")
    page.wait_for_selector("#import-report h2:has-text('没有收下')")
    page.click("#import-report a:has-text('去待修队列')")
    page.click("button:has-text('处理')")
    page.fill("[name=title]", "补上的标题")
    page.click("form button:has-text('改好了')")
    page.wait_for_selector(".empty:has-text('没有待修')")
    page.goto(f"{shop.url}/supervisor#/kb/search?q=礼品卡怎么用")
    page.wait_for_selector(".hit h2:has-text('onerror=alert')")
    assert page.locator(".hit img").count() == 0, "what was imported is text"
    for name, seen in (("lint", "巡检"), ("gaps", "知识缺口"), ("stale", "过期与少用"), ("proposals", "优化建议"), ("releases", "版本"), ("changes", "手册修订")):  # fmt: skip
        page.goto(f"{shop.url}/supervisor#/kb/{name}")
        page.wait_for_selector(f"#view h1:has-text('{seen}')")
        assert page.locator("#view .wrong:not(:empty)").count() == 0
    page.goto(f"{shop.url}/supervisor#/kb/releases")
    page.click("tr:has-text('导入') button:has-text('比较') >> nth=0")
    page.wait_for_selector("h2:has-text('相比')")
