"""What an import did: what was cleaned, what is doubted, what was refused, and why. Nothing goes silently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made
from typing import Any, Literal

from kb.ingest.refusal import FileRefused
from nlp.privacy import MASKS, find, mask

__all__ = ["Code", "Doubt", "FileRefused", "Place", "Report", "Step", "Tally", "excerpt"]

EXAMPLES, EXCERPT = 5, 80
STEPS = {
    "pinyin": "去除行内拼音",
    "damage": "剔除乱码句",
    "simplify": "繁体转简体",
    "boilerplate": "剥离网站套话",
    "page_marks": "去除页码与目录",
    "blanks": "收短填空下划线",
}
"""Step codes and the names shown to people, in the order in which they run."""

Code = Literal[
    "needs_review", "damaged", "duplicate", "unknown_column", "invalid", "guessed", "table", "no_text"
]
Place = Literal["row", "line", "page", "paragraph"]
TO_REPAIR: frozenset[Code] = frozenset({"needs_review", "damaged", "invalid", "table", "no_text"})
"""What a person must mend; the rest is for information."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing for a human: a row or line that was kept with a doubt, or refused.

    `suggestion`: what it may have said, or how to split it. `entry_id`: the entry that it stands in, if any.
    `value`: what of a refused row could be read, in an entry's wire shape. `offset`: in the file's text, -1 unknown.
    """

    place: Place
    at: int
    field: str
    code: Code
    reason: str
    text: str = ""
    accepted: str = ""
    suggestion: str = ""
    entry_id: str = ""
    value: Mapping[str, Any] = made(default_factory=dict)
    offset: int = -1

    def to_json(self) -> dict[str, Any]:
        """Its shape in the report; the quoted text is cut short and masked."""
        shown: dict[str, Any] = {
            self.place: self.at,
            "field": self.field,
            "code": self.code,
            "reason": self.reason,
        }
        shown["text"] = excerpt(self.text)
        more = {"accepted": self.accepted, "suggestion": excerpt(self.suggestion), "entry_id": self.entry_id}
        return shown | {name: value for name, value in more.items() if value}


@dataclass(frozen=True, slots=True)
class Step:
    """One cleaning step: how often it changed something, with a few examples before and after."""

    step: str
    count: int
    examples: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Its shape in the report."""
        examples = [{"before": excerpt(before), "after": excerpt(after)} for before, after in self.examples]
        return {"step": self.step, "name": STEPS[self.step], "count": self.count, "examples": examples}


@dataclass(frozen=True, slots=True)
class Report:
    """The report of one file."""

    file: str
    kept: int
    cleaned: tuple[Step, ...] = ()
    doubted: tuple[Doubt, ...] = ()
    refused: tuple[Doubt, ...] = ()
    masked: Mapping[str, int] = made(default_factory=dict)

    @property
    def repairs(self) -> tuple[Doubt, ...]:
        """What a person must mend, the refused first."""
        return self.refused + tuple(doubt for doubt in self.doubted if doubt.code in TO_REPAIR)

    def to_json(self) -> dict[str, Any]:
        """The shape that the import endpoint and the command answer with."""
        return {
            "file": self.file,
            "kept": self.kept,
            "cleaned": [step.to_json() for step in self.cleaned],
            "doubted": [doubt.to_json() for doubt in self.doubted],
            "refused": [doubt.to_json() for doubt in self.refused],
            "masked": dict(self.masked),
        }


class Tally:
    """Counts of one run: the cleaning steps with examples, and the personal data masked by type."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, list[tuple[str, str]]] = {}
        self._masked: dict[str, int] = {}

    def changed(self, step: str, before: str, after: str, count: int = 1) -> None:
        """Note that `step` turned `before` into `after`."""
        self._counts[step] = self._counts.get(step, 0) + count
        examples = self._examples.setdefault(step, [])
        if len(examples) < EXAMPLES and (before, after) not in examples:
            examples.append((before, after))

    def mask(self, text: str) -> str:
        """`text` with personal data masked and counted by type."""
        masked = mask(text)
        if masked != text:
            for found in find(text):
                self._masked[found.type] = self._masked.get(found.type, 0) + 1
        return masked

    @staticmethod
    def quiet(text: str) -> str:
        """`text` masked, without counting: for what repeats an entry's own words."""
        return mask(text)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that changed something, in their order."""
        return tuple(
            Step(step, self._counts[step], tuple(self._examples[step]))
            for step in STEPS
            if step in self._counts
        )

    @property
    def masked(self) -> dict[str, int]:
        """How many findings of each type were masked."""
        return {kind: self._masked[kind] for kind in MASKS if kind in self._masked}


def excerpt(text: str) -> str:
    """The beginning of `text`, masked before it is cut."""
    masked = mask(text[: EXCERPT * 4])
    return masked if len(masked) <= EXCERPT else masked[: EXCERPT - 1] + "…"
