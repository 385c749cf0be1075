"""A served data folder for tests: two tenants, a key for each scope, a small handbook."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from api.service import Service
from api.store import Writer, keys

SHOP, OTHER = "shop", "other"
ACTORS = {"agent": "A012", "supervisor": "S001", "quality": "Q001"}

HANDBOOK: tuple[dict[str, Any], ...] = (
    {"id": "faq-refund", "kind": "faq", "title": "退款多久到账", "similar": ["退款怎么还没到", "钱什么时候退回来"],
     "text": "商家收到退货后 48 小时内验收，验收通过后原路退回，银行卡 1–5 个工作日到账。"},
    {"id": "faq-return", "kind": "faq", "title": "七天无理由退货怎么办理", "similar": ["不想要了能退吗"],
     "text": "签收后 7 天内，商品完好可以申请七天无理由退货，运费由买家承担。"},
    {"id": "faq-invoice", "kind": "faq", "title": "怎么开发票", "similar": ["要一张发票"],
     "text": "确认收货后 24 小时内开出电子普通发票，90 天内可换开一次。"},
    {"id": "faq-install", "kind": "faq", "title": "空调安装收费吗",
     "text": "空调免费安装，含 3 米铜管，超出部分每米 120 元。"},
    {"id": "policy-late", "kind": "policy", "title": "延迟发货怎么赔",
     "text": "超过承诺发货时间，每单赔付订单金额的 5%，最低 5 元，最高 50 元。"},
    {"id": "script-greeting", "kind": "script", "stage": "greeting", "title": "开场白",
     "text": "您好，我是客服，很高兴为您服务，请问有什么可以帮您？"},
    {"id": "script-comfort", "kind": "script", "stage": "comfort", "title": "安抚：催退款",
     "text": "非常抱歉让您久等了，您着急的心情我完全理解，我马上帮您查退款进度。", "similar": ["退款一直不到账"]},
    {"id": "script-verify", "kind": "script", "stage": "verify", "title": "核实订单",
     "text": "麻烦您提供一下订单号，我帮您核实 {订单号?}。"},
    {"id": "script-solve", "kind": "script", "stage": "solve", "title": "退款加急",
     "text": "已经为您提交退款加急，财务会在 24 小时内处理。", "similar": ["帮我催一下退款"]},
    {"id": "script-closing", "kind": "script", "stage": "closing", "title": "结束语",
     "text": "感谢您的咨询，祝您生活愉快，再见！"},
)  # fmt: skip


@dataclass
class Site:
    """A served data folder with its secrets."""

    url: str
    folder: Path
    service: Service
    secrets: dict[tuple[str, str], str]
    _clients: dict[tuple[str, str], httpx.Client] = field(default_factory=dict)

    def client(self, scope: str, tenant: str = SHOP) -> httpx.Client:
        """A client that carries the key of a scope; scope "" carries none."""
        made = self._clients.get((tenant, scope))
        if made is None:
            headers = {"Authorization": f"Bearer {self.secrets[(tenant, scope)]}"} if scope else {}
            made = httpx.Client(base_url=self.url, headers=headers, timeout=30)
            self._clients[(tenant, scope)] = made
        return made

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


def make_keys(writer: Writer) -> dict[tuple[str, str], str]:
    made: dict[tuple[str, str], str] = {}
    for tenant in (SHOP, OTHER):
        keys.ensure_tenant(writer, tenant, tenant)
        for scope in keys.SCOPES:
            made[(tenant, scope)] = keys.create(
                writer, tenant, scope, {"id": ACTORS.get(scope, f"{scope}-1")}
            )
    return made


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of an answer that must be one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


def until(check: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true value of `check`, asked again and again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def start(client: httpx.Client, **more: Any) -> str:
    """Open a conversation; its id."""
    answer = client.post("/v1/conversations", json={"channel": "chat", **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["conversation_id"])


def say(client: httpx.Client, conversation: str, text: str, role: str = "customer", **more: Any) -> Any:
    """Post a turn; its answer."""
    answer = client.post(f"/v1/conversations/{conversation}/turns", json={"role": role, "text": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


@contextmanager
def crew(site: Site, tenant: str, **people: str) -> Iterator[dict[str, httpx.Client]]:
    """Keys of a tenant of its own by actor: `Q1="quality"`, with roles `S1="supervisor 主管"`."""

    def make(writer: Writer) -> dict[str, str]:
        keys.ensure_tenant(writer, tenant, tenant)
        made = {}
        for name, words in people.items():
            scope, *roles = words.split()
            known = next(one for one in keys.SCOPES if one == scope)
            made[name] = keys.create(writer, tenant, known, {"id": name, "roles": roles})
        return made

    secrets = site.service.store.write(make)
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30)
            )
            for name, secret in secrets.items()
        }
