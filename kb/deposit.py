"""A finished complaint as a draft case of the handbook: four parts, no personal data, and what it repeats."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kb.entries import Entry
from kb.segment import Encode
from nlp import text as texts
from nlp.privacy import mask

OPEN = "（请补充）"
TITLE, PART = 40, 80
TAG = "沉淀"


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of a complaint; `source` names where it comes from, `tags` say what it is about."""

    source: str
    request: str
    told: Sequence[str]
    steps: Sequence[str]
    outcome: str
    lesson: str
    title: str | None = None
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Near:
    """A case that is there already, and how like the new one it is (0…1)."""

    entry_id: str
    title: str
    likeness: float


def identity(source: str) -> str:
    """The id of the case that a source becomes."""
    return "case-" + hashlib.sha256(f"deposit\n{source}".encode()).hexdigest()[:12]


def draft_of(course: Course) -> Entry:
    """The draft: 经过, 诉求, 处理, 结果, 教训; personal data is masked in every field."""
    parts = (
        ("经过", "\n".join(f"- {_short(one)}" for one in course.told)),
        ("诉求", _short(course.request)),
        ("处理", "\n".join(f"{at}. {_short(one)}" for at, one in enumerate(course.steps, 1))),
        ("结果", course.outcome),
        ("教训", course.lesson),
    )
    blocks = []
    for name, said in parts:
        body = said.strip() or OPEN
        blocks.append(f"{name}：\n{body}" if "\n" in body or body[0] in "-1" else f"{name}：{body}")
    title = course.title or _short(course.request or next(iter(course.told), ""))[:TITLE] or "客诉案例"
    return Entry(
        id=identity(course.source),
        kind="case",
        title=mask(title.strip()) or "客诉案例",
        text=mask("\n".join(blocks)),
        tags=tuple(dict.fromkeys((TAG, *course.tags))),
        source=mask(course.source.strip()),
    )


def _short(said: str) -> str:
    """One line of bounded length. Masked first: a cut must not hide a number from the mask."""
    line = " ".join(mask(said).split())
    return line if len(line) <= PART else line[: PART - 1] + "…"


def nearest(made: Entry, cases: Iterable[Entry], encode: Encode | None, limit: int = 3) -> tuple[Near, ...]:
    """The cases most like a new one, most like first; the same id is wholly alike."""
    known = sorted((one for one in cases if one.kind == "case"), key=lambda one: one.id)
    if not known:
        return ()
    shared = np.array([texts.overlap(_told(made), _told(one)) for one in known])
    if encode is not None:
        vectors = np.asarray(encode([_told(one) for one in (made, *known)]), np.float64)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = vectors / np.where(lengths > 0, lengths, 1)
        # two texts of one domain point alike: what is beyond the usual counts
        meant = np.clip((vectors[1:] @ vectors[0] - USUAL) / (1 - USUAL), 0, 1)
        shared = (shared + meant) / 2
    found = [
        Near(one.id, one.title, 1.0 if one.id == made.id else round(float(value), 4))
        for one, value in zip(known, shared, strict=True)
    ]
    return tuple(sorted(found, key=lambda near: (-near.likeness, near.entry_id))[:limit])


USUAL = 0.8
"""Cosine of two unlike cases of one shop."""


def _told(entry: Entry) -> str:
    """A case without the headings that every deposit has."""
    text = entry.text
    for name in ("经过", "诉求", "处理", "结果", "教训", "背景", "启示", OPEN):
        text = text.replace(f"{name}：", " ").replace(OPEN, " ")
    return f"{entry.title}\n{text}"
