"""Tables with one turn a row (CSV, XLSX, Parquet) to rows with one transcript each."""

from __future__ import annotations

import csv
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from nlp.transcript import ROLES

SHEET_LIMIT = 50 << 20
"""Unfolded bytes of one workbook."""
CELL_LIMIT = 5_000_000
"""Cells of the rectangle that one sheet spans."""
TURN_LIMIT = 5_000
"""Turns of one transcript."""
_BLOCK = 1 << 20
_PLACE = re.compile(rb'<c\b[^>]*?\br="([A-Z]{1,4})(\d{1,8})"')

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "conversation_id": ("conversation_id", "id", "session_id", "会话编号", "会话id", "会话", "对话编号"),
    "role": ("role", "sender", "speaker", "角色", "发送方", "说话人"),
    "text": ("text", "content", "message", "内容", "消息", "消息内容", "文本"),
    "at": ("at", "time", "timestamp", "ts", "created_at", "时间", "发送时间"),
    "agent_id": ("agent_id", "agent", "客服编号", "坐席", "坐席编号", "坐席工号", "客服工号", "工号"),
    "agent_name": ("agent_name", "客服", "客服姓名", "客服昵称", "坐席姓名"),
    "team": ("team", "班组", "组别", "团队"),
    "turn_id": ("turn_id", "message_id", "消息编号"),
    "channel": ("channel", "渠道"),
    "category": ("category", "类别", "分类"),
    "customer_id": ("customer_id", "客户编号"),
    "tier": ("tier", "客户等级", "会员等级"),
}
_ROLE_WORDS = {
    "客户": "customer", "顾客": "customer", "用户": "customer", "买家": "customer", "访客": "customer",
    "客服": "agent", "坐席": "agent", "人工": "agent", "人工客服": "agent", "卖家": "agent",
    "机器人": "bot", "智能客服": "bot", "robot": "bot", "主管": "supervisor", "系统": "system",
    "user": "customer", "staff": "agent", "assistant": "bot",
}  # fmt: skip

ROLE_FORM = "客户|客服|机器人|主管|系统 或 " + "|".join(ROLES)
"""The accepted words of a role in a file."""


Unread = dict[str, list[str]]
"""Columns of a table that nobody reads, by file."""


class ReadError(ValueError):
    """A file that cannot be read; says why and what is accepted."""


@dataclass(frozen=True, slots=True)
class TranscriptProblem:
    """A line that is no transcript: where it is, the field, what is wrong, and the accepted form."""

    source: str
    line: int
    field: str
    message: str
    accepted: str


@dataclass(frozen=True, slots=True)
class Row:
    """One transcript not yet parsed: JSON text, or the problem found already. `adapter`: whose export it is."""

    source: str
    line: int
    text: str
    problem: TranscriptProblem | None = None
    adapter: str = ""


def table_rows(path: Path, unread: Unread | None = None) -> Iterator[Row]:
    """Rows of a table, one a transcript; columns that are not read are told in `unread`. Raises ReadError."""
    name = path.name.lower()
    if name.endswith(".parquet"):
        return _parquet(path, unread)
    return _turn_rows(path, _sheet(path) if name.endswith(".xlsx") else _csv(path), unread)


def _parquet(path: Path, unread: Unread | None) -> Iterator[Row]:
    """Rows with a list of turns are transcripts; others are turns, as in the other tables."""
    from nlp.parquet import parquet_rows

    names, rows = parquet_rows(path)
    if "turns" in names:
        return (_whole_row(path, number, row) for number, row in enumerate(rows, start=1))
    cells = ([_cell(row[name]) for name in names] for row in rows)
    return _turn_rows(path, chain([names], cells), unread)


def _whole_row(path: Path, number: int, row: Mapping[str, Any]) -> Row:
    value = {name: cell for name, cell in row.items() if cell is not None}
    return Row(path.name, number, json.dumps(value, ensure_ascii=False, default=_cell))


def _csv(path: Path) -> Iterator[list[str]]:
    with path.open("rb") as stream:
        head = stream.read(_BLOCK)
    encoding = "utf-8-sig"
    try:
        # The cut may fall inside a character: what is left over at the end does not count.
        head[: max(len(head) - 4, 0) if len(head) == _BLOCK else len(head)].decode("utf-8", "strict")
    except UnicodeDecodeError as problem:
        if len(head) != _BLOCK or problem.start < len(head) - 8:
            encoding = "gb18030"  # what spreadsheets in Chinese write by default
    with path.open(encoding=encoding, newline="") as text:
        try:
            yield from csv.reader(text)
        except (UnicodeDecodeError, csv.Error) as problem:
            raise ReadError(f"{path}：无法读取（{problem}）；应为 UTF-8 或 GB18030 编码的 CSV") from None


