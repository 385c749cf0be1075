"""Tables as a page, as a workbook and as Markdown: no scripts, no formulas, the same cells in each."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import xlsxwriter

from api.report_charts import bars, line
from api.report_tables import Cell, Table, heading, tables

STYLE = """
body{font:15px/1.6 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:56rem;padding:0 1rem;color:#1c2430}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #dde3ea;vertical-align:top}td.n,th.n{text-align:right;white-space:nowrap}
svg{display:block;max-width:100%}figure{margin:1rem 0}figcaption{font-weight:600}.soft{color:#66717f}
"""


def to_html(report: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The report as one page that needs nothing else."""
    return page(heading(report), tables(report, names), charts(report))


def charts(report: Mapping[str, Any]) -> str:
    """The course of the mean score, and the most frequent violations with their intervals."""
    course = [(str(one["date"])[5:], one["mean"]) for one in report["days"]]
    wrong = [
        (str(one["problem"]), float(one["share"]), (float(one["interval"][0]), float(one["interval"][1])))
        for one in report["violations"][:8]
        if one["interval"] is not None
    ]
    drawn = line("平均分", course, 0, 100) if len(course) > 1 else ""
    return drawn + bars("违规占比（横线为 95% 区间）", wrong)


def page(title: str, given: Iterable[Table], before: str = "", notes: Iterable[str] = ()) -> str:
    """Tables as one page; `before` is markup of our own that stands above them."""
    told = escape(title)
    said = "".join(f'<p class="soft">{escape(note)}</p>' for note in notes)
    body = "".join(_section(table) for table in given)
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{told}</title><style>{STYLE}</style>'
        f"<h1>{told}</h1>{said}{before}{body}</html>"
    )


def _section(table: Table) -> str:
    title = f"<h2>{escape(table.title)}</h2>"
    if not table.rows:
        return f'{title}<p class="soft">没有数据</p>'
    most = max((_size(table, row) for row in table.rows), default=0.0) or 1.0
    heads = "".join(f"<th{_side(table, at)}>{escape(head)}</th>" for at, head in enumerate(table.heads))
    rows = "".join(
        f"<tr>{_cells(table, at)}{_bar(_size(table, row) / most) if table.bar is not None else ''}</tr>"
        for at, row in enumerate(table.rows)
    )
    blank = "<th></th>" if table.bar is not None else ""
    return f"{title}<table><tr>{heads}{blank}</tr>{rows}</table>"


def _cells(table: Table, at: int) -> str:
    cells = []
    for column, cell in enumerate(table.rows[at]):
        told = escape(str(cell))
        if column == 0 and table.links and table.links[at]:
            told = f'<a href="{escape(table.links[at])}" target="_top">{told}</a>'
        cells.append(f"<td{_side(table, column)}>{told}</td>")
    return "".join(cells)


def _size(table: Table, row: tuple[Cell, ...]) -> float:
    found = row[table.bar] if table.bar is not None else 0
    return float(found) if isinstance(found, int | float) else 0.0


def _side(table: Table, column: int) -> str:
    numbers = column > 0 and all(
        isinstance(row[column], int | float) or row[column] == "—" for row in table.rows
    )
    return ' class="n"' if numbers else ""


def _bar(share: float) -> str:
    width = round(120 * share, 1)
    return (
        '<td><svg width="120" height="10" role="presentation">'
        f'<rect width="{width}" height="10" rx="2" fill="#2f6fc4"/></svg></td>'
    )


def to_markdown(report: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The report as Markdown tables."""
    parts = [f"# {heading(report)}"]
    for table in tables(report, names):
        parts.append(f"## {_plain(table.title)}")
        if not table.rows:
            parts.append("没有数据")
            continue
        lines = ["| " + " | ".join(table.heads) + " |", "|" + " --- |" * len(table.heads)]
        lines += ["| " + " | ".join(_plain(str(cell)) for cell in row) + " |" for row in table.rows]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    """A cell that cannot break out of its table, nor be read as markup."""
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def to_xlsx(report: Mapping[str, Any], names: Mapping[str, str]) -> bytes:
    """The report as a workbook of one sheet."""
    return workbook(heading(report), tables(report, names))


def workbook(title: str, given: Iterable[Table], notes: Iterable[str] = ()) -> bytes:
    """Tables one under the other; text cells are written as text, never as formulas or links."""
    held = io.BytesIO()
    book = xlsxwriter.Workbook(
        held, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet("报表")
    bold = book.add_format({"bold": True})
    sheet.set_column(0, 0, 40)
    sheet.write_string(0, 0, title, bold)
    at = 1
    for note in notes:
        sheet.write_string(at, 0, note)
        at += 1
    at += 1
    for table in given:
        sheet.write_string(at, 0, table.title, bold)
        for column, head in enumerate(table.heads):
            sheet.write_string(at + 1, column, head, bold)
        at += 2
        for row in table.rows:
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(at, column, cell)
                else:
                    sheet.write_number(at, column, cell)
            at += 1
        at += 1
    book.close()
    return held.getvalue()
