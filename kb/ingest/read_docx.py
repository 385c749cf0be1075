"""A Word document as lines; runs confined. Only text is taken: no macros, no objects, nothing from outside."""

from __future__ import annotations

import io
import re
from typing import Any

from kb.ingest.packages import RATIO, Limits, opened
from kb.ingest.refusal import FileRefused

DOCUMENT_BYTES = 200 << 20
_ACCEPTED = f"没有密码、解压后不超过 {DOCUMENT_BYTES >> 20} MB、压缩比不超过 {RATIO} 的 docx"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_OUTSIDE = re.compile(
    rb'<Relationship\b[^>]*(?:attachedTemplate|oleObject|subDocument|frame|aFChunk)"[^>]*TargetMode="External"'
    rb'|<Relationship\b[^>]*TargetMode="External"[^>]*(?:attachedTemplate|oleObject|subDocument|frame|aFChunk)"'
)
_HEADING = re.compile(r"(?:heading|标题) ?([1-9])$", re.IGNORECASE)


def read(data: bytes) -> dict[str, Any]:
    """`{"title", "lines": [[kind, level, paragraph number, text or rows, problem], …]}`. Raises `FileRefused`."""
    package = opened(data, Limits("docx", DOCUMENT_BYTES, _ACCEPTED), inert=True)
    names = package.namelist()
    if "word/document.xml" not in names:
        raise FileRefused("压缩包里没有 Word 正文", "由 Word 或 WPS 另存的 docx")
    if b"macroEnabled" in package.read("[Content_Types].xml"):
        raise FileRefused("带宏的文档", "另存为不带宏的 docx")
    if any(_OUTSIDE.search(package.read(name)) for name in names if name.endswith(".rels")):
        raise FileRefused("引用了文件之外的模板或对象", "另存为不引用外部模板的 docx")
    import docx
    from docx.table import Table

    lines: list[list[Any]] = []
    title, at = "", 1
    for block in docx.Document(io.BytesIO(data)).iter_inner_content():
        if isinstance(block, Table):
            rows, problem = _table(block._tbl)
            lines.append(["table", 0, at, rows, problem])
            at += max(1, len(rows))
            continue
        text, style = _text(block._p), str(block.style.name if block.style is not None else "")
        if style.lower() in ("title", "标题") and text and not title:
            title = text
        elif text:
            kind, level = _kind(block._p, style)
            lines.append([kind, level, at, text, ""])
        at += 1
    return {"title": title, "lines": lines}


def _kind(paragraph: Any, style: str) -> tuple[str, int]:
    heading = _HEADING.match(style)
    outline = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
    if heading or (outline is not None and int(outline.get(f"{_W}val", "9")) < 9):
        return "heading", int(heading.group(1)) if heading else int(outline.get(f"{_W}val")) + 1
    listed = (
        style.lower().startswith(("list", "列表", "列出")) or paragraph.find(f"{_W}pPr/{_W}numPr") is not None
    )
    return ("item", 0) if listed else ("text", 0)


def _text(element: Any) -> str:
    """The words of a paragraph or cell, inserted ones included; what was struck out is stored under another name."""
    found: list[str] = []
    waiting = [element]
    while waiting:
        node = waiting.pop()
        if node.tag == f"{_W}t":
            found.append(node.text or "")
        elif node.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr"):
            found.append(" ")
        elif node.tag in (_FALLBACK, f"{_W}pPr"):
            continue
        else:
            waiting.extend(reversed(node))
            if node.tag == f"{_W}p" and found:
                found.append(" ")
    return " ".join("".join(found).split())


def _table(table: Any) -> tuple[list[list[str]], str]:
    rows, problem = [], ""
    for row in table.iter(f"{_W}tr"):
        if row.getparent() is not table:
            problem = "表中有表"
            continue
        cells = [cell for cell in row if cell.tag == f"{_W}tc"]
        if any(
            cell.find(f"{_W}tcPr/{_W}{mark}") is not None for cell in cells for mark in ("gridSpan", "vMerge")
        ):
            problem = problem or "有合并的单元格"
        rows.append([_text(cell) for cell in cells])
    return rows, problem
