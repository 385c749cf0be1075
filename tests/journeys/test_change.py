"""The whole life of a change of the handbook in a real browser, by the people who take part in it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import uvicorn

from api.app import create_app
from api.service import Service
from api.settings import load_settings
from api.store import Writer, keys
from tests.api.serving import HANDBOOK

pytestmark = pytest.mark.browser

TENANT = "shop"
PEOPLE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("editor", "editor", {"id": "E1", "name": "编辑", "roles": ["知识编辑"]}),
    ("desk", "supervisor", {"id": "S1", "name": "主管", "roles": ["客服"]}),
    ("law", "editor", {"id": "L1", "name": "法务", "roles": ["法务"]}),
    ("rule", "editor", {"id": "C1", "name": "合规", "roles": ["合规"]}),
    ("agent", "agent", {"id": "A1", "team": "售后一组", "roles": ["客服"]}),
)
SIGNERS = (("desk", "客服"), ("law", "法务"), ("rule", "合规"))
ENTRY = {"id": "pay-late", "kind": "faq", "title": "延误到货怎么赔付", "tags": ["赔付"],
         "text": "延误到货每单赔付 5 元，联系客服登记{订单号}即可。"}  # fmt: skip
NEW = "延误到货每单赔付 10 元，系统会在 24 小时内自动发到您的账户。"


@dataclass
class Shop:
    """A service on a real port whose clock is stepped by hand, and the secrets of its people."""

    url: str
    service: Service
    secrets: dict[str, str]
    ahead: timedelta = field(default=timedelta())

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def ask(self, who: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.secrets[who]}"}
        answer = httpx.request(method, self.url + path, json=body, headers=headers, timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def use(self, times: int, sent: int) -> None:
        """The agent is offered the entry again and again, and sends it that often."""
        for at in range(times):
            made = self.ask("agent", "POST", "/v1/suggest", {"query": ENTRY["title"]})
            assert ENTRY["id"] in [one["entry_id"] for one in made["suggestions"]]
            body = {"entry_id": ENTRY["id"], "action": "inserted" if at < sent else "dismissed"}
            self.ask("agent", "POST", f"/v1/suggest/{made['id']}/feedback", body)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    app = create_app(load_settings(data=tmp_path_factory.mktemp("life")))
    service: Service = app.state.service

    def people(writer: Writer) -> dict[str, str]:
        keys.ensure_tenant(writer, TENANT, TENANT)
        return {name: keys.create(writer, TENANT, scope, actor) for name, scope, actor in PEOPLE}  # type: ignore[arg-type]

    secrets = service.store.write(people)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        time.sleep(0.02)
    made = Shop(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", service, secrets)
    object.__setattr__(app.state.cases, "clock", made.now)
    lines = "\n".join(json.dumps(raw, ensure_ascii=False) for raw in (*HANDBOOK, ENTRY))
    headers = {"Authorization": f"Bearer {secrets['editor']}", "Content-Type": "application/x-ndjson"}
    answer = httpx.post(f"{made.url}/v1/kb/import", content=lines.encode(), headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    yield made
    server.should_exit = True
    thread.join(timeout=30)


@pytest.fixture
def as_(shop: Shop, page: Any) -> Any:
    """Sign somebody in on the page, in place of whoever was, and open an address."""
    page.set_default_timeout(10_000)
    page.goto(f"{shop.url}/supervisor")

    def sign_in(who: str, address: str = "") -> None:
        page.wait_for_selector("#gate:not([hidden]), #main:not([hidden])")
        if page.is_visible("#main"):
            page.click("#leave")
        page.fill("#gate input", shop.secrets[who])
        page.click("#gate button")
        page.wait_for_selector("#rail a[aria-current]")
        if address:
            page.goto(f"{shop.url}/supervisor{address}")

    return sign_in


def test_a_change_lives_from_its_trigger_to_its_effect(shop: Shop, page: Any, as_: Any) -> None:
    """R054-R060, R065: trigger, revise, three approvals by three people, trial, publish, report on day 30."""
    shop.use(12, 2)

    as_("desk", "#/kb/triggers")
    page.fill("[name=what]", "延误赔付标准上调")
    page.fill("[name=tags]", "赔付")
    page.click("text=登记，列出涉及的条目")
    page.wait_for_selector(f".trigger:has-text('延误赔付标准上调'):has-text('{ENTRY['title']}')")
    assert page.locator(".trigger a:has-text('开始修订')").count() == 0, "a supervisor does not revise"

    as_("editor", "#/kb/triggers")
    page.click(".trigger a:has-text('开始修订')")
    assert page.input_value("[name=title]") == "延误赔付标准上调"
    page.fill("[name=reason]", "新的赔付政策")
    page.click("form button:has-text('开始修订')")
    page.wait_for_selector(".stages li.now:has-text('需求评估')")
    change = page.url.rsplit("/", 1)[1]
    page.click("[data-move=revise]")
    page.wait_for_selector(".stages li.now:has-text('内容修订')")

    page.fill("#view input[type=search]", "yanwu")
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
    page.wait_for_selector(".diff ins:has-text('10')")
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
    csv = "标题,内容,类型\n礼品卡怎么用,结算时输入卡号即可抵扣。,faq\n,没有标题的一行,faq\n"
    page.set_input_files("[name=file]", {"name": "a.csv", "mimeType": "text/csv", "buffer": csv.encode()})
    page.click("form button:has-text('导入')")
    page.wait_for_selector("#import-report .tile:has-text('读出条目'):has-text('1')")
    page.wait_for_selector("#import-report h2:has-text('没有收下')")
    page.click("#import-report a:has-text('去待修队列')")
    page.click("button:has-text('处理')")
    page.fill("[name=title]", "补上的标题")
    page.click("form button:has-text('改好了')")
    page.wait_for_selector(".empty:has-text('没有待修')")
    for name, seen in (("lint", "巡检"), ("gaps", "知识缺口"), ("stale", "过期与少用"), ("proposals", "优化建议"), ("releases", "版本"), ("changes", "手册修订")):  # fmt: skip
        page.goto(f"{shop.url}/supervisor#/kb/{name}")
        page.wait_for_selector(f"#view h1:has-text('{seen}')")
        assert page.locator("#view .wrong:not(:empty)").count() == 0
    page.goto(f"{shop.url}/supervisor#/kb/releases")
    page.click("tr:has-text('导入') button:has-text('比较') >> nth=0")
    page.wait_for_selector("h2:has-text('相比')")
