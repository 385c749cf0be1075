"""A filled-in form as a page to print and as a workbook: the same lines, no scripts, no formulas."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Literal

import xlsxwriter
from fastapi.responses import HTMLResponse, JSONResponse, Response

from nlp.quality.records import Sheet

Json = dict[str, Any]
Format = Literal["json", "html", "xlsx"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
STYLE = """
body{font:15px/1.7 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:46rem;color:#1c2430}
h1{font-size:1.4rem;text-align:center}table{border-collapse:collapse;width:100%;margin-bottom:2rem}
td,th{border:1px solid #8a94a3;padding:.4rem .7rem;text-align:left;vertical-align:top}th{width:10rem;background:#f3f5f8}
@media print{body{margin:0}table{page-break-inside:avoid}}
"""


def form_of(sheet: Sheet) -> Json:
    """A form to fill in: its lines, fields and choices."""
    return {
        "code": sheet.code,
        "name": sheet.name,
        "lines": [{"name": line.name, "fields": list(line.fields)} for line in sheet.lines],
        "options": {name: list(choices) for name, choices in sheet.options.items()},
    }


def answer(sheet: Sheet, told: Json, kept: Sequence[Mapping[str, Any]], format: Format) -> Response:
    """`told` as JSON, or the records of `kept` as a page or a workbook."""
    if format == "html":
        return HTMLResponse(to_html(sheet, kept))
    if format == "xlsx":
        name = {"Content-Disposition": f'attachment; filename="{sheet.code}.xlsx"'}
        return Response(to_xlsx(sheet, kept), media_type=XLSX, headers=name)
    return JSONResponse(told)


def to_html(sheet: Sheet, kept: Sequence[Mapping[str, Any]]) -> str:
    """One table for each record."""
    title = escape(sheet.name)
    body = "".join(
        "<table>"
        + "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in sheet.printed(one)
        )
        + "</table>"
        for one in kept
    )
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f"<h1>{title}</h1>{body or '<p>没有记录</p>'}</html>"
    )


def to_xlsx(sheet: Sheet, kept: Sequence[Mapping[str, Any]]) -> bytes:
    """One row for each record; text is written as text, never as a formula."""
    held = io.BytesIO()
    book = xlsxwriter.Workbook(
        held, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    page = book.add_worksheet(sheet.name[:31])
    bold = book.add_format({"bold": True})
    for column, line in enumerate(sheet.lines):
        page.write_string(0, column, line.name, bold)
    for row, one in enumerate(kept, 1):
        for column, (_, text) in enumerate(sheet.printed(one)):
            page.write_string(row, column, text)
    book.close()
    return held.getvalue()
