"""Spreadsheets, JSON lines and texts are read; bad rows are told, never lost (R036)."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from kb.entries import KINDS, from_json, to_json
from kb.ingest import FileRefused, read_entries
from kb.ingest.columns import fields

CST = timezone(timedelta(hours=8))
HEAD = "编号,类型,阶段,问题,相似问法,答案,标签,渠道,适用对象,生效日期,失效日期\n"
ROW = "F-1,常见问题,,怎么退货?,如何退货|退货流程,七天内可退。,退货|售后,web|app,会员,2026-01-01,2026年12月31日\n"


def workbook(*sheets: list[list[Any]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        for rows in sheets:
            sheet = book.add_worksheet()
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return buffer.getvalue()


def test_a_chinese_table_is_read() -> None:
    """Chinese headings, kinds and dates; lists split by |; the last day counts in full."""
    ingested = read_entries("问答.csv", (HEAD + ROW).encode("utf-8-sig"))
    (entry,) = ingested.entries
    assert to_json(entry) == {
        "id": "F-1",
        "kind": "faq",
        "title": "怎么退货?",
        "similar": ["如何退货", "退货流程"],
        "text": "七天内可退。",
        "tags": ["退货", "售后"],
        "audience": ["会员"],
        "channel": ["app", "web"],
        "effective_from": "2026-01-01T00:00:00+08:00",
        "effective_to": "2027-01-01T00:00:00+08:00",
    }
    assert ingested.report.to_json() == {
        "file": "问答.csv",
        "kept": 1,
        "cleaned": [],
        "doubted": [],
        "refused": [],
        "masked": {},
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_are_found_out(encoding: str, newline: str) -> None:
    """The encodings that spreadsheets write give the same entries."""
    text = (HEAD + ROW).replace("\n", newline)
    assert (
        read_entries("a.csv", text.encode(encoding)).entries
        == read_entries("a.csv", (HEAD + ROW).encode()).entries
    )


@pytest.mark.parametrize(
    "data", [bytes(range(256)) * 20, b"\x89PNG\r\n\x1a\n" + b"\x00\x01\x02" * 500, b"\xff\xfe\x00"]
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    """Binary files are refused in words that say what is accepted."""
    with pytest.raises(FileRefused) as refused:
        read_entries("a.csv", data)
    assert refused.value.field == "file"
    assert refused.value.accepted


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.doc", b"x", "不支持"),
        ("a", b"x", "扩展名"),
        ("a.csv", b" \n", "空"),
        ("a.csv", "甲,乙\n1,2\n".encode(), "列名"),
        ("a.xlsx", b"not a zip", "xlsx"),
        ("a.json", b"[1,", "JSON"),
    ],
)
def test_files_that_cannot_be_read(name: str, data: bytes, message: str) -> None:
    """Each says what is wrong with the file as a whole."""
    with pytest.raises(FileRefused, match=message):
        read_entries(name, data)


def test_bad_rows_are_refused_and_the_rest_kept() -> None:
    """A refused row names row, field, reason and what is accepted (row numbers as a spreadsheet shows them)."""
    rows = [
        "编号,类型,问题,答案,生效日期,备注",
        "A,常见问题,好的一条,答案一,2026-01-01,x",
        "B,谜语,坏类型,答案,,",
        "C,常见问题,,没有问题,,",
        "D,常见问题,没有答案,,,",
        "E,常见问题,坏日期,答案,明天,",
        "A,常见问题,编号重复,答案,,",
        "A,常见问题,好的一条,答案一,2026-01-01,x",
        "F,话术,最后一条,答案二,,",
    ]
    ingested = read_entries("a.csv", "\n".join(rows).encode())
    assert [entry.id for entry in ingested.entries] == ["A", "F"]
    assert ingested.entries[1].kind == "script"
    report = ingested.report.to_json()
    assert [(bad["row"], bad["field"]) for bad in report["refused"]] == [
        (3, "kind"),
        (4, "title"),
        (5, "text"),
        (6, "effective_from"),
        (7, "id"),
    ]
    assert all(bad["reason"] and bad["accepted"] for bad in report["refused"])
    assert [(doubt["row"], doubt["code"]) for doubt in report["doubted"]] == [
        (1, "unknown_column"),
        (8, "duplicate"),
    ]


def test_an_unclosed_quote_refuses_its_row_only() -> None:
    """What was read before an unclosed quote stays."""
    text = '问题,答案\n甲,一\n乙,"二\n' + "x" * 200_000
    ingested = read_entries("a.csv", text.encode())
    assert [entry.title for entry in ingested.entries] == ["甲"]
    assert len(ingested.report.refused) == 1


def test_workbooks_are_read_sheet_by_sheet() -> None:
    """Every sheet with known headings counts; dates and numbers in cells are understood."""
    faq = [["问题", "答案", "编号", "失效日期"], ["甲", "一", 1001, datetime(2026, 5, 1)], ["乙", 7, "", ""]]
    other = [["说明"], ["这一页不是知识"]]
    scripts = [["批注"], ["标题", "话术内容", "阶段"], ["问好", "您好，{称呼}", "开场白"]]
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        for rows in (faq, other, scripts):
            sheet = book.add_worksheet()
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    sheet.write(at, column, cell, date if isinstance(cell, datetime) else None)
    ingested = read_entries("a.xlsx", buffer.getvalue())
    assert [(entry.title, entry.text) for entry in ingested.entries] == [
        ("甲", "一"),
        ("乙", "7"),
        ("问好", "您好，{称呼}"),
    ]
    assert ingested.entries[0].id == "1001"
    assert ingested.entries[0].effective_to == datetime(2026, 5, 2, tzinfo=CST)
    assert (ingested.entries[2].kind, ingested.entries[2].stage) == ("script", "greeting")
    assert [doubt.code for doubt in ingested.report.doubted] == ["unknown_column"]


def test_formulas_stay_dead() -> None:
    """A cell that looks like a formula is text."""
    (entry,) = read_entries("a.csv", "问题,答案\n怎么算,=1+1\n".encode()).entries
    assert entry.text == "=1+1"


def sheet_of(xml: bytes) -> bytes:
    book = zipfile.ZipFile(io.BytesIO(workbook([["问题", "答案"], ["甲", "一"]])))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        for part in book.infolist():
            out.writestr(
                part.filename, xml if part.filename == "xl/worksheets/sheet1.xml" else book.read(part)
            )
    return buffer.getvalue()


def test_zip_bombs_are_refused_unread() -> None:
    """A small file that declares much, or a sheet that spans the whole grid, is refused at once (X9)."""
    bomb = sheet_of(b"<worksheet>" + b" " * 60_000_000 + b"</worksheet>")
    assert len(bomb) < 200_000
    with pytest.raises(FileRefused, match="解压后"):
        read_entries("a.xlsx", bomb)
    cells = b'<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row>'
    wide = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>' + cells
    with pytest.raises(FileRefused, match="工作表跨"):
        read_entries("a.xlsx", sheet_of(wide + b"</sheetData></worksheet>"))


def test_json_lines_keep_their_form() -> None:
    """Entries in the contract's shape come back as they were, traditional characters included; bad lines are told."""
    value = {"id": "X1", "kind": "policy", "title": "退貨規則", "text": "七天內可退。", "similar": ["怎麼退"]}
    lines = [
        json.dumps(value, ensure_ascii=False),
        "{oops",
        "[1]",
        '{"kind":"faq","title":"无正文"}',
        "",
        '{"title":1}',
    ]
    ingested = read_entries("a.jsonl", "\n".join(lines).encode())
    assert ingested.entries == (from_json(value),)
    assert [(bad.at, bad.field) for bad in ingested.report.refused] == [
        (2, "entry"),
        (3, "entry"),
        (4, "text"),
        (6, "kind"),
    ]
    assert read_entries("a.json", json.dumps([value]).encode()).entries == ingested.entries


