"""Figures of the lint and the draft check on the planted mistakes: `python -m scripts.evaluate_planted`."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from kb.entries import Entry, from_json
from kb.lint.base import Base, Encode, build
from kb.lint.conflict import comparable, differs, meetings, together
from kb.lint.facts import Fact
from kb.lint.run import lint
from nlp.encode import quick

PLANTED = Path(__file__).parents[1] / "tests/kb/planted"
HANDBOOK = Path(__file__).parent / "demo/handbook"
AS_OF = datetime(2026, 11, 22, 2, tzinfo=UTC)
HALVES = ("open", "open2", "blind")
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
    """Conflicts, twins and dead slots of one half."""
    return lint_figures(half)[0]


def lint_figures(half: str) -> tuple[dict[str, Tally], dict[str, tuple[int, int, int]]]:
    """The tallies, and of each type of conflict (found, read, all): read is what both entries state in differing
    amounts or answers, so that weights could find it. The parts are never mixed in one handbook."""
    shops: dict[str, list[Entry]] = {}
    for row in _rows(PLANTED / f"conflicts.{half}.jsonl"):
        shops.setdefault(row["part"], []).append(from_json(row))
    labels = json.loads((PLANTED / f"conflicts.{half}.labels.json").read_text(encoding="utf-8"))
    bases = [build(entries, encode()) for entries in shops.values()]
    issues = [one for base in bases for one in lint(base, AS_OF)]
    pairs = {
        task: {frozenset(spot.entry_id for spot in one.entries) for one in issues if one.code in codes}
        for task, codes in (("conflicts", CONFLICTS), ("twins", {"twins", "duplicate"}))
    }
    slots = {
        (one.entries[0].entry_id, one.code.removeprefix("slot_"))
        for one in issues
        if one.code in ("slot_not_used", "slot_not_declared")
    }
    types: dict[str, tuple[int, int, int]] = {}
    for one in labels["conflicts"]:
        found, read, whole = types.get(one["type"], (0, 0, 0))
        found += frozenset((one["a"], one["b"])) in pairs["conflicts"]
        types[one["type"]] = found, read + _read(bases, one), whole + 1
    tallies = {
        "conflicts": tally(pairs["conflicts"], {frozenset((c["a"], c["b"])) for c in labels["conflicts"]}),
        "twins": tally(pairs["twins"], map(frozenset, labels["twins"])),
        "dead_slots": tally(slots, {(one["id"], one["what"]) for one in labels["dead_slots"]}),
    }
    return tallies, types


def _read(bases: Sequence[Base], label: Mapping[str, Any]) -> bool:
    """Whether both sides of a labelled conflict are among the statements that were read of them."""
    base = next(base for base in bases if label["a"] in base.reads)
    left, right = base.reads[label["a"]], base.reads[label["b"]]
    if label["type"] == "step":
        return bool({one.name for one in left.removed} & {one.name for one in right.steps}) or bool(
            {one.name for one in right.removed} & {one.name for one in left.steps}
        )
    if not together(left, right):
        return False
    return any(
        differs(met.one, met.other)
        and comparable(met.one, met.other)
        and _within(met.one, label["span_a"])
        and _within(met.other, label["span_b"])
        for met in meetings(left, right, 0.0)
    )


def _within(fact: Fact, span: Mapping[str, Any]) -> bool:
    return bool(fact.start < span["end"] and span["start"] < fact.end)


@lru_cache(maxsize=1)
def encode() -> Encode | None:
    """The shipped encoder that is fast enough for the lint."""
    found = quick()
    return None if found is None else found.encode


def handbook() -> list[Entry]:
    """The demo's entries."""
    return [from_json(row) for path in sorted(HANDBOOK.glob("*.jsonl")) for row in _rows(path)]


def draft_tally(half: str) -> tuple[Tally, dict[str, tuple[int, int]], Counter[str], float]:
    """The draft check on one half: its tally, (right, all) of each kind of mistake, false findings by kind, and the
    median ms of a draft."""
    from tempfile import TemporaryDirectory

    from api.drafts import issues
    from api.settings import load_settings

    base = build(handbook(), encode())
    right, false, missed, took = 0, 0, 0, []
    kinds: dict[str, list[bool]] = {}
    wrong: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        settings = load_settings(data=Path(folder))
        for row in _rows(PLANTED / f"drafts.{half}.jsonl"):
            began = time.perf_counter()
            found = issues(settings, "planted", base, [], row["text"], datetime.fromisoformat(row["as_of"]))
            took.append(time.perf_counter() - began)
            error = row["error"]
            hits = [one for one in found if error is not None and _meets(one, error)]
            false += len(found) - len(hits)
            wrong.update(str(one.get("kind", one["code"])) for one in found if one not in hits)
            if error is not None:
                kinds.setdefault(error["kind"], []).append(bool(hits))
                right, missed = right + bool(hits), missed + (not hits)
    counted = {kind: (sum(hits), len(hits)) for kind, hits in sorted(kinds.items())}
    return Tally(right, false, missed), counted, wrong, sorted(took)[len(took) // 2] * 1000


def _meets(found: Mapping[str, Any], error: Mapping[str, Any]) -> bool:
    return bool(
        found["code"] == error["code"] and found["start"] < error["end"] and error["start"] < found["end"]
    )


def main(halves: Sequence[str] = HALVES) -> None:
    """Print one line for each task and half."""
    for half in halves:
        tallies, types = lint_figures(half)
        for task, one in tallies.items():
            _tell(half, task, one)
            if task == "conflicts":
                print(
                    "      ",
                    "  ".join(
                        f"{kind} {hits}/{of} ({read} read)" for kind, (hits, read, of) in types.items()
                    ),
                )
        drafts, kinds, wrong, took = draft_tally(half)
        _tell(half, "drafts", drafts)
        print(
            "      ",
            "  ".join(f"{kind} {hits}/{of}" for kind, (hits, of) in kinds.items()),
            " false:",
            "  ".join(f"{kind} {count}" for kind, count in sorted(wrong.items())),
            f" p50 {took:.1f} ms",
        )


def _tell(half: str, task: str, one: Tally) -> None:
    counts = f"right {one.right}  false {one.false}  missed {one.missed}"
    print(f"{half:<6} {task:<11} precision {one.precision:.3f}  recall {one.recall:.3f}  {counts}")


if __name__ == "__main__":
    main(sys.argv[1:] or HALVES)
