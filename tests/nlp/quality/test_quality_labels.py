"""What the standard form finds in labelled transcripts, as floors; `-s` prints precision and recall per code."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.evaluate_transcripts import CODES, STEPS, Figures, lines, measure, total

ROOT = Path(__file__).parents[3]
DEMO, OWN = ROOT / "scripts" / "demo", ROOT / "tests" / "nlp" / "transcripts"
FLOORS = {
    # file: precision and recall of violations, F1 of the four steps
    DEMO / "conversations.jsonl": (0.80, 0.75, 0.85),
    DEMO / "conversations.heldout.jsonl": (0.50, 0.50, 0.75),
    OWN / "open-a.jsonl": (0.80, 0.75, 0.85),
    OWN / "held-a.jsonl": (0.65, 0.60, 0.82),
    OWN / "held-c.jsonl": (0.70, 0.40, 0.75),
}


def shown(path: Path) -> Figures:
    """The figures of one file, printed."""
    figures = measure(path)
    print(path.name, *lines(figures), sep="\n")
    return figures


@pytest.mark.parametrize("path", FLOORS, ids=lambda path: path.stem)
def test_violations_and_steps_hold_their_floors(path: Path) -> None:
    """B25, R108, R109: precision and recall over all codes, and F1 of comfort, verify, solve and follow-up together."""
    figures = shown(path)
    found = total([figures.codes[code] for code in CODES])
    steps = total([figures.stages[step] for step in STEPS])
    precision, recall, f1 = FLOORS[path]
    assert found.precision >= precision
    assert found.recall >= recall
    assert steps.f1 >= f1


@pytest.mark.parametrize(
    ("name", "floor"), [("conversations.jsonl", 0.85), ("conversations.heldout.jsonl", 0.72)]
)
def test_stages_are_found(name: str, floor: float) -> None:
    """F1 over all six stages holds its floor (B25)."""
    assert total(list(shown(DEMO / name).stages.values())).f1 >= floor
