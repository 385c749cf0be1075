"""A finished complaint becomes a draft case: masked, in the draft, linked where it is known."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.store import Writer, keys
from kb.deposit import Course, draft_of, identity, nearest
from kb.entries import Entry, from_json, to_json
from nlp.privacy import find
from tests.api.serving import Site, problem, say, start

TENANT = "deposits"
ROWS = Path(__file__).parents[2] / "scripts" / "demo" / "conversations.jsonl"
PHONE, ID_CARD = "13812345678", "11010519491231002X"


@pytest.fixture(scope="module")
def own(site: Site) -> Site:
    """The site with a tenant of its own."""
    made: dict[str, str] = {}

    def unit(writer: Writer) -> None:
        keys.ensure_tenant(writer, TENANT, TENANT)
        for scope in keys.SCOPES:
            made[scope] = keys.create(writer, TENANT, scope, {"id": f"{scope}-d"})

    site.service.store.write(unit)
    site.secrets.update({(TENANT, scope): secret for scope, secret in made.items()})
    return site


def _complaint(identity: str, **more: Any) -> dict[str, Any]:
    turns = [
        ("customer", f"我的空调装了三次都没装好，我手机号{PHONE}，你们到底管不管"),
        ("agent", "非常抱歉让您久等了，您着急的心情我完全理解。麻烦您提供一下订单号，我帮您核实。"),
        ("customer", f"身份证{ID_CARD}登记的，师傅每次都说配件不对"),
        ("agent", "核实到了，已经为您提交加急，明天上午 10 点师傅带齐配件上门，费用全免。"),
        ("customer", "再不来我就投诉到12315"),
        ("agent", "明天下午 3 点我给您回电话确认结果，感谢您的理解，再见！"),
    ]
    told = [{"role": role, "text": text} for role, text in turns]
    return {"id": identity, "turns": told, "category": "complaint_no_response", **more}


def _deposit(site: Site, scope: str = "supervisor", **body: Any) -> httpx.Response:
    return site.client(scope, TENANT).post("/v1/kb/deposits", json=body)


def test_R063_a_complaint_becomes_a_masked_draft(own: Site) -> None:
    """The draft has its parts, its source and no personal data; it waits in the draft, not in the search."""
    outcome = {"resolved": True, "satisfaction": 1}
    made = _deposit(own, transcript=_complaint("tr-1", outcome=outcome))
    assert made.status_code == 201, made.text
    told = made.json()
    entry = told["entry"]
    assert told["state"] == "draft"
    assert entry["kind"] == "case"
    assert re.findall(r"^(\w{2})：", entry["text"], re.M) == ["经过", "诉求", "处理", "结果", "教训"]
    assert "空调装了三次" in entry["text"]
    assert "已解决，满意度 1" in entry["text"]
    assert entry["source"] == "会话记录 tr-1"
    assert entry["tags"] == ["沉淀", "complaint_no_response"]
    written = json.dumps(entry, ensure_ascii=False)
    assert PHONE not in written
    assert ID_CARD not in written
    assert find(entry["text"]) == find(entry["title"]) == ()
    editor = own.client("editor", TENANT)
    problem(editor.get(f"/v1/kb/entries/{entry['id']}"), 404, "not_found")
    body = {"query": entry["title"], "release": "draft"}
    hits = editor.post("/v1/kb/search", json=body).json()["hits"]
    assert hits[0]["entry_id"] == entry["id"]


def test_R063_a_near_duplicate_is_linked(own: Site) -> None:
    """The same complaint from another record is linked to the case; another complaint is added."""
    first = _deposit(own, transcript=_complaint("tr-2")).json()
    again = _complaint("tr-3")
    again["turns"][4]["text"] = "再不来我就去投诉你们"
    linked = _deposit(own, transcript=again)
    assert linked.status_code == 200, linked.text
    assert linked.json()["state"] == "linked"
    assert linked.json()["entry_id"] == first["entry_id"]
    assert linked.json()["likeness"] >= 0.5
    other = {
        "id": "tr-4",
        "turns": [
            {"role": "customer", "text": "发票抬头开成个人了，换开一个月了还没给我"},
            {"role": "agent", "text": "抱歉，已为您重新提交换开，24 小时内发到邮箱。"},
        ],
    }
    added = _deposit(own, transcript=other)
    assert (added.status_code, added.json()["state"]) == (201, "draft")
    assert added.json()["entry_id"] != first["entry_id"]


def test_R063_only_a_closed_conversation_is_deposited(own: Site) -> None:
    """A conversation that goes on is 409 naming its state; closed, it is a case; twice, it is linked to itself."""
    agent = own.client("agent", TENANT)
    conversation = start(agent, served_by="agent", agent={"id": "A012"})
    say(agent, conversation, f"冰箱送来门就瘪了，打{PHONE}没人接，我要投诉")
    say(agent, conversation, "非常抱歉，已为您登记换货，明天 12 点前上门取件。", role="agent")
    refused = problem(_deposit(own, conversation_id=conversation), 409, "conflict")
    assert "human" in refused["detail"]
    agent.post(f"/v1/conversations/{conversation}/handoff", json={"action": "close"})
    made = _deposit(own, "editor", conversation_id=conversation)
    assert made.status_code == 201, made.text
    assert PHONE not in made.text
    again = _deposit(own, conversation_id=conversation)
    assert (again.status_code, again.json()["likeness"]) == (200, 1.0)
    problem(_deposit(own, conversation_id="nowhere"), 404, "not_found")


def test_R063_a_ticket_leaves_open_what_it_does_not_say(own: Site) -> None:
    """A ticket becomes a case whose handling is to be filled in, or is given with the request."""
    text = "扫地机器人充不进电，报修三回没人联系，太气人了"
    own.client("bot", TENANT).post("/v1/tickets/route", json={"ticket_id": "T-9", "text": text})
    made = _deposit(own, ticket_id="T-9", outcome="已换新机", lesson="报修满 24 小时要有人回电")
    assert made.status_code == 201, made.text
    entry = made.json()["entry"]
    assert "处理：（请补充）" in entry["text"]
    assert "结果：已换新机" in entry["text"]
    assert "教训：报修满 24 小时要有人回电" in entry["text"]
    assert entry["source"] == "工单 T-9"
    problem(_deposit(own, ticket_id="T-0"), 404, "not_found")


def test_a_deposit_is_one_thing_by_who_may(own: Site) -> None:
    """Exactly one complaint is named; agents are refused; a record without a customer is none."""
    problem(_deposit(own), 422, "invalid")
    problem(_deposit(own, ticket_id="a", conversation_id="b"), 422, "invalid")
    problem(_deposit(own, "agent", ticket_id="T-9"), 403, "forbidden")
    silent = {"id": "x", "turns": [{"role": "agent", "text": "您好"}]}
    problem(_deposit(own, transcript=silent), 422, "invalid")


def test_the_demo_conversations_leave_nothing_personal(own: Site) -> None:
    """Every demo conversation as a case holds nothing that the finder of personal data finds."""
    for line in ROWS.read_text("utf-8").splitlines():
        told = _deposit(own, transcript=json.loads(line)).json()
        entry = told["entry"]
        assert find(f"{entry['title']}\n{entry['text']}\n{entry['source']}") == (), entry["id"]


texts = st.text(alphabet="我的空调坏了电话是，。！ 1234567890在吗投诉", max_size=40)
secrets = st.sampled_from([PHONE, ID_CARD, "139 1234 5678", "+86 13912345678", "6222021234567890128"])
said = st.builds(lambda before, secret, after: f"{before}，{secret}，{after}", texts, secrets, texts)


@settings(max_examples=150, deadline=None)
@given(request=said, told=st.lists(said, max_size=4), steps=st.lists(said, max_size=3), end=said, source=said)
def test_R063_no_personal_data_is_left(
    request: str, told: list[str], steps: list[str], end: str, source: str
) -> None:
    """Whatever stands in the parts, the draft holds no personal data, and reads back as it is."""
    entry = draft_of(Course(source, request, told, steps, end, end, title=request[:60]))
    for field in (entry.title, entry.text, entry.source):
        assert find(field) == ()
        assert PHONE not in field
    assert from_json(to_json(entry)) == entry


def test_the_same_source_is_the_same_case() -> None:
    """A source has one id; a case is wholly like itself; other kinds are not compared."""
    entry = draft_of(Course("会话 1", "空调不制冷没人修", (), (), "", ""))
    assert entry.id == identity("会话 1")
    faq = Entry("faq", "faq", entry.title, entry.text)
    assert [near.likeness for near in nearest(entry, [entry, faq], None)] == [1.0]
    assert nearest(entry, [faq], None) == ()
