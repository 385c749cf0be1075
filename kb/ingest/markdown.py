"""Sections of Markdown: each heading's body is one, however short; long ones are cut between blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.ingest.sections import FULL, LONG, Section

_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_MATTER_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_SENTENCE = re.compile(r"[^。；;！!？?\n]+[。；;！!？?\n]*")


def markdown_sections(text: str) -> tuple[str, list[Section]]:
    """The document's title (front matter, or a single first `#`; empty when neither) and its sections."""
    matter = _MATTER.match(text)
    told = _MATTER_TITLE.search(matter.group(1)) if matter else None
    title = told.group(1) if told else ""
    parts = list(_parts(text, matter.end() if matter else 0))
    tops = [path for level, path, _, _ in parts if level == 1]
    if not title and len(tops) == 1 and parts[0][0] in (0, 1):
        title = tops[0][0]
    found: list[Section] = []
    for _, path, start, end in parts:
        shown = path[1:] if path and path[0] == title else path
        found += _sections(text, shown, start, end)
    return title, found


def _parts(text: str, at: int) -> Iterator[tuple[int, tuple[str, ...], int, int]]:
    """Heading level, heading path and body span of each part; level 0 for what stands before any heading."""
    level, path, fence = 0, dict[int, str](), ""
    begin = at
    for line in text[at:].splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark and (not fence or mark.group(1).startswith(fence)):
            fence = "" if fence else mark.group(1)
        heading = None if fence else _HEADING.match(line.rstrip("\n"))
        if heading:
            yield level, tuple(path.values()), begin, at
            level = len(heading.group(1))
            path = {depth: name for depth, name in path.items() if depth < level}
            path[level] = _LINK.sub(r"\1", heading.group(2)).strip(" *_`")
            begin = at + len(line)
        at += len(line)
    yield level, tuple(path.values()), begin, at


def _sections(text: str, path: tuple[str, ...], start: int, end: int) -> Iterator[Section]:
    packs: list[str] = []
    for block in _blocks(_COMMENT.sub("", text[start:end])):
        if packs and len(packs[-1]) + len(block) <= (LONG if packs[-1].endswith(("：", ":")) else FULL):
            packs[-1] += "\n\n" + block
        else:
            packs.append(block)
    begins = [*_begins(text, packs, start, end), end]
    for number, pack in enumerate(packs):
        lead = f"{number + 1}/{len(packs)}" if len(packs) > 1 else ""
        yield Section(path, pack, begins[number], begins[number + 1], lead)


def _begins(text: str, packs: list[str], start: int, end: int) -> Iterator[int]:
    """Where each pack begins in `text`: at its first words, or right after the last found when a link changed them."""
    at = start
    for number, pack in enumerate(packs):
        found = text.find(pack.lstrip()[:20], at, end) if number else start
        at = found if found >= 0 else at
        yield at
        at = min(at + 1, end - 1)


def _blocks(body: str) -> Iterator[str]:
    """Paragraphs and whole lists; a line that ends with a colon stays with the list it announces."""
    held = ""
    for block in re.split(r"\n\s*\n", _LINK.sub(r"\1", body)):
        shown = block.strip("\n").rstrip()
        if not shown.strip():
            continue
        shown = f"{held}\n\n{shown}" if held else shown
        held = ""
        if shown.endswith(("：", ":")) and len(shown) < FULL:
            held = shown
        else:
            yield from _short(shown)
    if held:
        yield held


def _short(block: str) -> Iterator[str]:
    if len(block) <= LONG:
        yield block
        return
    now = ""
    for match in _SENTENCE.finditer(block):
        for at in range(match.start(), match.end(), LONG):
            piece = block[at : min(match.end(), at + LONG)]
            if now and len(now) + len(piece) > FULL:
                yield now.rstrip()
                now = ""
            now += piece
    if now.strip():
        yield now.rstrip()
