"""Documents become sections that a search can answer with (R204)."""

from __future__ import annotations

from dirty import CLEAN, LAYOUT, PINYIN, SLIDES
from hypothesis import given
from hypothesis import strategies as st

from kb.ingest import Ingested, read_entries
from kb.ingest.markdown import markdown_sections
from kb.ingest.outline import pieces
from kb.ingest.sections import LONG, plain_sections


def read(text: str, name: str = "手册.txt") -> Ingested:
    return read_entries(name, text.encode())


def test_numbered_headings_inside_one_line() -> None:
    """A text that lost its line breaks is cut at its numbering; titles are 文档 / 章节."""
    entries = read(PINYIN).entries
    assert [entry.title for entry in entries] == [
        "退货处理手册 / 一、适用范围",
        "退货处理手册 / 二、处理步骤 / (一)受理",
        "退货处理手册 / 二、处理步骤 / (二)升级",
        "退货处理手册 / 三、记录要求",
    ]
    assert {entry.kind for entry in entries} == {"manual"}
    assert "投诉升级路径" in entries[2].text
    assert "一线→主管→部门负责人→高管" in entries[2].text
    assert entries[3].text == "1.工单写明原因与凭证。\n2.退款凭证保存两年。\n3.每月五日前汇总。"
    assert entries[1].section == "二、处理步骤 / (一)受理"


def test_originals_are_kept() -> None:
    """What stood before cleaning can still be shown beside an entry (R201)."""
    ingested = read(PINYIN)
    first = ingested.entries[0]
    assert "適用於所有門店的退貨申請" in ingested.originals[first.id]


def test_slides_stay_whole() -> None:
    """Each slide line of a good size is its own section under its chapter; the contents line is none."""
    entries = read(SLIDES).entries
    assert all(entry.title.startswith("会员服务升级方案 / 第") for entry in entries)
    assert {entry.section for entry in entries} == {"第一章会员服务现状", "第二章升级方案"}
    assert "第三章落地计划" not in "".join(entry.text for entry in entries)


def test_heads_stay_with_their_bodies() -> None:
    """A short line stays with the paragraph under it; heads that lost their bodies are doubted."""
    ingested = read(LAYOUT)
    assert [entry.section for entry in ingested.entries] == ["工作概述", "问题与改进"]
    first = ingested.entries[0]
    assert first.title == "客服季度小结 / 工作概述"
    assert "覆盖范围\n本季度覆盖" in first.text
    assert "数据口径\n数据取自" in first.text
    assert [doubt.code for doubt in ingested.report.doubted] == ["needs_review"]
    assert "错序" in ingested.report.doubted[0].reason


def test_a_clean_document_loses_nothing() -> None:
    """Every line of a clean text is in an entry."""
    ingested = read(CLEAN)
    everything = ingested.entries[0].title + "".join(entry.text for entry in ingested.entries)
    assert all(line in everything for line in CLEAN.split("\n"))
    assert ingested.report.cleaned == ()


def test_numbers_out_of_turn_are_no_headings() -> None:
    """一、二线城市, prices and versions do not cut a text."""
    text = "一、二线城市的门店先上线，系统版本V2.3以上，价格3.5元，每10.片一包。"
    assert [text[piece.start : piece.end] for piece in pieces(text)] == [text]


def test_many_short_lines_are_a_list() -> None:
    """A list of short lines is text, not headings, however long."""
    entries = read("常见说法\n" + "短句\n" * 500).entries
    assert sum(entry.text.count("短句") for entry in entries) == 500
    assert all(len(entry.text) < 2 * LONG for entry in entries)


def test_a_document_without_text_says_so() -> None:
    """Nothing to keep is told, not passed over."""
    report = read("# 甲\n# 乙\n", "a.md").report
    assert (report.kept, [doubt.reason for doubt in report.doubted]) == (0, ["没有读出可收录的正文"])


MARKDOWN = """---
title: 售后手册
---
前言在这里。

# 退货
## 条件
七天内可退，需满足：

- 商品完好
- 配件齐全

## 时效

```
# 不是标题
```
见[说明](http://example.com)。
"""


def test_markdown_headings_make_sections() -> None:
    """Each heading's body is one section with its path; a list stays with its announcement; code is no heading."""
    title, sections = markdown_sections(MARKDOWN)
    assert title == "售后手册"
    assert [section.path for section in sections] == [(), ("退货", "条件"), ("退货", "时效")]
    assert sections[1].text == "七天内可退，需满足：\n\n- 商品完好\n- 配件齐全"
    assert "# 不是标题" in sections[2].text
    assert sections[2].text.endswith("见说明。")
    entries = read(MARKDOWN, "a.md").entries
    assert [entry.title for entry in entries] == [
        "售后手册",
        "售后手册 / 退货 / 条件",
        "售后手册 / 退货 / 时效",
    ]


def test_one_top_heading_is_the_title() -> None:
    """A single # is the document's title; without one the file's name is."""
    assert markdown_sections("# 退货\n内容一\n## 条件\n内容二\n")[0] == "退货"
    assert read("## 条件\n内容二\n", "退货规则.md").entries[0].title == "退货规则 / 条件"


def test_long_sections_are_cut_between_sentences() -> None:
    """No section is much longer than 600 characters, and none is cut inside a sentence."""
    text = "## 规则\n" + "".join(f"第{at}条规则说明退货与换货的条件、时限和凭证要求。" for at in range(1, 90))
    for name in ("a.md", "a.txt"):
        entries = read(text, name).entries
        assert len(entries) > 3
        assert all(len(entry.text) <= LONG and entry.text.endswith("。") for entry in entries)


LINE = st.text("一二、（）(1).第章节客服退货:：。;；abc0 01", max_size=40) | st.sampled_from(
    ["01", "工作概述", "第一章概述", "一、范围"]
)


@given(st.lists(LINE, max_size=12).map("\n".join))
def test_nothing_is_lost_in_plain_text(text: str) -> None:
    """Headings and bodies together hold every character but white space, lone numbers and the marks after headings."""
    kept = "".join(name for section in plain_sections(text) for name in (*section.path, section.text))
    lost = {c for piece in pieces(text) for c in text[piece.start : piece.end]} - set(kept)
    bodies = [piece for piece in pieces(text) if piece.kind in ("line", "item", "head")]
    if bodies:
        assert lost <= set("0123456789：:，,。；;（）() 第章节一二、客服退货abc.工作概述范围")
    for piece in bodies:
        assert "".join(text[piece.start : piece.end].split()) in "".join(
            "".join(s.text.split()) for s in plain_sections(text)
        )
