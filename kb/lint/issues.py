"""What the lint reports, in words for who edits the handbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

from kb.entries import Entry
from kb.lint import tables

Severity = Literal["error", "warning", "note"]
ORDER: dict[str, int] = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in an entry's text; `text` is that slice, empty where the whole entry is meant."""

    entry_id: str
    title: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding; `expected` is what should stand there, where that can be told."""

    code: str
    severity: Severity
    message: str
    entries: tuple[Spot, ...]
    expected: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The wire's shape."""
        shown: dict[str, Any] = {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "entries": [
                {"entry_id": s.entry_id, "title": s.title, "text": s.text, "start": s.start, "end": s.end}
                for s in self.entries
            ],
        }
        return shown if self.expected is None else {**shown, "expected": self.expected}


def spot(entry: Entry, start: int = 0, end: int = 0) -> Spot:
    """A place in an entry."""
    return Spot(entry.id, entry.title, entry.text[start:end], start, end)


def issue(code: str, message: str, *spots: Spot, expected: str | None = None) -> Issue:
    """A finding with the severity of its code."""
    return Issue(code, cast(Severity, tables.load().severity[code]), message, spots, expected)


def ordered(found: list[Issue]) -> list[Issue]:
    """Gravest first, then by place."""
    return sorted(found, key=lambda one: (ORDER[one.severity], one.code, *(s.entry_id for s in one.entries)))


def counts(found: list[Issue]) -> dict[str, int]:
    """How many of each severity."""
    return {severity: sum(one.severity == severity for one in found) for severity in ORDER}
