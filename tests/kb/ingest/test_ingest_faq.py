"""A thousand questions from each kind of table are all there and all found (R036)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from itertools import product

import pytest
import xlsxwriter

from kb.ingest import read_entries
from kb.knowledge import build
from kb.search import Filters, search
from tests.kb.fakes import encode

THINGS = ("电饭煲", "空调", "手机", "跑鞋", "奶粉", "书架", "耳机", "行李箱", "咖啡机", "雨伞")
TOPICS = {
    "退货": "不想要了怎么退", "换货": "想换一个怎么换", "开发票": "要发票找谁要", "保修": "坏了能不能修", "发货": "什么时候寄出来",
    "退款": "钱什么时候回来", "价保": "降价了补差价吗", "安装": "有人上门装吗", "配送": "送到家门口吗", "赠品": "没收到送的东西",
}  # fmt: skip
PLACES = ("官网", "门店", "直播间", "小程序", "天猫", "京东", "团购", "企业采购", "海外站", "电话")
ROWS = [
    (f"{place}买的{thing}如何{topic}", f"{place}{thing}{asked}", f"{place}渠道的{thing}{topic}按第{at}号规则办理。")
    for at, (place, thing, (topic, asked)) in enumerate(product(PLACES, THINGS, TOPICS.items()))
]  # fmt: skip


def as_csv() -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([("问题", "相似问法", "答案"), *ROWS])
    return buffer.getvalue().encode("gb18030")


def as_json() -> bytes:
    rows = [{"kind": "faq", "title": title, "similar": [like], "text": text} for title, like, text in ROWS]
    return json.dumps(rows, ensure_ascii=False).encode()


def as_xlsx() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([("标准问题", "相似问", "标准答案"), *ROWS]):
            sheet.write_row(at, 0, row)
    return buffer.getvalue()


@pytest.mark.parametrize(("name", "made"), [("a.csv", as_csv), ("a.json", as_json), ("a.xlsx", as_xlsx)])
def test_a_thousand_questions_arrive(name: str, made: Callable[[], bytes]) -> None:
    """Every kind of table gives the same thousand entries; the counts match and nothing is refused."""
    ingested = read_entries(name, made())
    assert len(ingested.entries) == ingested.report.kept == len(ROWS) == 1_000
    assert ingested.report.refused == ()
    assert [(one.title, one.similar, one.text) for one in ingested.entries] == [
        (title, (like,), text) for title, like, text in ROWS
    ]


def test_a_thousand_questions_are_found() -> None:
    """Each of the thousand is the first answer to its own question and to its similar one."""
    entries = read_entries("a.csv", as_csv()).entries
    knowledge = build(entries, "fake", encode, "V1.0")
    for question in (0, 1):
        asked = [row[question] for row in ROWS]
        firsts = [
            search(knowledge, text, vector, Filters())[0].entry_id
            for text, vector in zip(asked, encode(asked), strict=True)
        ]
        assert firsts == [entry.id for entry in entries]
