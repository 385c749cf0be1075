"""Capability route, from a ticket to everything decided about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.entities import amount_of, entities
from nlp.policy import load_policy
from nlp.routing import Route, Ticket, route, to_json
from nlp.transcript import Customer

POLICY = load_policy()
NOW = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)
LEAVES = sorted(POLICY.taxonomy.leaves)


@dataclass(frozen=True)
class Thresholds:
    auto: Mapping[str, float] = field(default_factory=dict)
    suggest: Mapping[str, float] = field(default_factory=dict)


def sure(leaf: str, share: float = 0.95) -> dict[str, float]:
    rest = (1 - share) / (len(LEAVES) - 1)
    return {code: share if code == leaf else rest for code in LEAVES}


def routed(text: str, leaf: str | None = None, tier: str | None = None, share: float = 0.95) -> Route:
    ticket = Ticket(text, customer=Customer("c-1", tier))
    return route(ticket, sure(leaf, share) if leaf else None, None, POLICY, NOW)


def test_all_fields_of_the_contract() -> None:
    """R010: one call returns every field; the same input gives the same bytes."""
    text = "订单ZX20261103001234退了两周，少退我6800元，再不给说法我就打12315"
    body = to_json(routed(text, "refund_amount"))
    assert {"category", "alternatives", "priority", "sentiment", "queue", "automation"} <= body.keys()
    assert {"sla", "ladder", "entities"} <= body.keys()
    assert body["category"]["path"] == ["after_sales", "refund", "refund_amount"]
    assert body["priority"]["level"] == "urgent"
    reason = body["priority"]["reasons"][0]
    assert (reason["code"], text[reason["start"] : reason["end"]]) == ("regulator", "12315")
    assert body["ladder"][0]["role"] == "agent"
    assert {one["type"] for one in body["entities"]} == {"order_no", "amount"}
    assert json.dumps(body) == json.dumps(to_json(routed(text, "refund_amount")))


@pytest.mark.parametrize(("leaf", "seconds"), [("ask_product", 600), ("complaint_attitude", 300)])
def test_first_response_by_category(leaf: str, seconds: int) -> None:
    """R003: an inquiry is answered within ten minutes, a complaint within five."""
    assert routed("请处理", leaf).sla.due("first_response") - NOW == timedelta(seconds=seconds)


def test_an_unsure_leaf_gives_its_sure_parent() -> None:
    """R010: the category is the deepest node that is sure enough, a top category at least."""
    shares = dict.fromkeys(LEAVES, 0.0) | {"return_goods": 0.4, "refund_progress": 0.35, "exchange": 0.25}
    found = route(Ticket("退"), shares, None, POLICY, NOW)
    assert found.category.path == ("after_sales", "refund")
    assert found.category.confidence == pytest.approx(0.75)
    assert [one.code for one in found.alternatives] == ["return_goods", "refund_progress", "exchange"]


def test_a_parent_may_be_sure_where_no_leaf_is() -> None:
    """The reply names the deepest node that reaches its own automatic threshold, and none where none does."""
    bands = Thresholds({"refund": 0.9, "after_sales": 0.8, "return_goods": 0.9}, {})
    shares = dict.fromkeys(LEAVES, 0.0) | {"return_goods": 0.5, "refund_progress": 0.45, "exchange": 0.05}
    found = route(Ticket("退"), shares, None, POLICY, NOW, thresholds=bands)
    assert found.settled is not None
    assert (found.settled.code, found.settled.confidence) == ("refund", pytest.approx(0.95))
    assert to_json(found)["settled"]["name"] == "退货退款"
    assert found.automation != "auto"
    leaf = route(Ticket("退"), sure("return_goods"), None, POLICY, NOW, thresholds=bands).settled
    assert leaf is not None
    assert leaf.code == "return_goods"
    doubt = dict.fromkeys(LEAVES, 1 / len(LEAVES))
    assert route(Ticket("退"), doubt, None, POLICY, NOW, thresholds=bands).settled is None
    assert route(Ticket("退"), shares, None, POLICY, NOW).settled is None


def test_a_foreign_text_goes_to_a_person() -> None:
    """From the bound on that was set for false alarms, no verdict is proposed, however sure the category."""

    @dataclass(frozen=True)
    class Bounded(Thresholds):
        outside: float = 0.7

    bands = Bounded({"invoice": 0.8}, {"invoice": 0.6})
    for outside, expected in ((0.69, "auto"), (0.7, "manual"), (None, "auto")):
        found = route(Ticket("请开票"), sure("invoice"), None, POLICY, NOW, bands, outside=outside)
        assert (found.automation, found.outside) == (expected, outside)


def test_bands() -> None:
    """R086: on both sides of each threshold the band changes."""
    bands = Thresholds({"invoice": 0.8}, {"invoice": 0.6})
    for share, expected in ((0.8, "auto"), (0.79, "suggest"), (0.6, "suggest"), (0.59, "manual")):
        found = route(Ticket("请开票"), sure("invoice", share), None, POLICY, NOW, thresholds=bands)
        assert found.automation == expected


@pytest.mark.parametrize("text", ["取暖器冒烟了怎么办", "我要起诉你们", "已经打了12315"])
def test_a_floor_beats_any_model(text: str) -> None:
    """R004 B18: a floor goes to a person however sure the model is, and is urgent at least."""
    found = routed(text, "invoice", share=0.999)
    assert found.automation == "manual"
    assert found.priority.level in ("urgent", "critical")


def test_tier_moves_the_queue_only() -> None:
    """R014 R016: the same words of a gold customer get another queue, not another label."""
    gold, plain = routed("什么时候补货", "ask_stock", "gold"), routed("什么时候补货", "ask_stock", "normal")
    assert (gold.queue.code, plain.queue.code) == ("vip", "presales")
    assert (gold.category, gold.priority) == (plain.category, plain.priority)


def test_vip_preset(tmp_path: Path) -> None:
    """R015: switched on, the VIP policy sets its own first response and names the supervisor."""
    text = resources.files("nlp").joinpath("presets", "sla.toml").read_text(encoding="utf-8")
    (tmp_path / "sla.toml").write_text(text.replace("enabled = false", "enabled = true"), encoding="utf-8")
    ticket = Ticket("什么时候补货", customer=Customer("c", "black"))
    found = route(ticket, sure("ask_stock"), None, load_policy(tmp_path), NOW)
    assert found.sla.policy == "vip_fast"
    assert found.sla.due("first_response") - NOW == timedelta(seconds=60)
    assert found.sla.notify == ("supervisor",)


def test_critical_enters_at_the_head_of_department() -> None:
    """R005: a critical ticket starts higher on the ladder."""
    assert routed("取暖器着火了快来人", "defect").ladder[0].role == "department_head"


def test_words_alone() -> None:
    """R007: without a classifier words decide, and nothing is routed automatically."""
    for text, top in (
        ("发票抬头开错了，帮我重开", "operation"),
        ("客服态度太差了，一直敷衍我", "complaint"),
        ("退款什么时候到账", "after_sales"),
        ("这款有货吗，什么时候补货", "inquiry"),
    ):
        found = routed(text)
        assert found.category.path[0] == top
        assert found.automation != "auto"


def test_a_new_category_before_training(tmp_path: Path) -> None:
    """R007: a site adds a category with words of its own, and the old classifier gives way to it."""
    read = resources.files("nlp").joinpath("presets")
    taxonomy = read.joinpath("taxonomy.toml").read_text("utf-8")
    keywords = read.joinpath("keywords.toml").read_text("utf-8")
    new = '\n[[category]]\ncode = "trade_in"\nparent = "operation"\nname = "以旧换新"\n'
    rule = '\n[[rule]]\ncode = "trade_in"\npattern = "以旧换新|旧机回收"\nweight = 3.0\n'
    (tmp_path / "taxonomy.toml").write_text(taxonomy + new, encoding="utf-8")
    (tmp_path / "keywords.toml").write_text(keywords + rule, encoding="utf-8")
    policy = load_policy(tmp_path)
    shares = sure("ask_promotion", 0.6)
    assert route(Ticket("我要办以旧换新"), shares, None, policy, NOW).category.code == "trade_in"
    assert route(Ticket("有什么优惠"), shares, None, policy, NOW).category.code == "ask_promotion"


def test_complex_tickets_say_why() -> None:
    """R002: every escalation has a reason a machine can read."""
    ticket = Ticket("少退了6800元", attributes={"transfers": 1, "kb_hit": False})
    found = route(ticket, sure("refund_amount"), None, POLICY, NOW).complexity
    assert found.complex
    assert [one.code for one in found.reasons] == ["no_answer", "amount"]
    assert not routed("少退了5元", "refund_amount").complexity.complex


def test_subject_counts_and_spans_stay_in_the_text() -> None:
    """R010: words of the subject raise the priority; spans never leave the text as sent."""
    ticket = Ticket("详见附件", subject="律师函：限期答复")
    found = route(ticket, sure("business"), None, POLICY, NOW)
    assert found.priority.level == "urgent"
    assert all(0 <= one.start <= one.end <= len(ticket.text) for one in found.priority.reasons)


def test_entities() -> None:
    """R010: amounts, dates and the tail of a phone are slices of the text; order numbers show as their label."""
    text = "１１月３日买的，尾号8000，付了1,299.50元，订单号 ZX20261103001234，退三百二十块"
    found = entities(text)
    assert [(one.type, one.text) for one in found] == [
        ("date", "１１月３日"),
        ("phone_tail", "尾号8000"),
        ("amount", "1,299.50元"),
        ("order_no", "[订单号]"),
        ("amount", "三百二十块"),
    ]
    assert [amount_of(one) for one in found if one.type == "amount"] == [1299.5, 320.0]


@given(st.text(max_size=300), st.sampled_from(LEAVES), st.floats(0, 1))
def test_any_text_is_routed(text: str, leaf: str, share: float) -> None:
    """R010: whatever is sent gets a full answer whose numbers are in range."""
    body = to_json(route(Ticket(text), sure(leaf, share), None, POLICY, NOW))
    assert 0 <= body["category"]["confidence"] <= 1
    assert body["queue"]["code"] in POLICY.taxonomy.queues
    assert all(text[one["start"] : one["end"]] == one["text"] for one in body["priority"]["reasons"])
