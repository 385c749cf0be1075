"""Documents that come as lines with their kind (headings, text, list items, tables) become drafts."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from kb.ingest.cleaner import Cleaned, clean_document
from kb.ingest.columns import fields, is_header
from kb.ingest.documents import Draft, drafted
from kb.ingest.readers import Row
from kb.ingest.report import Doubt, Place, Tally
from kb.ingest.sections import FULL, LONG, Section, plain_sections

TITLE = 60
"""A heading is no longer in a path than this."""
LISTED = ("item", "row")
NUMBERED = 40
_NUMBER = re.compile(
    r"(第[一二三四五六七八九十\d]{1,3}[章篇部])|([一二三四五六七八九十]{1,3}、)|([(（][一二三四五六七八九十]{1,3}[)）])"
)
_SENTENCE_END = re.compile(r"[。；;！!？?，,]")
_SENTENCE = re.compile(r"[^。；;！!？?]+[。；;！!？?]*")


@dataclass(frozen=True, slots=True)
class Line:
    """One line as a reader gave it; `place` is its page, or its number among the paragraphs."""

    kind: str
    level: int
    place: int
    text: str


@dataclass(frozen=True, slots=True)
class Structured:
    """What a structured document gave: drafts, tables of questions and answers, doubts."""

    drafts: list[Draft]
    tables: list[tuple[list[Row], dict[str, str]]]
    """Rows, and what every entry of them has: its source and section."""
    doubts: list[Doubt]


def read_structured(
    filename: str, found: Mapping[str, Any], tally: Tally, place: Place, repeated: frozenset[str]
) -> Structured:
    """Clean a confined reader's lines and cut them at their headings; `place` is what their numbers count."""
    told = found["title"] or PurePath(filename).stem
    lines, tables, doubts = _spread(found["lines"], tally, place, told)
    text = "\n".join(line.text for line in lines)
    clean = clean_document(text, tally, pages=place == "page", run_on=True, repeated=repeated)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.text) + 1)
    title = found["title"] or clean.title or PurePath(filename).stem
    drafts: list[Draft] = []
    for section in _sections(clean, lines, starts):
        line = lines[_line(clean, starts, section.start)]
        draft = drafted(clean, text, title, section, line.place)
        if place == "page":
            shown = " / ".join(name for name in (str(draft.value["section"]), f"第 {line.place} 页") if name)
            draft = replace(draft, value={**draft.value, "section": shown})
        drafts.append(draft)
    doubts += [replace(doubt, place=place, at=lines[doubt.at - 1].place) for doubt in clean.doubts]
    doubts += [
        Doubt(place, page, "text", "no_text", "这一页没有文字层，可能是图片：请补录或先做文字识别")
        for page in found.get("bare", ())
    ]
    if not drafts and not tables:
        doubts.append(Doubt(place, 1, "text", "invalid", "没有读出可收录的正文", text[:80], "带有正文的文档"))
    return Structured(drafts, tables, doubts)


def _spread(
    given: Sequence[Any], tally: Tally, place: Place, title: str
) -> tuple[list[Line], list[tuple[list[Row], dict[str, str]]], list[Doubt]]:
    """Lines with every table written out as lines, but for tables of entries, which are kept as rows."""
    lines, tables, doubts = list[Line](), list[tuple[list[Row], dict[str, str]]](), list[Doubt]()
    path: dict[int, str] = {}
    for kind, level, at, content, problem in given:
        if kind == "mark":
            tally.changed("page_marks", content, "")
        elif kind != "table":
            lines.append(Line(kind, level, at, " ".join(content.split())))
            if kind == "heading":
                path = {depth: name for depth, name in path.items() if depth < level}
                path[level] = lines[-1].text[:TITLE]
        elif content and not problem and is_header(fields(content[0])):
            rows = [Row(at + number, tuple(cells)) for number, cells in enumerate(content)]
            tables.append((rows, {"source": title, "section": " / ".join(path.values())}))
        else:
            ragged = "各行的格数不同" if len({len(row) for row in content}) > 1 else ""
            shown = list(_table_lines(content))
            if problem or ragged:
                reason = f"需人工复核：表格{problem or ragged}，按行收录，请核对"
                doubts.append(Doubt(place, at, "text", "table", reason, " ".join(shown)))
            lines += [Line("row", 0, at, line) for line in shown]
    return lines, tables, doubts


