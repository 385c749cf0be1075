"""Sheets of a workbook as JSON rows; runs confined."""

from __future__ import annotations

import io
import re
from datetime import date, datetime, time, timedelta
from typing import Any

from kb.ingest.packages import RATIO, Limits, opened
from kb.ingest.refusal import FileRefused

SHEET_BYTES, SHEET_CELLS = 50 << 20, 5_000_000
_CELL = re.compile(rb'<c\b[^>]*?\br="([A-Z]{1,4})(\d{1,8})"')
_ACCEPTED = (
    f"解压后不超过 {SHEET_BYTES >> 20} MB、压缩比不超过 {RATIO}、不超过 {SHEET_CELLS // 10_000} 万格的 xlsx"
)


def read(data: bytes) -> dict[str, Any]:
    """`{"sheets": [[name, [[row number, cells], …]], …]}`; a date is `{"date": ISO}`. Raises `FileRefused`."""
    package = opened(data, Limits("xlsx", SHEET_BYTES, _ACCEPTED), inert=False)
    if "xl/workbook.xml" not in package.namelist():
        raise FileRefused("压缩包里没有工作簿，不是可读的 xlsx", "由表格程序另存的 xlsx")
    for part in package.infolist():
        if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
            _measure(package.read(part))
    import python_calamine as calamine

    try:
        book = calamine.load_workbook(io.BytesIO(data))
        sheets = [
            (name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in book.sheet_names
        ]
    except (calamine.CalamineError, ValueError, OSError) as error:
        raise FileRefused(f"不是可读的 xlsx：{str(error)[:80]}", _ACCEPTED) from None
    return {"sheets": [[name, _rows(rows)] for name, rows in sheets]}


def _measure(sheet: bytes) -> None:
    """Refuse a sheet whose far corner would make millions of empty cells."""
    columns, rows = 1, 1
    for letters, number in _CELL.findall(sheet):
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        columns, rows = max(columns, column), max(rows, int(number))
    if columns * rows > SHEET_CELLS:
        raise FileRefused(f"工作表跨 {rows} 行 {columns} 列", _ACCEPTED)


def _rows(rows: list[list[Any]]) -> list[list[Any]]:
    return [
        [at, [_plain(cell) for cell in cells]]
        for at, cells in enumerate(rows, 1)
        if any(str(cell).strip() for cell in cells)
    ]


def _plain(cell: Any) -> Any:
    if isinstance(cell, date | datetime):
        return {"date": cell.isoformat()}
    return str(cell) if isinstance(cell, time | timedelta) else cell
