"""Figures of the aspect mining on our own marked sentences: `python -m scripts.evaluate_aspects`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nlp.reports.aspects import Aspects, load_aspects
from scripts.evaluate_planted import Tally, tally

MARKED = Path(__file__).parents[1] / "tests/nlp/reports"
HALVES = ("open", "blind")


def rows(half: str) -> list[dict[str, Any]]:
    """The marked sentences of a half."""
    text = (MARKED / f"aspects.{half}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def measured(half: str, aspects: Aspects | None = None) -> dict[str, Tally]:
    """What was found of what was marked: the aspect with its polarity, the aspect alone, the words of the opinion."""
    mining = aspects or load_aspects()
    pairs: list[tuple[set[Any], set[Any]]] = []
    alone: list[tuple[set[Any], set[Any]]] = []
    opinions = Tally(0, 0, 0)
    for row in rows(half):
        found, wanted = mining.mine(row["text"]), row["aspects"]
        name = row["id"]
        pairs.append(
            ({(name, one.aspect, one.polarity) for one in found},
             {(name, one["aspect"], one["polarity"]) for one in wanted})
        )  # fmt: skip
        alone.append(({(name, one.aspect) for one in found}, {(name, one["aspect"]) for one in wanted}))
        met = sum(
            any(
                one.aspect == mark["aspect"] and one.start < mark["end"] and mark["start"] < one.end
                for one in found
            )
            for mark in wanted
        )
        opinions = opinions + Tally(met, len(found) - min(met, len(found)), len(wanted) - met)
    return {
        "aspect+polarity": tally(*(set().union(*sets) for sets in zip(*pairs, strict=True))),
        "aspect": tally(*(set().union(*sets) for sets in zip(*alone, strict=True))),
        "opinion": opinions,
    }


def f1(one: Tally) -> float:
    """The harmonic mean of precision and recall."""
    return 2 * one.precision * one.recall / (one.precision + one.recall) if one.right else 0.0


def main(halves: Sequence[str] = HALVES) -> None:
    """Print one line for each half and measure."""
    for half in halves:
        for name, one in measured(half).items():
            counts = f"right {one.right}  false {one.false}  missed {one.missed}"
            print(
                f"{half:<6} {name:<16} precision {one.precision:.3f}  recall {one.recall:.3f}  F1 {f1(one):.3f}  {counts}"
            )


if __name__ == "__main__":
    main(sys.argv[1:] or HALVES)
