"""One row a conversation, for spreadsheets and for analysis: the columns, and their files without a live formula."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

SHEET_ROWS = 100_000
"""Rows of a sheet; a program reads the JSON lines or the CSV instead."""
_CELL = 32_000
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
Row = Mapping[str, Any]
Value = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """`code` heads the column in Parquet, `heading` in CSV and XLSX; `kind` is text, number, whole or flag."""

    code: str
    heading: str
    kind: str
    value: Callable[[Row], Value]
    meaning: str = ""


def _agent(name: str) -> Callable[[Row], Value]:
    return lambda row: (row.get("agent") or {}).get(name)


def _seen(name: str) -> Callable[[Row], Value]:
    return lambda row: (row.get("observed") or {}).get("values", {}).get(name)


def _own(*names: str) -> Callable[[Row], Value]:
    def value(row: Row) -> Value:
        found: Any = row
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found  # type: ignore[no-any-return]

    return value


def _failed(row: Row) -> list[Mapping[str, Any]]:
    return [item for item in row["items"] if item["result"] == "fail"]


COLUMNS = (
    Column("id", "结果编号", "text", _own("id"), "会话、质检表与版本的摘要"),
    Column("transcript_id", "会话编号", "text", _own("transcript_id"), "来源系统里的编号"),
    Column("form", "质检表", "text", lambda row: f"{row['form']['code']} {row['form']['version']}", "代码与版本"),
    Column("score", "得分", "number", _own("score"), "0–100"),
    Column("grade", "等级", "text", lambda row: row.get("grade_name") or row["grade"], "质检表里的等级名"),
    Column("veto", "一票否决", "flag", _own("veto"), "是或否"),
    Column("satisfaction", "满意度", "number", _own("satisfaction", "value"), "推测的满意度，0–2"),
    Column("agent", "客服", "text", _agent("id"), "坐席编号"),
    Column("channel", "渠道", "text", _own("channel")),
    Column("category", "类别", "text", _own("category"), "分类编码"),
    Column("reasons", "扣分项", "text", lambda row: "；".join(f"{i['name']}：{i['reason']}" for i in _failed(row)), "名称与理由"),
    Column("request", "诉求", "text", _own("summary", "request"), "客户原话，已脱敏"),
    Column("outcome", "结果", "text", _own("summary", "outcome"), "坐席原话，已脱敏"),
    Column("agent_name", "客服姓名", "text", _agent("name")),
    Column("team", "班组", "text", _agent("team")),
    Column("started_at", "开始时间", "text", _own("started_at"), "ISO 8601"),
    Column("failed", "扣分项编码", "text", lambda row: "|".join(i["code"] for i in _failed(row)), "以 | 分开"),
    Column("steps", "达到的步骤", "text", lambda row: "|".join(_seen("steps")(row) or ()), "安抚、核实、解决、回访的编码"),  # type: ignore[arg-type]
    Column("turns", "话轮数", "whole", _seen("turns")),
    Column("first_response_s", "首次响应秒数", "number", _seen("first_response_s"), "没有时间的为空"),
    Column("response_s", "平均响应秒数", "number", _seen("response_s"), "没有时间的为空"),
    Column("longest_gap_s", "最长等待秒数", "number", _seen("longest_gap_s"), "没有时间的为空"),
    Column("handle_s", "处理秒数", "number", _seen("handle_s"), "第一轮到最后一轮"),
    Column("resolved", "已解决", "flag", _seen("resolved"), "记录里写明的；没有写的为空"),
    Column("rated", "客户评价", "number", _seen("satisfaction"), "记录里写明的，0–2；没有写的为空"),
    Column("mode", "模式", "text", _own("mode"), "full 或 rules_only"),
)  # fmt: skip
"""One conversation a row; the table in nlp/README.md tells the same."""


def cells_of(row: Row) -> list[Value]:
    """One result in the order of the columns; texts can be written anywhere, numbers are finite."""
    return [_told(column, column.value(row)) for column in COLUMNS]


def _told(column: Column, value: Any) -> Value:
    if value is None:
        return None
    if column.kind == "text":
        return printable(str(value))[:_CELL]
    if column.kind == "flag":
        return bool(value)
    return int(value) if column.kind == "whole" else float(value)


def printable(text: str) -> str:
    """Text without what no file format may hold: control characters and halves of characters."""
    return "".join(
        c
        for c in text
        if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )


def shown(value: Value) -> str:
    """A cell as people read it in a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return value if isinstance(value, str) else f"{value:g}"


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: the dangerous beginnings get an apostrophe."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


class Book:
    """A workbook whose texts are strings and nothing else: a cell that begins with "=" stays text in every program."""

    def __init__(self, path: Path) -> None:
        import xlsxwriter

        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(str(path), options)

    def sheet(self, name: str, headings: Sequence[str]) -> Sheet:
        """The next sheet; constant memory means that the one before is finished."""
        return Sheet(self._book.add_worksheet(name), headings)

    def close(self) -> None:
        self._book.close()


class Sheet:
    """Rows one after another, up to a limit that the last row tells of."""

    def __init__(self, sheet: Any, headings: Sequence[str]) -> None:
        self._sheet = sheet
        self._next = 0
        self._write(headings)

    def _write(self, cells: Sequence[Value]) -> None:
        for column, cell in enumerate(cells):
            if isinstance(cell, bool | str):
                self._sheet.write_string(self._next, column, printable(shown(cell))[:_CELL])
            elif cell is not None:
                self._sheet.write_number(self._next, column, cell)
        self._next += 1

    def add(self, cells: Sequence[Value]) -> None:
        if self._next <= SHEET_ROWS:
            self._write(cells)
        elif self._next == SHEET_ROWS + 1:
            self._write([f"只列前 {SHEET_ROWS} 条，全部结果见 results.jsonl"])


def headings() -> list[str]:
    return [column.heading for column in COLUMNS]


def write_csv(rows: Iterable[Row], stream: IO[str]) -> None:
    """Results as CSV with Chinese headings; open the stream with newline="" and utf-8-sig for spreadsheets."""
    writer = csv.writer(stream)
    writer.writerow(headings())
    for row in rows:
        if "problem" not in row:
            writer.writerow([cell_text(cell) for cell in cells_of(row)])


def cell_text(cell: Value) -> str:
    """A cell of a CSV file: a text that looks like a formula is disarmed, a number is what it is."""
    return safe_cell(cell) if isinstance(cell, str) else shown(cell)


def write_table(rows: Iterable[Row], path: Path) -> None:
    """Results as Parquet (extra `parquet`)."""
    from nlp.parquet import write_parquet

    kinds = {column.code: column.kind for column in COLUMNS}
    write_parquet(path, kinds, (cells_of(row) for row in rows if "problem" not in row))
