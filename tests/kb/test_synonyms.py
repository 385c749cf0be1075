"""B07: a site's synonyms work on both sides of the index, one way or both, and leave codes alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kb import snapshot
from kb.entries import EntryError
from kb.knowledge import Knowledge, build
from kb.search import search
from kb.segment import Lexicon
from kb.synonyms import MOST_LINES, Synonyms, laid_over, meanings, read, shipped
from tests.kb.fakes import encode, entry

LINES: list[Any] = [["退货", "退掉", "不要了"], "想把钱要回来=>退款", ["路由器", "R型网关"]]
ENTRIES = [
    entry("return", "怎么退货", "在订单页申请。"),
    entry("refund", "退款多久到账", "三天。"),
    entry("gone", "东西不要了怎么处理", "拿去回收。"),
    entry("code", "R123-78 的滤芯怎么换", "向左拧。"),
    entry("other", "想把钱要回来的例子", "这是一个例子。"),
    entry("more", "要不要了解会员权益", "欢迎了解。"),
]


def known(lines: list[Any]) -> Knowledge:
    return build(ENTRIES, "", None, "V1.0", laid_over(read(lines), Synonyms()))


def found(knowledge: Knowledge, query: str) -> list[str]:
    return [hit.entry_id for hit in search(knowledge, query)]


def test_b07_both_sides() -> None:
    """A phrase of several words leads to the standard word, and the standard word to the phrase."""
    plain, taught = known([]), known(LINES)
    assert "return" not in found(plain, "我不要了")
    assert found(taught, "退掉")[0] in ("return", "gone")
    assert "return" in found(taught, "我不要了")[:3]
    assert set(found(taught, "退货")[:2]) == {"return", "gone"}


def test_b07_one_way() -> None:
    """An arrow leads from left to right only."""
    taught = known(LINES)
    assert "refund" in found(taught, "想把钱要回来")
    assert "other" not in found(taught, "退款")[:1]
    assert meanings(laid_over(read(LINES), Synonyms())) == {
        "退货": ("退掉", "不要了"), "退掉": ("退货", "不要了"), "不要了": ("退货", "退掉"),
        "路由器": ("r型网关",), "r型网关": ("路由器",), "想把钱要回来": ("退款",),
    }  # fmt: skip


def test_b07_whole_words_and_codes_stay() -> None:
    """A phrase is not found inside other words, and a code is searched for as it is written."""
    taught, plain = known(LINES), known([])
    assert "return" not in found(taught, "要不要了解权益")
    assert found(taught, "R123-78") == found(plain, "R123-78") == ["code"]


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ([["退货"]], "synonyms[0]"),
        ([["退货", "退 货" * 20]], "synonyms[0]"),
        ([["退货", "退掉"], "退货"], "synonyms[1]"),
        (["退货=>退货"], "synonyms[0]"),
        ([["R123-78", "滤芯"]], "synonyms[0]"),
        ([["12345", "热线"]], "synonyms[0]"),
        ([["退", "退货"]], "synonyms[0]"),
        ([7], "synonyms[0]"),
        ([[f"词语{n}号呀", "词"] for n in range(MOST_LINES + 1)], "synonyms"),
        ([[f"词语{chr(0x4E00 + n)}" for n in range(21)]], "synonyms[0]"),
        ("退货", "synonyms"),
    ],
)
def test_b07_errors_name_the_line(lines: Any, field: str) -> None:
    """A line that cannot be read is refused with its place and what is accepted."""
    with pytest.raises(EntryError) as error:
        read(lines)
    assert error.value.field == field
    assert error.value.accepted


def test_b07_the_site_rules_over_the_shipped_list() -> None:
    """What a site says about a word takes the word out of the shipped list; the rest of that stays."""
    under = read([["退货", "退掉", "退回"], "咋个=>怎么", "坏了=>故障"])
    lexicon = laid_over(read([["退掉", "撤单"], "坏了=>维修"]), under)
    assert lexicon.synonyms == (("退掉", "撤单"), ("退货", "退回"))
    assert lexicon.also == (("坏了", "维修"), ("咋个", "怎么"))
    assert shipped()[0].groups
    assert laid_over(Synonyms()).version != Lexicon().version == ""


def test_b07_a_change_reads_the_index_anew(tmp_path: Path) -> None:
    """New synonyms give what an index built with them gives, without encoding; a snapshot keeps them."""
    lexicon = laid_over(read(LINES), Synonyms())
    before = build(ENTRIES, "fake", encode, "V1.0").changed(
        [entry("new", "退掉会员")], ["more"], encode, "V1.0.1"
    )
    after = before.with_lexicon(lexicon, "V1.0.2")
    whole = list(before.entries.values())
    fresh = build(whole, "fake", encode, "V1.0.2", lexicon)
    vector = encode(["不要了"])[0]
    assert search(after, "不要了", vector) == search(fresh, "不要了", vector)
    assert (after.base, after.release) == ("V1.0.2", "V1.0.2")
    loaded = snapshot.load(snapshot.write(after, tmp_path), "fake")
    assert loaded.lexicon == lexicon
    assert search(loaded, "不要了", vector) == search(fresh, "不要了", vector)
