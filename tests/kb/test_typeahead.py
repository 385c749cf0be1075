"""R041: what is typed so far finds its entry: characters, pinyin, initials, traditional, one wrong character."""

from __future__ import annotations

import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.typeahead import Typeahead, build, complete, one_edit
from tests.kb.fakes import entry

ENTRIES = [
    entry("return", "七天无理由退货怎么办理", similar=("不想要了能退吗", "退货流程")),
    entry("refund", "退款多久到账", similar=("退款怎么还没到",)),
    entry("reset", "密码重置", similar=("忘记密码",)),
    entry("app", "App 下单后怎么改地址"),
    entry("weight", "重量超过 20kg 的件"),
    entry("invoice", "怎么开发票"),
]
AHEAD = build(ENTRIES)


def first(typed: str, ahead: Typeahead = AHEAD) -> str | None:
    found = complete(ahead, typed, 3)
    return found[0].entry.id if found else None


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("退货", "return"),
        ("退貨", "return"),
        ("tuihuo", "return"),
        ("tuih", "return"),
        ("thlc", "return"),
        ("推货", "return"),
        ("退货款式 错字", "return"),
        ("无里由退货", "return"),
        ("退款多就到账", "refund"),
        ("多久账", "refund"),
        ("mimachongzhi", "reset"),
        ("zhongliang", "weight"),
        ("APP下单", "app"),
        ("app", "app"),
        ("kaifapiao", "invoice"),
        ("kaifappiao", "invoice"),
    ],
)
def test_r041_what_is_typed_finds_its_entry(typed: str, expected: str) -> None:
    """The entry comes first, or among the first three, whatever way it was typed."""
    assert expected in [one.entry.id for one in complete(AHEAD, typed, 3)]


def test_r041_order_and_spans() -> None:
    """A beginning comes before an inside, a title before a similar question; the span is what was typed."""
    assert next(one.entry.id for one in complete(AHEAD, "退款", 5)) == "refund"
    for typed, shown in (
        ("退貨", "退货"),
        ("tuihuo", "退货"),
        ("无里由退货", "无理由退货"),
        ("thlc", "退货流程"),
    ):
        found = next(one for one in complete(AHEAD, typed, 3) if one.entry.id == "return")
        assert found.text[found.start : found.end] == shown
    hidden = complete(AHEAD, "退", 5, lambda one: one.id != "refund")
    assert [one.entry.id for one in hidden] == ["return"]
    assert complete(AHEAD, " ？", 5) == ()
    assert complete(AHEAD, "火箭", 5) == ()


@given(st.text(max_size=30))
def test_r041_anything_may_be_typed(typed: str) -> None:
    """Whatever is typed, at most the asked entries come back, each once, with a span inside its text."""
    found = complete(AHEAD, typed, 3)
    assert len({one.entry.id for one in found}) == len(found) <= 3
    assert all(0 <= one.start <= one.end <= len(one.text) for one in found)


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [("ab", "ab", True), ("ab", "ba", True), ("ab", "a", True), ("ab", "axb", True), ("ab", "xy", False)],
)
def test_one_edit(one: str, other: str, near: bool) -> None:
    """One change, one more, one less or a swap is near; two are not."""
    assert one_edit(one, other) is one_edit(other, one) is near


def test_r041_ten_thousand_entries_in_five_milliseconds() -> None:
    """With 10,000 entries the median look-up stays within 5 ms."""
    words = ["退货", "退款", "发票", "运费", "物流", "会员", "积分", "保修", "安装", "换货", "地址", "密码"]
    many = [
        entry(
            f"e{n}",
            f"{words[n % 12]}{words[n // 12 % 12]}第{n}种情况怎么办理",
            similar=(f"{words[n % 11]}问题{n}",),
        )
        for n in range(10_000)
    ]
    ahead = build(many)
    spent = []
    for typed in ("退货", "tuihuo", "fapiao", "wl", "积分保修第", "积分保休第", "会員", "登机牌", "msa"):
        began = time.perf_counter()
        complete(ahead, typed, 8)
        spent.append(time.perf_counter() - began)
    assert statistics.median(spent) < 0.005, spent
