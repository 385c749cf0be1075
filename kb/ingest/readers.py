"""Files as text and rows. A file that cannot be read is refused in words; a bad row never stops the others."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kb.ingest.refusal import FileRefused

FILE_BYTES = 100 * 2**20
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_ACCEPTED_TEXT = "UTF-8、UTF-16 或 GB18030（GBK）编码的文本"


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


def sheet_rows(sheets: Sequence[tuple[str, Sequence[Any]]]) -> Iterator[tuple[str, list[Row]]]:
    """Name and rows of each sheet with content, from what the confined reader gave."""
    for name, rows in sheets:
        if rows:
            yield name, [Row(at, tuple(map(_cell, cells))) for at, cells in rows]


def _cell(cell: Any) -> Any:
    if isinstance(cell, dict):
        written = str(cell["date"])
        return datetime.fromisoformat(written) if "T" in written else date.fromisoformat(written)
    return cell


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
