"""Dirty documents come out clean, and every change is counted (R201-R204, B04)."""

from __future__ import annotations

import re

import pytest
from dirty import CLEAN, LAYOUT, PINYIN, SLIDES
from hypothesis import given
from hypothesis import strategies as st

from kb.ingest.boilerplate import boilerplate
from kb.ingest.cleaner import Cleaned, clean_document, clean_field
from kb.ingest.damage import damages
from kb.ingest.mapped import mapped, simplified
from kb.ingest.pinyin import marks
from kb.ingest.report import Tally

TONED = re.compile("[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ]")


def cleaned(text: str, *, pages: bool = True) -> tuple[Cleaned, dict[str, int]]:
    tally = Tally()
    found = clean_document(text, tally, pages=pages)
    return found, {step.step: step.count for step in tally.steps}


def test_no_pinyin_is_left_and_traditional_becomes_simplified() -> None:
    """Every mark goes, with its stray underscore, and the text is simplified (R201)."""
    found, counts = cleaned(PINYIN)
    assert counts["pinyin"] == len(re.findall(r"\([a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ]+\)", PINYIN))
    assert not TONED.search(found.text.text)
    assert "退货处理手册" in found.text.text
    assert not set("貨處冊門訂單轉給") & set(found.text.text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("服務(wù)標(biāo)準(zhǔn)", "服務標準"),
        ("工具_(dá)第1頁", "工具第1頁"),
        ("客户（hù）", "客户"),
        ("系统(app)里(li)看", "系统(app)里看"),
        ("支付(pay)", "支付(pay)"),
        ("重庆(chong)", "重庆(chong)"),
        ("(wù)", "(wù)"),
        ("满意度(CSAT)", "满意度(CSAT)"),
    ],
)
def test_pinyin_marks(text: str, left: str) -> None:
    """A toned syllable after a character is a mark, a toneless one only as that character's own reading."""
    assert mapped(text).without(marks(text)).text == left


def test_damage_is_cut_whole_and_listed_for_repair() -> None:
    """A damaged sentence is left out, its neighbours stay apart, and the report asks for repair (R202)."""
    found, counts = cleaned(PINYIN)
    assert counts["damage"] == 1
    assert "刈伺" not in found.text.text
    assert "请顾客补寄。检验合格的" in found.text.text
    broken = clean_field("规范性??刈伺c质检；未通过的再训", Tally(), traditional=False)
    assert broken[0] == "规范性；未通过的再训"
    damaged = [doubt for doubt in found.doubts if doubt.code == "damaged"]
    assert [doubt.text for doubt in damaged] == ["??刈伺c質檢後兩天內回覆顧客;"]
    assert damaged[0].at == 8
    assert "修复" in damaged[0].reason


@pytest.mark.parametrize("pages", [True, False])
@pytest.mark.parametrize("text", [CLEAN, SLIDES, LAYOUT])
def test_no_false_damage(text: str, pages: bool) -> None:
    """Emphasis, Latin words and slide titles are not damage."""
    found, _ = cleaned(text, pages=pages)
    assert not [doubt for doubt in found.doubts if doubt.code == "damaged"]


@pytest.mark.parametrize(
    ("text", "guess"),
    [
        ("您好，请稍等".encode().decode("gb18030", "ignore"), "您好"),
        ("客服热线".encode().decode("latin-1"), "客服热线"),
        ("前面正常。锟斤拷锟斤拷。后面正常", ""),
        ("价格是\ufffd\ufffd元", ""),
    ],
)
def test_misread_encodings(text: str, guess: str) -> None:
    """UTF-8 read with another encoding is found, and what it said is offered."""
    found = damages(text)
    assert len(found) == 1
    assert guess in found[0].guess