def _sheet(path: Path) -> Iterator[list[str]]:
    import python_calamine

    try:
        with zipfile.ZipFile(path) as archive:
            unfolded = sum(entry.file_size for entry in archive.infolist())
            if unfolded > SHEET_LIMIT or unfolded > 100 * max(path.stat().st_size, 1) + _BLOCK:
                raise ReadError(f"{path}：展开后过大（应为：不超过 50 MiB 且不超过文件的 100 倍）")
            if any(_cells(archive.read(name)) > CELL_LIMIT for name in _sheets(archive)):
                raise ReadError(f"{path}：工作表跨度过大（应为：不超过 {CELL_LIMIT // 10_000} 万格）")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError):
        raise ReadError(f"{path}：不是 XLSX 文件，或已损坏（应为：Excel 2007 以后的 .xlsx）") from None
    try:
        sheet = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    except (python_calamine.CalamineError, OSError) as problem:
        raise ReadError(f"{path}：无法读取（{problem}）；应为完整的 .xlsx") from None
    for row in sheet.iter_rows():
        yield [_cell(cell) for cell in row]


def _sheets(archive: zipfile.ZipFile) -> list[str]:
    names = (entry.filename for entry in archive.infolist())
    return [name for name in names if name.startswith("xl/worksheets/") and name.endswith(".xml")]


def _cells(sheet: bytes) -> int:
    """Cells of the rectangle a sheet spans: the reader makes room for all, however few are filled."""
    columns, rows = 1, 1
    for letters, number in _PLACE.findall(sheet):
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        columns, rows = max(columns, column), max(rows, int(number))
    return columns * rows


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _headings(path: Path, row: list[str], unread: Unread | None) -> dict[str, int]:
    known = {word: name for name, words in COLUMNS.items() for word in words}
    places: dict[str, int] = {}
    for at, heading in enumerate(row):
        name = known.get(heading.strip().lower())
        if name:
            places.setdefault(name, at)
    left = [heading.strip()[:40] for at, heading in enumerate(row) if at not in places.values()]
    if unread is not None and any(left):
        unread[path.name] = [heading for heading in left if heading]
    missing = [name for name in ("conversation_id", "role", "text") if name not in places]
    if missing:
        wanted = "；".join("/".join(COLUMNS[name][:1] + COLUMNS[name][-1:]) for name in missing)
        raise ReadError(f"{path}：第 1 行缺少列 {'、'.join(missing)}（应有表头：{wanted}）")
    return places


def _turn_rows(path: Path, rows: Iterable[list[str]], unread: Unread | None = None) -> Iterator[Row]:
    """Rows of turns to transcripts: consecutive rows of one conversation, in the order of the file."""
    iterator = iter(rows)
    places = _headings(path, next(iterator, []), unread)
    current: dict[str, Any] | None = None
    first, problem = 0, None
    for number, cells in enumerate(iterator, start=2):
        values = {name: cells[at].strip() if at < len(cells) else "" for name, at in places.items()}
        if not any(values.values()):
            continue
        identity = values["conversation_id"]
        if current is None or identity != current["id"]:
            if current is not None:
                yield _finished(path, first, current, problem)
            current, first, problem = _opened(identity, values), number, None
        role = role_of(values["role"])
        if problem is None and not identity:
            problem = TranscriptProblem(path.name, number, "conversation_id", "为空", "会话编号")
        if problem is None and role is None:
            problem = TranscriptProblem(
                path.name,
                number,
                "role",
                f"未知角色 {values['role'][:20]!r}",
                ROLE_FORM,
            )
        if len(current["turns"]) <= TURN_LIMIT:
            turn = {"role": role or "system", "text": values["text"]}
            current["turns"].append(turn | {k: values[k] for k in ("at", "turn_id") if values.get(k)})
        if "agent" not in current and values.get("agent_id") and role in (None, "agent"):
            current["agent"] = {
                "id": values["agent_id"], "name": values.get("agent_name") or None, "team": values.get("team") or None
            }  # fmt: skip
    if current is not None:
        yield _finished(path, first, current, problem)


def role_of(word: str) -> str | None:
    """The role a word means, Chinese or English; None for a word that means none."""
    word = word.strip().lower()
    return word if word in ROLES else _ROLE_WORDS.get(word)


def _opened(identity: str, values: Mapping[str, str]) -> dict[str, Any]:
    opened: dict[str, Any] = {"id": identity, "turns": []}
    for name in ("channel", "category"):
        if values.get(name):
            opened[name] = values[name]
    customer = {"id": values.get("customer_id") or None, "tier": values.get("tier") or None}
    if any(customer.values()):
        opened["customer"] = customer
    return opened


def _finished(path: Path, line: int, value: dict[str, Any], problem: TranscriptProblem | None) -> Row:
    at = next((turn["at"] for turn in value["turns"] if "at" in turn), None)
    if at:
        value["started_at"] = at
    if problem is not None and value["id"]:  # the conversation is dropped for one bad line: say which
        problem = replace(problem, message=f"{problem.message}；会话 {value['id'][:64]} 整个未评")
    return Row(path.name, line, json.dumps(value, ensure_ascii=False), problem)
