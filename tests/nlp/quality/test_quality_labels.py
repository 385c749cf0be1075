"""What the rules find in the labelled demo conversations, as floors; `-s` prints precision and recall per code."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from test_quality_form import VIOLATIONS

from nlp.quality.form import load_form
from nlp.quality.scorer import score
from nlp.sentiment import load_analyser
from nlp.stages import STAGES, stages_of
from nlp.transcript import parse_transcript

DEMO = Path(__file__).parents[3] / "scripts" / "demo"


def conversations(name: str) -> list[dict[str, Any]]:
    lines = (DEMO / name).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [row for row in rows if any(turn["role"] == "agent" for turn in row["turns"])]


class Tally:
    def __init__(self) -> None:
        self.right: Counter[str] = Counter()
        self.said: Counter[str] = Counter()
        self.true: Counter[str] = Counter()

    def add(self, said: set[tuple[str, int]], true: set[tuple[str, int]]) -> None:
        self.right.update(code for code, _ in said & true)
        self.said.update(code for code, _ in said)
        self.true.update(code for code, _ in true)

    def figures(self, code: str | None = None) -> tuple[float, float]:
        """Precision and recall of one code, or over all."""
        right, said, true = (
            table[code] if code else sum(table.values()) for table in (self.right, self.said, self.true)
        )
        return right / max(said, 1), right / max(true, 1)

    def show(self) -> None:
        for code in (*sorted(self.true), None):
            precision, recall = self.figures(code)
            print(f"{code or 'all':24} precision {precision:.3f} recall {recall:.3f}")


def found_violations(rows: list[dict[str, Any]]) -> Tally:
    form, analyser, tally = load_form(), load_analyser(), Tally()
    for row in rows:
        items = score(parse_transcript(row), form, analyser).items
        said = {
            (one.code, span.turn)
            for one in items
            if one.result == "fail" and one.code in VIOLATIONS
            for span in one.evidence
        }
        tally.add(said, {(label["code"], label["turn"]) for label in row["labels"]["violations"]})
    return tally


def found_stages(rows: list[dict[str, Any]]) -> Tally:
    tally = Tally()
    for row in rows:
        turns = [at for at, turn in enumerate(row["turns"]) if turn["role"] == "agent"]
        said = {(stage, at) for at in turns for stage in stages_of(row["turns"][at]["text"])}
        said -= {("greeting", at) for at in turns[2:]} | {("closing", at) for at in turns[:-2]}
        true = {(stage, at) for stage in STAGES for at in row["labels"]["stages"][stage] if at in turns}
        tally.add(said, true)
    return tally


@pytest.mark.parametrize(
    ("name", "precision", "recall"), [("conversations.jsonl", 0.80, 0.75), ("conversations.heldout.jsonl", 0.45, 0.40)]
)  # fmt: skip
def test_violations_are_found(name: str, precision: float, recall: float) -> None:
    """Precision and recall over all violation codes hold their floor."""
    tally = found_violations(conversations(name))
    tally.show()
    got = tally.figures()
    assert got[0] >= precision
    assert got[1] >= recall


@pytest.mark.parametrize(
    ("name", "floor"), [("conversations.jsonl", 0.85), ("conversations.heldout.jsonl", 0.72)]
)
def test_stages_are_found(name: str, floor: float) -> None:
    """F1 over all stages holds its floor (B25)."""
    tally = found_stages(conversations(name))
    tally.show()
    precision, recall = tally.figures()
    assert 2 * precision * recall / (precision + recall) >= floor
