"""R043: an unfilled required slot is marked, never sent silently; the core of a script is not changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.entries import Slot
from kb.slots import fill, from_turns, marker, names
from tests.kb.fakes import entry


def test_filled_and_marked() -> None:
    """A known slot is filled, an unknown required one stands out in the text."""
    one = entry("s", "题", "{称呼?}您好，订单{订单号}由{客服昵称}跟进。", kind="script")
    filled = fill(one, {"客服昵称": "小禾"})
    assert filled.text == "您好，订单【请填写:订单号】由小禾跟进。"
    assert [(s.name, s.value, s.filled) for s in filled.slots] == [
        ("称呼", None, False),
        ("订单号", None, False),
        ("客服昵称", "小禾", True),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{称呼?}，您好。", "您好。"),
        ("好的，{称呼?}，马上办。", "好的，马上办。"),
        ("马上办，{关怀?}。", "马上办。"),
        ("已登记。{关怀?}祝您愉快。", "已登记。祝您愉快。"),
        ("已登记。{关怀?}，祝您愉快。", "已登记。祝您愉快。"),
        ("{称呼？}您好", "您好"),
    ],
)
def test_optional_slots_vanish_cleanly(text: str, expected: str) -> None:
    """No doubled, leading or hanging comma is left where an optional slot was."""
    assert fill(entry("s", "题", text), {}).text == expected


def test_declared_optional_needs_no_mark() -> None:
    """A slot declared as not required vanishes even when written without `?`."""
    one = entry("s", "题", "{称呼}您好", slots=(Slot("称呼", False),))
    assert fill(one, {}).text == "您好"


@given(st.text(min_size=1, max_size=50))
def test_values_are_literal(value: str) -> None:
    """A value is put in as it is: braces in it are not slots, and it stays on one line."""
    filled = fill(entry("s", "题", "订单{订单号}已登记。"), {"订单号": value, "x": "漏"})
    assert filled.text.startswith("订单")
    assert filled.text.endswith("已登记。")
    assert "\n" not in filled.text
    if filled.slots[0].filled:
        assert str(filled.slots[0].value) in filled.text
    else:
        assert marker("订单号") in filled.text


def test_order_number_from_the_conversation() -> None:
    """The last order number said fills the slot; a phone number is none."""
    known = from_turns(["订单 2026110300123", "我的手机13812345678", "是 ZX-20261103001 这单"])
    assert known["订单号"] == "ZX-20261103001"
    assert from_turns(["13812345678"]) == {}


def test_names_of_a_text() -> None:
    """Slots are listed in order with whether they must be filled."""
    assert names("{a?}…{b}…{a}") == (("a", True), ("b", True))
