"""Figures of the lint and the draft check on the planted mistakes: `python -m scripts.evaluate_planted`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kb.entries import Entry, from_json
from kb.lint.base import build
from kb.lint.run import lint

PLANTED = Path(__file__).parents[1] / "tests/kb/planted"
HANDBOOK = Path(__file__).parent / "demo/handbook"
AS_OF = datetime(2026, 11, 22, 2, tzinfo=UTC)
HALVES = ("open", "blind")
CONFLICTS = frozenset({"conflict", "step_removed"})


@dataclass(frozen=True, slots=True)
class Tally:
    """Right, false and missed findings of one task."""

    right: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.false) if self.right + self.false else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.right + other.right, self.false + other.false, self.missed + other.missed)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def tally(found: Iterable[object], wanted: Iterable[object]) -> Tally:
    """Sets of findings against sets of labels."""
    mine, theirs = set(found), set(wanted)
    return Tally(len(mine & theirs), len(mine - theirs), len(theirs - mine))


def lint_tallies(half: str) -> dict[str, Tally]:
    """Conflicts, twins and dead slots of one half; the parts are never mixed in one handbook."""
    entries = [from_json(row) for row in _rows(PLANTED / f"conflicts.{half}.jsonl")]
    labels = json.loads((PLANTED / f"conflicts.{half}.labels.json").read_text(encoding="utf-8"))
    issues = lint(build(entries), AS_OF)
    pairs = {
        task: {frozenset(spot.entry_id for spot in one.entries) for one in issues if one.code in codes}
        for task, codes in (("conflicts", CONFLICTS), ("twins", {"twins", "duplicate"}))
    }
    slots = {
        (one.entries[0].entry_id, one.code.removeprefix("slot_"))
        for one in issues
        if one.code in ("slot_not_used", "slot_not_declared")
    }
    return {
        "conflicts": tally(pairs["conflicts"], {frozenset((c["a"], c["b"])) for c in labels["conflicts"]}),
        "twins": tally(pairs["twins"], map(frozenset, labels["twins"])),
        "dead_slots": tally(slots, {(one["id"], one["what"]) for one in labels["dead_slots"]}),
    }


def handbook() -> list[Entry]:
    """The demo's entries."""
    return [from_json(row) for path in sorted(HANDBOOK.glob("*.jsonl")) for row in _rows(path)]


def main() -> None:
    """Print one line for each task and half."""
    for half in HALVES:
        for task, one in lint_tallies(half).items():
            print(f"{half:<6} {task:<11} precision {one.precision:.3f}  recall {one.recall:.3f}  {one}")


if __name__ == "__main__":
    main()