def test_half_a_character_is_refused() -> None:
    """A lone surrogate, which JSON can spell and no store can keep, refuses its row only."""
    lines = [
        '{"kind":"faq","title":"\\ud83d","text":"一"}',
        '{"kind":"faq","title":"\\ud83d\\ude00","text":"一"}',
    ]
    ingested = read_entries("a.jsonl", "\n".join(lines).encode())
    assert [entry.title for entry in ingested.entries] == ["😀"]
    assert [bad.at for bad in ingested.report.refused] == [1]


def test_personal_data_is_masked_and_counted() -> None:
    """Stored words are masked, public hotlines stay, and the report quotes nothing personal (R205)."""
    text = "问题,答案\n找13812345678退货,请联系张三 13912345678，或打400-820-8820\n,坏行13712345678\n"
    ingested = read_entries("a.csv", text.encode())
    (entry,) = ingested.entries
    assert entry.title == "找[手机号]退货"
    assert entry.text == "请联系张三 [手机号]，或打400-820-8820"
    assert ingested.report.masked == {"mobile": 2}
    assert "13712345678" not in json.dumps(ingested.report.to_json())


def test_a_reimport_is_an_update() -> None:
    """The same content gets the same id again; a given id is kept."""
    text = "问题,答案,编号\n甲,一,\n乙,二,B-2\n".encode()
    once, again = read_entries("a.csv", text), read_entries("b.csv", text)
    assert once.entries == again.entries
    assert once.entries[1].id == "B-2"


