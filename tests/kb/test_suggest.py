"""R045, R046, R048, B08, B11, B12: suggestions follow the dialogue, account for every candidate, or abstain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from kb.dialogue import asks_nothing, needed_stage, question_of
from kb.knowledge import Knowledge, build
from kb.suggest import Suggested, SuggestRequest, suggest
from tests.kb.fakes import encode, entry, moment


@dataclass(frozen=True)
class Turn:
    role: str
    text: str


def customer(*said: str) -> tuple[Turn, ...]:
    return tuple(Turn("customer", text) for text in said)


AGENT = Turn("agent", "您稍等")
SCRIPTS = [
    entry(
        "hello", "标准问候", "您好，{客服昵称}为您服务。", kind="script", stage="greeting", similar=("你好",)
    ),
    entry("sorry", "物流慢的安抚", "让您久等了。", kind="script", stage="comfort", similar=("快递太慢了",)),
    entry(
        "check",
        "物流慢先核实",
        "请报订单号{订单号}。",
        kind="script",
        stage="verify",
        similar=("快递好慢了",),
    ),
    entry("urge", "物流慢的催件", "已催件。", kind="script", stage="solve", similar=("快递真慢了",)),
    entry("bye", "结束语", "感谢，再见。", kind="script", stage="closing", similar=("谢谢",)),
    entry("fee", "退货运费谁出", "无理由退货由您承担运费。"),
    entry("fee2", "退货运费由谁承担", "无理由退货由您承担运费！", kind="policy"),
    entry("old", "退货运费规则旧版", "旧。", effective_to=moment("2026-01-01")),
    entry("new", "退货运费规则新版", "新。", effective_from=moment("2027-01-01")),
    entry("vip", "退货运费会员规则", "免费。", audience=frozenset({"vip"})),
    entry("tel", "退货运费电话话术", "请听提示。", channel=frozenset({"phone"})),
]
KNOWLEDGE = build(SCRIPTS, "fake", encode, "V1.0")
NOW = moment("2026-11-01")


def ask(knowledge: Knowledge = KNOWLEDGE, **fields: Any) -> Suggested:
    return suggest(knowledge, SuggestRequest(as_of=NOW, **fields), encode)


def ids(found: Suggested) -> list[str]:
    return [one.entry_id for one in found.suggestions]


def test_every_candidate_is_accounted_for() -> None:
    """What matched is suggested or rejected, each once, with the reason that applies (B11)."""
    found = ask(
        query="退货运费规则", channel="app", sent_ids=frozenset({"fee2"}), kinds=frozenset({"faq", "policy"})
    )
    reasons = {one.entry_id: one.reason for one in found.rejected}
    assert reasons["old"] == "expired"
    assert reasons["new"] == "not_yet_effective"
    assert reasons["vip"] == "audience"
    assert reasons["tel"] == "channel"
    assert reasons["fee2"] == "already_sent"
    assert not set(ids(found)) & reasons.keys()
    assert len(found.rejected) == len(reasons)


def test_kind_stage_limit_and_duplicate_reasons() -> None:
    """The filters of the request, its limit and an equal text are reasons too."""
    by_kind = {one.entry_id: one.reason for one in ask(query="快递慢", kinds=frozenset({"faq"})).rejected}
    assert by_kind["urge"] == "kind"
    by_stage = {one.entry_id: one.reason for one in ask(query="快递慢", stage="comfort").rejected}
    assert by_stage["urge"] == "stage"
    found = ask(query="退货运费谁出", limit=1)
    reasons = {one.entry_id: one.reason for one in found.rejected}
    assert ids(found) == ["fee"]
    assert reasons["fee2"] == "duplicate"
    assert set(reasons.values()) >= {"duplicate", "audience"}


def test_sent_scripts_are_not_offered_again() -> None:
    """A script sent before gives way to the next one."""
    assert ids(ask(query="退货运费谁出"))[0] == "fee"
    assert "fee" not in ids(ask(query="退货运费谁出", sent_ids=frozenset({"fee"})))


def test_a_stage_asked_for_is_a_filter() -> None:
    """Asking for a stage returns scripts of that stage only, and some even if none matches (R045)."""
    for query in ("快递慢", "退货运费谁出"):
        found = ask(query=query, stage="comfort")
        assert {one.stage for one in found.suggestions} == {"comfort"}


def test_the_course_of_the_dialogue_orders_scripts() -> None:
    """One complaint, three moments: comfort for the upset, then verify, then solve (B12)."""
    turns = customer("快递慢")
    first = {}
    for done, mood in (
        (frozenset[str](), -0.8),
        (frozenset({"comfort"}), -0.8),
        (frozenset({"verify"}), 0.0),
    ):
        found = ask(turns=turns, done_stages=done, mood=mood)
        sure = {one.entry_id: one.confidence or 0 for one in (*found.suggestions, *found.rejected)}
        first[found.stage] = max(("sorry", "check", "urge"), key=lambda one: sure[one])
    assert first == {"comfort": "sorry", "verify": "check", "solve": "urge"}


def test_first_turn_greeting_and_last_turn_thanks() -> None:
    """Who greets is greeted, who takes leave is thanked (R046)."""
    assert ids(ask(turns=customer("你好")))[0] == "hello"
    assert ids(ask(turns=customer("快递慢", "好的，谢谢"), done_stages=frozenset({"solve"})))[0] == "bye"


def test_unfilled_slots_are_seen() -> None:
    """A required slot stays marked in the text; an order number said by the customer fills it (R043)."""
    blank = next(one for one in ask(query="快递好慢").suggestions if one.entry_id == "check")
    assert "【请填写:订单号】" in blank.text
    assert [(slot.name, slot.filled) for slot in blank.slots] == [("订单号", False)]
    turns = customer("订单202611030001", "快递好慢")
    filled = next(one for one in ask(turns=turns).suggestions if one.entry_id == "check")
    assert filled.text == "请报订单号202611030001。"


def test_out_of_scope_abstains_with_near_questions() -> None:
    """Nothing sure enough: no suggestion, near titles, and each candidate rejected for its confidence (B08)."""
    found = ask(query="退货之后火箭发射时间表在哪个网站能够查询到", min_precision=0.95)
    assert found.abstained
    assert found.suggestions == ()
    assert found.near_questions
    assert "threshold" in {one.reason for one in found.rejected}
    assert all(
        one.confidence is not None and one.confidence < found.threshold
        for one in found.rejected
        if one.reason == "threshold"
    )


def test_nothing_said_nothing_suggested() -> None:
    """Without turns, query or stage there is nothing to suggest."""
    assert ask().abstained


@pytest.mark.parametrize("text", ["你好", "在吗？", "嗯嗯好的", "12345", "？？", "您好 请问在吗", "ok"])
def test_empty_turns(text: str) -> None:
    """Greetings, nods, numbers and signs ask nothing."""
    assert asks_nothing(text)


def test_the_question_is_the_last_real_turn() -> None:
    """Empty turns are passed over; earlier questions stay as context with falling weights."""
    question = question_of(
        [*customer("我买的空调不制冷"), AGENT, *customer("你好", "上门费多少"), AGENT, *customer("嗯")]
    )
    assert question.text == "上门费多少"
    assert [text for text, _ in question.context] == ["我买的空调不制冷"]
    assert all(0 < weight < 1 for _, weight in question.context)


def test_messages_in_a_row_are_one_question() -> None:
    """A question sent in pieces is read as a whole."""
    turns = customer("订单202611030001的快递一直没更新", "都三天了")
    assert question_of(turns).text == "订单的快递一直没更新，都三天了"


@pytest.mark.parametrize(
    ("done", "mood", "expected"),
    [
        (frozenset(), 0.0, "verify"),
        (frozenset(), -0.9, "comfort"),
        (frozenset({"verify"}), None, "solve"),
        (frozenset({"verify", "solve"}), 0.2, "follow_up"),
        (frozenset({"verify", "solve", "follow_up"}), 0.2, "closing"),
        (None, None, None),
    ],
)
def test_needed_stage(done: frozenset[str] | None, mood: float | None, expected: str | None) -> None:
    """The next stage follows from what is done and how the customer feels."""
    assert needed_stage(question_of(customer("快递三天没动了")), done, mood) == expected


def test_without_an_encoder_it_still_suggests() -> None:
    """Keyword-only knowledge suggests by words."""
    plain = build(SCRIPTS, "", None, "V1.0")
    assert ids(suggest(plain, SuggestRequest(query="退货运费谁出", as_of=NOW), None))[0] == "fee"


def test_b11_what_was_said_is_not_said_again() -> None:
    """A text the agent has just said in nearly the same words is held back with that reason (R048, B11)."""
    said = Turn("agent", "无理由退货，由您承担运费哦。")
    turns = (*customer("退货运费谁出"), said, *customer("那退货运费到底谁出"))
    found = ask(turns=turns)
    reasons = {one.entry_id: one.reason for one in found.rejected}
    assert {reasons["fee"], reasons["fee2"]} <= {"already_said", "duplicate"}
    assert "already_said" in reasons.values()


def test_r048_whom_an_entry_is_made_for() -> None:
    """For a member the entry of members comes before the general one, and the reason says so."""
    found = ask(query="退货运费规则", audience=frozenset({"vip"}))
    assert ids(found)[0] == "vip"
    assert dict(found.suggestions[0].why.features)["audience"] > 0
    assert "vip" not in ids(ask(query="退货运费规则"))


def test_b11_what_was_pushed_below_the_threshold_says_so() -> None:
    """An entry that only its bad record keeps back is held back for its quality."""
    found = ask(query="快递好慢了", priors={"urge": -8.0})
    assert {one.entry_id: one.reason for one in found.rejected}["urge"] == "quality"