def _table_lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table as lines: each row with its column's names, or as it is where there are none."""
    width = max((len(row) for row in rows), default=0)
    head = (
        rows[0] if rows and len(rows) > 1 and width > 2 and all(rows[0]) and len(rows[0]) == width else None
    )
    for row in rows[1:] if head else rows:
        if head and len(row) == width:
            yield "；".join(f"{name}：{cell}" for name, cell in zip(head, row, strict=True) if cell)
        else:
            yield "：".join(cell for cell in row if cell)


def _line(clean: Cleaned, starts: list[int], at: int) -> int:
    return bisect_right(starts, clean.text.origin[at]) - 1


def _sections(clean: Cleaned, lines: Sequence[Line], starts: list[int]) -> Iterator[Section]:
    text = clean.text.text
    if not any(line.kind == "heading" for line in lines):
        lines = [_numbered(line) for line in lines]
    if all(line.kind == "text" for line in lines):
        yield from plain_sections(text)
        return
    path: dict[int, str] = {}
    body: list[tuple[str, int, int]] = []
    for start, end in _spans(text):
        line = lines[_line(clean, starts, start)]
        if line.kind != "heading":
            body.append((line.kind, start, end))
            continue
        yield from _packed(text, tuple(path.values()), body)
        path = {level: name for level, name in path.items() if level < line.level}
        path[line.level], body = text[start:end][:TITLE], []
    yield from _packed(text, tuple(path.values()), body)


def _numbered(line: Line) -> Line:
    """A short line that begins with a chapter's number is a heading in a document that styles none."""
    found = _NUMBER.match(line.text)
    if line.kind != "text" or not found or len(line.text) > NUMBERED or _SENTENCE_END.search(line.text):
        return line
    return replace(line, kind="heading", level=1 + [bool(found.group(at)) for at in (1, 2, 3)].index(True))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for line in text.split("\n"):
        if line.strip():
            yield at + len(line) - len(line.lstrip()), at + len(line.rstrip())
        at += len(line) + 1


def _packed(text: str, path: tuple[str, ...], body: list[tuple[str, int, int]]) -> Iterator[Section]:
    """A heading's body in parts of a good size; a list that is cut has its head in every part."""
    packs: list[list[tuple[int, int]]] = []
    heads: list[tuple[int, int] | None] = []
    size, head = 0, None
    for at, (kind, start, end) in enumerate(body):
        after = body[at + 1] if at + 1 < len(body) else None
        listed = kind in LISTED
        leads = not listed and after is not None and after[0] in LISTED
        if not listed:
            head = (start, end) if leads and end - start <= FULL else None
        ahead = min(FULL, after[2] - after[1]) if leads and after else 0  # a head is not parted from its list
        for begin, stop in _pieces(text, start, end):
            if not packs or size + stop - begin + ahead > (LONG if listed else FULL):
                packs.append([])
                heads.append(head if listed and len(packs) > 1 else None)
                size = 0
            packs[-1].append((begin, stop))
            size += stop - begin
    for number, (pack, before) in enumerate(zip(packs, heads, strict=True), 1):
        lead = f"{number}/{len(packs)}" if len(packs) > 1 else ""
        shown = [text[start:end] for start, end in ([before] if before else []) + pack]
        yield Section(path, "\n".join(shown), pack[0][0], pack[-1][1], lead)


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A line, cut between its sentences where it is longer than a section."""
    if end - start <= LONG:
        yield start, end
        return
    begin = start
    for match in _SENTENCE.finditer(text, start, end):
        while match.end() - begin > LONG:
            stop = match.start() if match.start() > begin else begin + LONG
            yield begin, stop
            begin = stop
    if begin < end:
        yield begin, end