def test_a_thousand_questions_all_arrive() -> None:
    """A thousand rows give a thousand entries from CSV, workbook and JSON lines alike (R036)."""
    rows = [[f"第{at}个问题怎么办", f"换一种说法{at}", f"答案{at}"] for at in range(1000)]
    table = [["问题", "相似问法", "答案"], *rows]
    lines = [{"kind": "faq", "title": t, "similar": [s], "text": a} for t, s, a in rows]
    files = {
        "a.csv": "\n".join(",".join(row) for row in table).encode(),
        "a.xlsx": workbook(table),
        "a.jsonl": "\n".join(json.dumps(line) for line in lines).encode(),
    }
    entries = [read_entries(name, data).entries for name, data in files.items()]
    assert len(entries[0]) == 1000
    assert entries[0] == entries[1] == entries[2]


def test_damaged_rows() -> None:
    """A damaged sentence is left out of its entry and doubted; a row that was all damage is refused."""
    text = "问题,答案\n怎么退,先核对。??刈伺c质检；再退款。\n怎么换,??刈伺c质检；\n"
    ingested = read_entries("a.csv", text.encode())
    assert [entry.text for entry in ingested.entries] == ["先核对。再退款。"]
    assert [(doubt.at, doubt.code) for doubt in ingested.report.doubted] == [(2, "damaged"), (3, "damaged")]
    assert [(bad.at, bad.field) for bad in ingested.report.refused] == [(3, "text")]


def test_headings_forgive() -> None:
    """Spaces, stars, brackets, case and numbered columns do not matter."""
    assert fields(["* 问题（必填）", "ANSWER", " 相似问法1", "相似问法_2", "随便"]) == [
        "title",
        "text",
        "similar",
        "similar",
        None,
    ]


CELL = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from('\n",|'), max_size=30)


@given(st.lists(st.tuples(CELL, CELL, CELL, CELL), max_size=6))
def test_any_table_is_read_or_told(rows: list[tuple[str, str, str, str]]) -> None:
    """No cell content breaks an import: each row is kept, doubted or refused."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerows([("问题", "答案", "类型", "生效日期"), *rows])
    data = buffer.getvalue().encode()
    report = read_entries("a.csv", data).report
    assert report.kept + len(report.refused) + len(report.doubted) >= sum(
        any(map(str.strip, row)) for row in rows
    )


FIELD = st.sampled_from(["id", "kind", "title", "text", "similar", "slots", "effective_to"]) | st.text(
    max_size=4
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(KINDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELD, inner, max_size=5),
    max_leaves=8,
)


@given(st.lists(VALUE, min_size=1, max_size=6))
def test_any_json_is_read_or_told(values: list[Any]) -> None:
    """No JSON value breaks an import: each is kept, doubted or refused."""
    report = read_entries("a.json", json.dumps(values).encode()).report
    assert report.kept + len(report.refused) + len(report.doubted) >= len(values)