def test_a_download_sites_lines_go() -> None:
    """Templates, their weak neighbours and page marks go; the file line tells the title (R203)."""
    for text, title in ((PINYIN, "退货处理手册"), (SLIDES, "会员服务升级方案")):
        found, counts = cleaned(text)
        assert found.title == title
        for word in (
            "下载",
            "付费",
            "温馨提示",
            "评论",
            "VIP",
            "侵权",
            "关注",
            "查看更多",
            "0/150",
            "本站",
            "第1页",
        ):
            assert word not in found.text.text, word
        assert counts["boilerplate"] >= 9


def test_a_handbooks_own_words_stay() -> None:
    """温馨提示, 下载, 评论 and VIP are a handbook's own words too."""
    found, counts = cleaned(CLEAN)
    assert found.text.text == CLEAN
    assert counts == {}


def test_slide_numbers_go_and_other_last_figures_stay() -> None:
    """Rising numbers glued to slide lines are page numbers; single ones belong to the text."""
    found, _ = cleaned(SLIDES)
    assert "来电。\n" in found.text.text
    assert boilerplate("本季度目标是把平均处理时长的上限定为五分钟共计300", pages=True).spans == ()


def test_run_on_lines_are_flagged() -> None:
    """A line with three or more figures needs a human's eye and is still kept (R204)."""
    found, _ = cleaned(SLIDES)
    flagged = [doubt for doubt in found.doubts if doubt.code == "needs_review"]
    assert [doubt.text[:4] for doubt in flagged] == ["现状概述", "方案目标"]
    assert all(doubt.text in found.text.text for doubt in flagged)
    assert [SLIDES.split("\n")[doubt.at - 1][:4] for doubt in flagged] == ["现状概述", "方案目标"]


def test_examples_show_before_and_after() -> None:
    """Each step has a few examples of what it changed."""
    tally = Tally()
    clean_document(PINYIN, tally, pages=True)
    assert [step.step for step in tally.steps] == [
        "pinyin",
        "damage",
        "simplify",
        "boilerplate",
        "page_marks",
    ]
    pinyin = tally.steps[0].to_json()
    assert pinyin["examples"][0] == {"before": "貨處(chù)", "after": "貨處"}
    assert 1 <= len(pinyin["examples"]) <= 5


def test_examples_are_masked() -> None:
    """An example that holds a number shows its label."""
    tally = Tally()
    clean_document("工具_第1页\n本文档由13812345678上传下载\n", tally, pages=True)
    assert "13812345678" not in str([step.to_json() for step in tally.steps])


def test_fields_keep_traditional_when_asked() -> None:
    """The product's own form is kept as written; pinyin and damage go from it as well."""
    assert clean_field("退貨處(chù)理", Tally(), traditional=True) == ("退貨處理", ())
    assert clean_field("退貨處(chù)理", Tally(), traditional=False) == ("退货处理", ())
    text, broken = clean_field("先核对订单。??刈伺c质检；再退款。", Tally(), traditional=False)
    assert (text, broken) == ("先核对订单。再退款。", ("??刈伺c质检；",))


TEXT = st.text(
    st.sampled_from("退貨處理手冊客服服务标准(chù)_??刈伺c\n 。；1第页下载本文档一、") | st.characters(),
    max_size=60,
)


@given(TEXT, st.booleans())
def test_cleaning_never_fails_and_keeps_its_map(text: str, pages: bool) -> None:
    """Any text can be cleaned; each character left still knows its source."""
    found = clean_document(text, Tally(), pages=pages).text
    assert len(found.text) == len(found.origin)
    assert list(found.origin) == sorted(found.origin)
    for at, character in enumerate(found.text):
        source = text[found.origin[at]]
        assert character == source or simplified(mapped(source)).text != source or ord(source) > 0x7F


@given(st.text("服務標準客户处理退货", min_size=1, max_size=20))
def test_clean_text_stays(text: str) -> None:
    """Cleaning what is clean changes nothing but the script."""
    found = clean_document(text, Tally(), pages=False).text.text
    assert clean_document(found, Tally(), pages=False).text.text == found
