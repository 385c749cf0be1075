"""The text layer of a PDF as lines with their page; runs confined. Scripts and attachments are never looked at."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from kb.ingest.refusal import FileRefused

PAGES = 2_000
HEADING_SIZE, HEADING_LENGTH, LEVELS = 1.15, 40, 3
"""A line so much larger than most of the text, and no longer than this, is a heading; sizes give the levels."""
FULL_LINE = 0.8
"""A line that reaches so far across, and does not end a sentence, goes on in the next one."""
_END = re.compile(r"[。；;！!？?：:…”）)]$")
_OPENING = re.compile(
    r"^(?:[•·●○■◆▪\-–—*]\s*|[(（]?[一二三四五六七八九十\d]{1,3}[)）、.．]|第.{1,3}[章节条篇])"
)
_BULLET = re.compile(r"^[•·●○■◆▪*]\s*")
_ODD = re.compile(r"[\x00-\x08\x0e-\x1f\ufffd\ue000-\uf8ff]|\(cid:\d+\)")


@dataclass(slots=True)
class _Line:
    page: int
    text: str
    size: float


def read(data: bytes) -> dict[str, Any]:
    """`{"title", "lines": [[kind, level, page, text, ""], …], "bare": pages without text}`. Raises `FileRefused`."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted:
        raise FileRefused("PDF 加了密码或限制", "去掉密码与权限限制后另存的 PDF")
    count = len(reader.pages)
    if count > PAGES:
        raise FileRefused(f"PDF 有 {count} 页", f"至多 {PAGES} 页：拆成几份再导入")
    lines, bare = [], []
    for number, page in enumerate(reader.pages, 1):
        found = _page(page, number)
        lines += found
        if not found:
            bare.append(number)
    text = "".join(line.text for line in lines)
    if len(text) < 10:
        raise FileRefused(
            "PDF 没有文字层，可能是扫描件或图片", "先做文字识别（OCR），另存为带文字层的 PDF 或 docx"
        )
    if len("".join(_ODD.findall(text))) * 5 > len(text):
        raise FileRefused("PDF 的文字层是乱码：字体没有文字对照表", "用原程序重新导出的 PDF，或原文件 docx")
    shaped = _shaped(lines, _margins(lines, count))
    tops = [line for line in shaped if line[0] == "heading" and line[1] == 1]
    title = tops[0][3] if len(tops) == 1 and len(shaped) > 1 and shaped[0] is tops[0] else ""
    return {"title": title, "lines": shaped[1:] if title else shaped, "bare": bare}


def _page(page: Any, number: int) -> list[_Line]:
    """Lines of one page, top to bottom as the file gives them, each with its largest letters' size."""
    lines, now, sizes = list[_Line](), "", Counter[float]()

    def visit(text: str, _: Any, matrix: list[float], __: Any, size: float) -> None:
        nonlocal now, sizes
        scale = abs(matrix[3]) or abs(matrix[1]) or 1.0
        for at, part in enumerate(text.split("\n")):
            if at:
                _finish(lines, number, now, sizes)
                now, sizes = "", Counter[float]()
            now += part
            sizes[round(size * scale, 1)] += len(part.strip())

    page.extract_text(visitor_text=visit)
    _finish(lines, number, now, sizes)
    return lines


def _finish(lines: list[_Line], page: int, text: str, sizes: Counter[float]) -> None:
    shown = " ".join(text.split())
    if shown:
        lines.append(_Line(page, shown, sizes.most_common(1)[0][0]))


def _margins(lines: list[_Line], pages: int) -> set[str]:
    """First and last lines that stand on three pages and more, numbers aside: running heads and feet."""
    edges: Counter[str] = Counter()
    for page in range(1, pages + 1):
        of_page = [line.text for line in lines if line.page == page]
        edges.update({_key(text) for text in (*of_page[:2], *of_page[-2:])})
    return {key for key, count in edges.items() if count >= 3}


def _key(text: str) -> str:
    return re.sub(r"\d+", "0", text)


def _shaped(lines: list[_Line], margins: set[str]) -> list[list[Any]]:
    """Headings by size, wrapped lines joined again, running heads marked."""
    weights = Counter[float]()
    for line in lines:
        weights[line.size] += len(line.text)
    usual = weights.most_common(1)[0][0]
    large = sorted({line.size for line in lines if line.size >= usual * HEADING_SIZE}, reverse=True)
    levels = {size: min(at, LEVELS) for at, size in enumerate(large, 1)}
    widest = max(len(line.text) for line in lines if line.size not in levels or not levels)
    shaped: list[list[Any]] = []
    open_line = False
    for line in lines:
        if _key(line.text) in margins:
            shaped.append(["mark", 0, line.page, line.text, ""])
            continue
        if line.size in levels and len(line.text) <= HEADING_LENGTH:
            shaped.append(["heading", levels[line.size], line.page, line.text, ""])
            open_line = False
            continue
        before = shaped[-1] if shaped else None
        if (
            open_line
            and before is not None
            and before[0] in ("text", "item")
            and not _OPENING.match(line.text)
        ):
            before[3] += line.text
        else:
            kind = "item" if _BULLET.match(line.text) else "text"
            shaped.append([kind, 0, line.page, _BULLET.sub("", line.text), ""])
        open_line = len(line.text) >= widest * FULL_LINE and _END.search(line.text) is None
    return shaped
