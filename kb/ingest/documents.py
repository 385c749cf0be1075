"""Documents become entries of kind `manual`: one a section, titled 文档 / 章节."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from kb.ingest.cleaner import Cleaned, clean_document
from kb.ingest.markdown import markdown_sections
from kb.ingest.report import Doubt, Tally
from kb.ingest.sections import TINY, Section, plain_sections

_TITLE = 160


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry's wire shape before it is checked, the place it came from, and its words before cleaning."""

    value: Mapping[str, Any]
    at: int
    original: str = ""
    start: int = 0
    """Offset in the file's text at which the section begins."""


def drafted(clean: Cleaned, text: str, title: str, section: Section, at: int) -> Draft:
    """The draft of one section of `text`, whose place is `at`."""
    begin, end = clean.text.source(section.start, section.end)
    names = (title, *section.path, section.lead)
    value = {
        "kind": "manual",
        "title": " / ".join(name for name in names if name)[:_TITLE],
        "text": section.text,
        "source": title,
        "section": " / ".join(section.path),
    }
    changed = clean.text.text[section.start : section.end] != text[begin:end]
    return Draft(value, at, text[begin:end].strip() if changed else "", begin)


def read_document(
    filename: str, text: str, tally: Tally, *, markdown: bool, repeated: frozenset[str] = frozenset()
) -> tuple[list[Draft], list[Doubt]]:
    """Clean a document and cut it into drafts. Doubts: damaged text, run-on lines, mixed-up layout."""
    clean = clean_document(text, tally, pages=not markdown, repeated=repeated)
    title, sections = _read(clean, markdown)
    title = title or clean.title or PurePath(filename).stem
    lines = [at for at, character in enumerate(text) if character == "\n"]
    drafts: list[Draft] = []
    doubts = list(clean.doubts)
    for section in sections:
        begin, _ = clean.text.source(section.start, section.end)
        line = bisect_right(lines, begin) + 1
        if section.doubt:
            doubts.append(
                Doubt("line", line, "text", "needs_review", section.doubt, section.text, offset=begin)
            )
        drafts.append(drafted(clean, text, title, section, line))
    if not drafts:
        doubts.append(
            Doubt("line", 1, "text", "invalid", "没有读出可收录的正文", text[:80], "带有正文的文档")
        )
    return drafts, sorted(doubts, key=lambda doubt: doubt.at)


def _read(clean: Cleaned, markdown: bool) -> tuple[str, list[Section]]:
    if markdown:
        return markdown_sections(clean.text.text)
    sections = plain_sections(clean.text.text)
    if not sections:
        return clean.title, sections
    first = sections[0]
    if not first.path and not clean.title and len(first.text) <= TINY and len(sections) > 1:
        return first.text.strip(), sections[1:]
    if not first.path and clean.title and first.text.startswith(clean.title):
        body = first.text[len(clean.title) :].lstrip()
        if not body:
            return clean.title, sections[1:]
        start = first.start + len(first.text) - len(body)
        return clean.title, [
            Section((), body, min(start, first.end - 1), first.end, "", first.doubt),
            *sections[1:],
        ]
    return clean.title, sections
