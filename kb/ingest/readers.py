"""Files as text and rows. A file that cannot be read is refused in words; a bad row never stops the others."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kb.ingest.report import FileRefused

FILE_BYTES = 100 * 2**20
SHEET_BYTES, SHEET_RATIO, SHEET_CELLS = 50 * 2**20, 100, 5_000_000
_CELL = re.compile(rb'<c\b[^>]*?\br="([A-Z]{1,4})(\d{1,8})"')
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_ACCEPTED_TEXT = "UTF-8、UTF-16 或 GB18030（GBK）编码的文本"
_ACCEPTED_SHEET = f"解压后不超过 {SHEET_BYTES // 2**20} MB、压缩比不超过 {SHEET_RATIO}、不超过 {SHEET_CELLS // 10_000} 万格的 xlsx"


@dataclass(frozen=True, slots=True)
class Row:
    """One row (`at` counts from 1 as a spreadsheet shows it); `problem` when it cannot be read."""

    at: int
    cells: tuple[Any, ...]
    problem: str = ""


def decode(data: bytes) -> str:
    """The text of a file, its encoding found out, its line ends as `\\n`. Raises `FileRefused`."""
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _plausible(text, encoding):
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise FileRefused("认不出文字编码", _ACCEPTED_TEXT)


def _encodings(data: bytes) -> tuple[str, ...]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    zeros = data[:4096].count(0)
    if zeros * 4 > len(data[:4096]):
        return ("utf-16-le", "utf-16-be")
    return ("utf-8-sig", "gb18030", "big5")


def _plausible(text: str, encoding: str) -> bool:
    """Text, not something else that happens to decode: hardly any control characters, and common Chinese."""
    head = text[:20_000]
    if len(_CONTROL.findall(head)) > 2 + len(head) // 200:
        return False
    if encoding == "utf-8-sig":
        return True
    wide = [character for character in head if character > "\u007f"]
    known = sum(
        "\u4e00" <= c <= "\u9fff" or "\u2000" <= c <= "\u303f" or "\uff00" <= c <= "\uffef" for c in wide
    )
    if known * 10 < len(wide) * 9:
        return False
    other = "big5" if encoding == "gb18030" else "gb2312"
    common = sum(len(c.encode("gb2312", "ignore")) == 2 for c in wide)
    return encoding != "gb18030" or common * 10 >= len(wide) * 6 or not _encodes(head, other)


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def csv_rows(text: str) -> Iterator[Row]:
    """Rows of comma-, tab- or semicolon-separated text; `at` is the line on which a row ends."""
    head = text.split("\n", 1)[0]
    delimiter = max(",\t;，", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(reader.line_num, (), f"读不出这一行：{error}")
            continue
        yield Row(reader.line_num, tuple(cells))


def xlsx_sheets(data: bytes) -> Iterator[tuple[str, list[Row]]]:
    """Name and rows of each sheet with content. Raises `FileRefused` before anything large is unpacked."""
    _guard(data)
    import python_calamine as calamine

    try:
        book = calamine.load_workbook(io.BytesIO(data))
        sheets = [
            (name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in book.sheet_names
        ]
    except (calamine.CalamineError, ValueError, OSError) as error:
        raise FileRefused(f"不是可读的 xlsx：{str(error)[:80]}", _ACCEPTED_SHEET) from None
    for name, rows in sheets:
        shown = [
            Row(at, tuple(cells)) for at, cells in enumerate(rows, 1) if any(str(c).strip() for c in cells)
        ]
        if shown:
            yield name, shown


def _guard(data: bytes) -> None:
    """Refuse what would unpack to far more than it seems: declared sizes first, then the sheets' own extent."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            parts = book.infolist()
            declared = sum(part.file_size for part in parts)
            packed = max(1, sum(part.compress_size for part in parts))
            if declared > SHEET_BYTES or declared > SHEET_RATIO * packed:
                raise FileRefused(
                    f"解压后约 {declared // 2**20} MB，压缩比 {declared // packed}", _ACCEPTED_SHEET
                )
            for part in parts:
                if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                    _guard_sheet(book.read(part))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise FileRefused(f"不是可读的 xlsx：{str(error)[:80]}", _ACCEPTED_SHEET) from None


def _guard_sheet(sheet: bytes) -> None:
    columns, rows = 1, 1
    for letters, number in _CELL.findall(sheet):
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        columns, rows = max(columns, column), max(rows, int(number))
    if columns * rows > SHEET_CELLS:
        raise FileRefused(f"工作表跨 {rows} 行 {columns} 列", _ACCEPTED_SHEET)


def json_rows(text: str) -> Iterator[Row]:
    """One JSON object a line; a file that is one JSON list is read too. The object is the row's only cell."""
    if text.lstrip().startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise FileRefused(f"不是 JSON：{str(error)[:80]}", "每行一个 JSON 对象") from None
        for at, value in enumerate(listed, 1):
            yield _whole(at, value)
        return
    for at, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield _whole(at, json.loads(line))
        except (ValueError, RecursionError):
            yield Row(at, (line,), "不是 JSON 对象")


def _whole(at: int, value: Any) -> Row:
    """A row, unless it holds half of a character pair (`\\ud83d` alone), which no store can keep."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return Row(at, ("",), "含有半个字符（孤立的代理码位）")
    return Row(at, (value,))
