"""A site's labelled texts from a file: CSV, JSON lines or a workbook; nothing of it is lost without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.console import Failed, Misused

TEXTS = ("text", "文本", "内容", "工单内容")
LABELS = ("label", "category", "标签", "类别", "分类")
WANTED = {"文本": TEXTS, "类别": LABELS}
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be learned from. `row` counts from 1 as a spreadsheet shows it."""

    row: int
    why: str
    sheet: str = ""


@dataclass(slots=True)
class Labelled:
    """Texts and labels side by side, with the rows they stand in, and what was left out."""

    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    @property
    def scarce(self) -> list[str]:
        """Labels with fewer than two rows."""
        return sorted(label for label, count in Counter(self.labels).items() if count < 2)

    def add(self, row: int, text: Any, label: Any, sheet: str = "") -> None:
        text, label = _said(text), _said(label)
        if text and label:
            self.texts.append(text)
            self.labels.append(label)
            self.rows.append(row)
            return
        why = "文本与类别都为空" if not text and not label else "文本为空" if not text else "类别为空"
        self.rejects.append(Reject(row, why, sheet))


def _said(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a workbook has no whole numbers
    return "" if value is None else str(value).strip()


def read_labelled(name: str, content: bytes) -> Labelled:
    """Rows of a file, its kind told by its content. Raises Misused naming the column that is missing, Failed."""
    from kb.ingest.confined import confined
    from kb.ingest.readers import csv_rows, decode, json_rows, sheet_rows
    from kb.ingest.refusal import FileRefused

    found = Labelled()
    try:
        if content.startswith(_ZIP):
            _from_sheets(name, sheet_rows(confined("xlsx", content)["sheets"]), found)
            return found
        text = decode(content)
        if text.lstrip().startswith(("{", "[{")):
            _from_objects(name, json_rows(text), found)
        else:
            _from_table(name, list(csv_rows(text)), found)
    except FileRefused as error:
        raise Failed(f"{name} 读不了：{error.message}；应为：{error.accepted}") from None
    return found


def _from_sheets(name: str, sheets: Iterable[tuple[str, Sequence[Any]]], found: Labelled) -> None:
    """Every sheet that has both columns; a workbook where none has is refused for what its first one lacks."""
    refused: list[Misused] = []
    read = 0
    for sheet, rows in sheets:
        try:
            _from_table(f"{name}（工作表“{sheet}”）", rows, found, sheet)
            read += 1
        except Misused as error:
            refused.append(error)
    if not read:
        raise refused[0] if refused else _lacks(name, 1, list(WANTED), [])


def _from_table(name: str, rows: Sequence[Any], found: Labelled, sheet: str = "") -> None:
    filled = [row for row in rows if row.problem or any(_said(cell) for cell in row.cells)]
    if not filled:
        raise _lacks(name, 1, list(WANTED), [])
    heads = [_said(cell) for cell in filled[0].cells]
    text, label = _columns(name, filled[0].at, heads)
    for row in filled[1:]:
        if row.problem:
            found.rejects.append(Reject(row.at, row.problem, sheet))
            continue
        cells = dict(enumerate(row.cells))
        found.add(row.at, cells.get(heads.index(text)), cells.get(heads.index(label)), sheet)


def _from_objects(name: str, rows: Iterable[Any], found: Labelled) -> None:
    columns: tuple[str, str] | None = None
    for row in rows:
        value = row.cells[0] if row.cells else None
        if row.problem or not isinstance(value, dict):
            found.rejects.append(Reject(row.at, row.problem or "不是 JSON 对象"))
            continue
        columns = columns or _columns(name, row.at, list(value))
        found.add(row.at, *(_of(value, column) for column in columns))
    if columns is None:
        raise _lacks(name, 1, list(WANTED), [])


def _of(value: Mapping[str, Any], column: str) -> Any:
    held = value.get(column)
    return held if isinstance(held, str | int | float) or held is None else None


def _columns(name: str, row: int, heads: Sequence[str]) -> tuple[str, str]:
    chosen = {
        wanted: next((head for known in names for head in heads if head.strip().lower() == known), "")
        for wanted, names in WANTED.items()
    }
    missing = [wanted for wanted, head in chosen.items() if not head]
    if missing:
        raise _lacks(name, row, missing, heads)
    return chosen["文本"], chosen["类别"]


def _lacks(name: str, row: int, missing: Sequence[str], heads: Sequence[str]) -> Misused:
    wanted = "；".join(f"{one}列（{'、'.join(WANTED[one])} 之一）" for one in missing)
    shown = "、".join(head[:20] for head in heads[:10] if head) or "没有表头"
    return Misused(f"{name} 第 {row} 行缺少{wanted}；读到的列：{shown}")


def resolved(labels: Sequence[str], codes: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Labels with codes, names and paths (`投诉/服务态度`, `complaint/complaint_attitude`) read as codes.

    Also the labels that the taxonomy does not have, which stay as they are. `codes` are its nodes by code.
    """
    known = {code: code for code in codes}
    for code, node in codes.items():
        known.setdefault("/".join(codes[one].name for one in node.path), code)
        known.setdefault("/".join(node.path), code)
    names = Counter(node.name for node in codes.values())
    for code, node in codes.items():
        if names[node.name] == 1:
            known.setdefault(node.name, code)

    def place(label: str) -> str:
        return "/".join(part.strip() for part in label.replace("／", "/").replace(">", "/").split("/"))

    read = [known.get(place(label), label) for label in labels]
    return read, sorted(set(read) - set(codes))
