"""The outline of a plain text: which line is a heading, and of which depth.

Converted documents lose their line breaks, so numbering is looked for inside lines too; a number counts only in
its turn (一、 then 二、 …), which tells 一、二线城市 from a heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

_DIGITS = "一二三四五六七八九十"
_MARKER = re.compile(
    rf"(?:0?\d{{1,2}} ?)?第(?P<chapter>[{_DIGITS}]{{1,3}}|\d{{1,2}})[章篇部]|(?<![{_DIGITS}第])(?P<section>[{_DIGITS}]{{1,3}})、|"
    rf"[(（](?P<part>[{_DIGITS}]{{1,3}})[)）]|(?<![\d.VvX×-])(?P<item>\d{{1,2}})[.．、](?=[\u3400-\u9fff“《A-Z])"
)
_SHORT_END = re.compile(r"[。；;！!？?，,、：:]$")
_BODY_START = re.compile(
    r"本(?:工具|手册|文|制度|流程|方案|规定|办法|标准|公司)|当前|目前|基于|为了|为进一步|随着|随著|以下|根据|按照|针对|通过|在数字化|"
    r"收集|明确|对于|近年|如何|作为|避免"
)
_FORM = re.compile(r"(?:记录|登记|评估|跟踪|申请|统计|检查|评分)表(?:[(（].{1,6}[)）])?")
_PAUSE = re.compile(r"[。；;！!？?，,：:]")
TITLE, HEAD = 24, 20
_NEAR = 600

Kind = Literal["chapter", "section", "part", "item", "head", "line"]
DEPTH = {"chapter": 1, "section": 2, "part": 3}


@dataclass(frozen=True, slots=True)
class Piece:
    """A heading or a piece of body, `[start, end)` of the clean text."""

    kind: Kind
    start: int
    end: int


def pieces(text: str) -> list[Piece]:
    """The pieces of `text` in order, without white space around them. Every other character is in one of them."""
    cut = [piece for start, end in _spans(text) for piece in _cut(text, start, end)]
    return list(_heads(text, cut))


def cut_title(text: str) -> int:
    """Where a heading that runs into its body ends: before a word that begins a body, at a pause, or at a length."""
    if len(text) <= TITLE and not _PAUSE.search(text):
        return len(text)
    form = _FORM.search(text, 0, 40)
    if form:
        return form.end()
    begin = _BODY_START.search(text, 4, 40)
    pause = _PAUSE.search(text, 2, 40)
    ends = [match.start() for match in (begin, pause) if match]
    if ends:
        return min(ends)
    return min(len(text), TITLE)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped:
            start = at + line.index(stripped[0])
            yield start, start + len(stripped)
        at += len(line) + 1


def _cut(text: str, start: int, end: int) -> Iterator[Piece]:
    """One line, cut before its markers: each marker must be the first or the next of its kind."""
    marks: list[tuple[int, Kind]] = []
    last = {"section": 0, "part": 0, "item": 0}
    for match in _MARKER.finditer(text, start, end):
        kind = _kind(match)
        number = _number(match.group(kind))
        if kind == "chapter":
            if match.start() == start and end - start <= 60:
                marks.append((match.start(), "chapter"))
            continue
        at_start = match.start() == start
        if number not in (1, last[kind] + 1) and not at_start:
            continue
        if (
            number == 1
            and kind == "item"
            and not at_start
            and not _lists_on(text, match.end(), min(end, match.end() + _NEAR))
        ):
            continue
        last[kind] = number
        if kind == "section":
            last |= {"part": 0, "item": 0}
        elif kind == "part":
            last["item"] = 0
        marks.append((match.start(), kind))
    if not marks or marks[0][0] > start:
        marks.insert(0, (start, "line"))
    for (at, named), (after, _) in zip(marks, [*marks[1:], (end, "line")], strict=True):
        stop = at + len(text[at:after].rstrip())
        if stop > at:
            yield Piece(named, at, stop)


def _lists_on(text: str, at: int, end: int) -> bool:
    """Whether a second item follows the first."""
    return re.search(r"(?<!\d)2[.．、](?=[\u3400-\u9fff“《A-Z])", text[at:end]) is not None


def _kind(match: re.Match[str]) -> Literal["chapter", "section", "part", "item"]:
    if match.group("chapter"):
        return "chapter"
    if match.group("section"):
        return "section"
    return "part" if match.group("part") else "item"


def _number(written: str) -> int:
    if written.isdigit():
        return int(written)
    tens, ten, ones = written.rpartition("十")
    value = _DIGITS.find(ones) + 1 if ones else 0
    return value + (10 * (_DIGITS.find(tens) + 1 if tens else 1) if ten else 0)


def _heads(text: str, cut: list[Piece]) -> Iterator[Piece]:
    """Short lines before other lines are heads; `01` before a short line, in its turn, makes it a chapter."""
    chapter, bodies, skip = 0, 0, False
    for at, piece in enumerate(cut):
        shown = text[piece.start : piece.end]
        if skip:
            skip = False
            continue
        if piece.kind != "line":
            yield piece
            continue
        after = cut[at + 1] if at + 1 < len(cut) else None
        if re.fullmatch(r"0\d", shown):
            number = int(shown)
            if after and _is_head(text, after) and (number == chapter + 1 or (number == 1 and not bodies)):
                chapter, skip = number, True
                yield Piece("chapter", after.start, after.end)
            continue
        head = after is not None and _is_head(text, piece)
        bodies += not head
        yield Piece("head", piece.start, piece.end) if head else piece


def _is_head(text: str, piece: Piece) -> bool:
    shown = text[piece.start : piece.end]
    return piece.kind == "line" and 2 <= len(shown) <= HEAD and _SHORT_END.search(shown) is None
