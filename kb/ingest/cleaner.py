"""The cleaning steps in their order, over whole documents and over single fields."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from kb.ingest.boilerplate import boilerplate
from kb.ingest.damage import damages
from kb.ingest.mapped import Mapped, mapped, simplified
from kb.ingest.pinyin import marks
from kb.ingest.refusal import FileRefused
from kb.ingest.report import Doubt, Tally

_BLANKS = re.compile(r"_{5,}")
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_SENTENCE_END = re.compile(r"[。；;！!]")
_SENTENCE = re.compile(r"[^。；;！!？?]+[。；;！!？?]*")
_ENUMERATION = re.compile(
    r"[①-⑩]|[(（][一二三四五六七八九\d][)）]|[一二三四五六七八九](?:是|、)|第[一二三四五六七八九][，、,]"
)
_AROUND = 8
CHARACTERS = 3_000_000
"""A longer document is no handbook, and would keep a core busy for minutes."""
RUN_ON_FIGURES, RUN_ON_LENGTH, ENUMERATED = 3, 1_000, 60


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A clean document: its text with the way back, its title where the file told one, and what to look at."""

    text: Mapped
    title: str
    doubts: tuple[Doubt, ...]


def clean_document(
    text: str,
    tally: Tally,
    *,
    pages: bool,
    run_on: bool | None = None,
    repeated: frozenset[str] = frozenset(),
) -> Cleaned:
    """Clean a whole file's text. `pages`: plain text with page marks and slide lines, not Markdown.

    `run_on`: point out lines that ran together (as `pages` unless given). `repeated`: keys of lines that other
    documents have too (`kb.ingest.repeated`), left out at the beginning and the end of this one.
    Raises `FileRefused` for a text beyond `CHARACTERS`.
    """
    if len(text) > CHARACTERS:
        raise FileRefused(
            f"文档有 {len(text)} 个字，过长", f"不超过 {CHARACTERS // 10_000} 万字：拆成几份再导入"
        )
    lines = [at for at, character in enumerate(text) if character == "\n"]
    clean = without_pinyin(mapped(text), tally)
    clean, doubts = _without_damage(clean, tally, lines)
    clean = _simplify(clean, tally)
    found = boilerplate(clean.text, pages=pages, repeated=repeated)
    for start, end, step in found.spans:
        tally.changed(step, clean.text[start:end].strip(), "")
    clean = clean.without((start, end) for start, end, _ in found.spans)
    clean = _short_blanks(clean, tally)
    if pages if run_on is None else run_on:
        doubts += _run_on(clean, lines)
    return Cleaned(clean, found.title, tuple(sorted(doubts, key=lambda doubt: doubt.at)))


def clean_field(text: str, tally: Tally, *, traditional: bool) -> tuple[str, tuple[str, ...]]:
    """One field of a table: the clean text, and the damaged sentences taken out of it.

    `traditional`: traditional characters stay as they are.
    """
    clean = without_pinyin(mapped(text), tally)
    clean, doubts = _without_damage(clean, tally, [])
    if not traditional:
        clean = _simplify(clean, tally)
    return clean.text.strip(), tuple(doubt.text for doubt in doubts)


def without_pinyin(text: Mapped, tally: Tally) -> Mapped:
    """The text without inline pinyin."""
    spans = marks(text.text)
    for start, end in spans:
        before = text.text[max(0, start - 2) : end]
        tally.changed("pinyin", before, before[: len(before) - (end - start)])
    return text.without(spans) if spans else text


def _without_damage(text: Mapped, tally: Tally, lines: list[int]) -> tuple[Mapped, list[Doubt]]:
    doubts: list[Doubt] = []
    found = damages(simplified(text).text)
    for damage in found:
        broken = text.text[damage.start : damage.end]
        tally.changed("damage", broken, "")
        reason = "文字损坏，未收入索引，请修复原文"
        if damage.guess:
            reason += f"；可能是“{damage.guess[:40]}”"
        at = bisect_right(lines, text.origin[damage.start] - 1) + 1
        place = text.origin[damage.start]
        doubts.append(
            Doubt("line", at, "text", "damaged", reason, broken, suggestion=damage.guess, offset=place)
        )
    return (text.without((damage.start, damage.cut) for damage in found) if found else text), doubts


def _simplify(text: Mapped, tally: Tally) -> Mapped:
    clean = simplified(text)
    if clean.text == text.text:
        return text
    changed = [at for at, (old, new) in enumerate(zip(text.text, clean.text, strict=True)) if old != new]
    shown = -1
    for at in changed[:200]:
        if at > shown:
            shown = at + _AROUND
            tally.changed(
                "simplify", text.text[at:shown].split("\n")[0], clean.text[at:shown].split("\n")[0], 0
            )
    tally.changed("simplify", text.text[changed[0]], clean.text[changed[0]], len(changed))
    return clean


def _short_blanks(text: Mapped, tally: Tally) -> Mapped:
    spans = [(match.start() + 4, match.end()) for match in _BLANKS.finditer(text.text)]
    for start, end in spans:
        tally.changed("blanks", text.text[start - 4 : end], "____")
    return text.without(spans) if spans else text


def _run_on(text: Mapped, lines: list[int]) -> list[Doubt]:
    """Slide lines that ran together: many figures or a whole enumeration in one line, or a whole text."""
    doubts: list[Doubt] = []
    at = 0
    for line in text.text.split("\n"):
        reason = _crowded(line)
        if reason:
            place = bisect_right(lines, text.origin[at] - 1) + 1
            split = "\n".join(part for part in _SENTENCE.findall(line.strip()) if part.strip())
            doubts.append(
                Doubt(
                    *("line", place, "text", "needs_review", f"需人工复核：{reason}，请拆分", line.strip()),
                    suggestion=split,
                    offset=text.origin[at],
                )
            )
        at += len(line) + 1
    return doubts


def _crowded(line: str) -> str:
    """Why a line should be split by a person, if it should."""
    if len(line) > RUN_ON_LENGTH:
        return f"{len(line)} 个字挤在一行"
    sentences, figures = len(_SENTENCE_END.findall(line)), len(_FIGURE.findall(line))
    if figures >= RUN_ON_FIGURES and sentences >= 2:
        return f"一行里有 {figures} 个数字，可能是幻灯片连行"
    marks = [match.group() for match in _ENUMERATION.finditer(line)]
    if len(set(marks)) >= RUN_ON_FIGURES and len(line) > ENUMERATED:
        return f"一行里有 {len(marks)} 个序号"
    return ""
