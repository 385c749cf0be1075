"""The cleaning steps in their order, over whole documents and over single fields."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from kb.ingest.boilerplate import boilerplate
from kb.ingest.damage import damages
from kb.ingest.mapped import Mapped, mapped, simplified
from kb.ingest.pinyin import marks
from kb.ingest.report import Doubt, Tally

_BLANKS = re.compile(r"_{5,}")
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_SENTENCE_END = re.compile(r"[。；;！!]")
_AROUND = 8
RUN_ON_FIGURES, RUN_ON_LENGTH = 3, 1_000


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A clean document: its text with the way back, its title where the file told one, and what to look at."""

    text: Mapped
    title: str
    doubts: tuple[Doubt, ...]


def clean_document(text: str, tally: Tally, *, pages: bool) -> Cleaned:
    """Clean a whole file's text. `pages`: plain text with page marks and slide lines, not Markdown."""
    lines = [at for at, character in enumerate(text) if character == "\n"]
    clean = without_pinyin(mapped(text), tally)
    clean, doubts = _without_damage(clean, tally, lines)
    clean = _simplify(clean, tally)
    found = boilerplate(clean.text, pages=pages)
    for start, end, step in found.spans:
        tally.changed(step, clean.text[start:end].strip(), "")
    clean = clean.without((start, end) for start, end, _ in found.spans)
    clean = _short_blanks(clean, tally)
    if pages:
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
        doubts.append(Doubt("line", at, "text", "damaged", reason, broken))
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
    """Slide lines that ran together: many figures in one line, or a whole text in one."""
    doubts: list[Doubt] = []
    at = 0
    for line in text.text.split("\n"):
        figures = len(_FIGURE.findall(line))
        reason = ""
        if len(line) > RUN_ON_LENGTH:
            reason = f"需人工复核：{len(line)} 个字挤在一行，请拆分"
        elif figures >= RUN_ON_FIGURES and len(_SENTENCE_END.findall(line)) >= 2:
            reason = f"需人工复核：一行里有 {figures} 个数字，可能是幻灯片连行，请拆分"
        if reason:
            place = bisect_right(lines, text.origin[at] - 1) + 1
            doubts.append(Doubt("line", place, "text", "needs_review", reason, line.strip()))
        at += len(line) + 1
    return doubts
