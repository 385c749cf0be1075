"""Figures of the standard form on labelled transcripts: `python -m scripts.evaluate_transcripts [FILE…]`.

A finding is right where a mark of its code overlaps it, or for an absence names the same turn. Of the blind
file totals alone are printed; `--errors` lists what was missed and what was found wrongly in the open ones.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlp.quality.dialogue import open_dialogues, prepare
from nlp.quality.form import load_form
from nlp.quality.ports import conduct_of
from nlp.quality.scorer import score_many
from nlp.sentiment import load_analyser
from nlp.stages import STAGES
from nlp.transcript import Span, Transcript, parse_transcript

ROOT = Path(__file__).parents[1]
BLIND = "blind"
CODES = (
    "forbidden_word", "rude", "blame_customer", "promise_without_time", "wrong_fact_risk", "privacy_leak",
    "no_empathy_after_anger", "template_repeat", "premature_close", "ignored_question",
)  # fmt: skip
STEPS = ("comfort", "verify", "solve", "follow_up")


@dataclass(slots=True)
class Tally:
    """Findings that are right, all findings, marks that were found, all marks."""

    right: int = 0
    said: int = 0
    found: int = 0
    true: int = 0

    def add(self, other: Tally) -> None:
        self.right, self.said = self.right + other.right, self.said + other.said
        self.found, self.true = self.found + other.found, self.true + other.true

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def total(tallies: Sequence[Tally]) -> Tally:
    """All of them together."""
    whole = Tally()
    for one in tallies:
        whole.add(one)
    return whole


@dataclass(slots=True)
class Figures:
    """What one file got: by violation code, by stage and for the veto; `errors` as lines to read."""

    codes: dict[str, Tally] = field(default_factory=lambda: {code: Tally() for code in CODES})
    stages: dict[str, Tally] = field(default_factory=lambda: {stage: Tally() for stage in STAGES})
    veto: Tally = field(default_factory=Tally)
    agreed: int = 0
    transcripts: int = 0
    errors: list[str] = field(default_factory=list)


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Labelled transcripts in which an agent speaks."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [row for row in rows if any(turn["role"] == "agent" for turn in row["turns"])]


def _meets(one: Span, other: Span) -> bool:
    if one.turn != other.turn or one.absent != other.absent:
        return False
    return one.absent or (one.start < other.end and other.start < one.end)


def _compare(found: list[Span], marked: list[Span]) -> tuple[Tally, list[Span], list[Span]]:
    false = [one for one in found if not any(_meets(one, mark) for mark in marked)]
    missed = [mark for mark in marked if not any(_meets(one, mark) for one in found)]
    return Tally(len(found) - len(false), len(found), len(marked) - len(missed), len(marked)), false, missed


def _spans(violations: Sequence[dict[str, Any]], code: str) -> list[Span]:
    rows = (one for one in violations if one["code"] == code)
    return [
        Span(one["turn"], one["start"], one["end"], one["text"], one.get("absent", False)) for one in rows
    ]


def _stage_turns(transcript: Transcript, found: dict[int, set[str]]) -> set[tuple[str, int]]:
    """A greeting opens: it counts among an agent's first two turns, also after a change of agents."""
    turns = [at for at, turn in enumerate(transcript.turns) if turn.role == "agent"]
    return {(stage, at) for at in turns for stage in found.get(at, ())}


def _tell(row: dict[str, Any], kind: str, code: str, turn: int, text: str) -> str:
    before = row["turns"][turn - 1]["text"] if turn else ""
    return f"{row['id']} {kind} {code} @{turn} “{text}” ← {before[:60]} → {row['turns'][turn]['text'][:120]}"


def measure(path: Path) -> Figures:
    """Score one file as the service would and compare."""
    form, analyser, figures = load_form(), load_analyser(), Figures()
    rows = rows_of(path)
    transcripts = [parse_transcript(row) for row in rows]
    prepared = prepare(form)
    for row, transcript, score in zip(
        rows, transcripts, score_many(transcripts, form, analyser), strict=True
    ):
        labels = row["labels"]
        failed = {item.code: item.evidence for item in score.items if item.result == "fail"}
        for code in CODES:
            marked = _spans(labels["violations"], code)
            tally, false, missed = _compare(list(failed.get(code, ())), marked)
            figures.codes[code].add(tally)
            for kind, spans in (("FALSE", false), ("MISSED", missed)):
                figures.errors += [_tell(row, kind, code, span.turn, span.text) for span in spans]
        stages = open_dialogues([transcript], prepared, [{}], conduct=conduct_of(analyser))[0].stages
        said = _stage_turns(transcript, {at: set(found) for at, found in stages.items()})
        true = {(stage, at) for stage in STAGES for at in labels["stages"][stage]}
        true = {(stage, at) for stage, at in true if transcript.turns[at].role == "agent"}
        for stage in STAGES:
            mine = {at for one, at in said if one == stage}
            theirs = {at for one, at in true if one == stage}
            both = len(mine & theirs)
            figures.stages[stage].add(Tally(both, len(mine), both, len(theirs)))
            for kind, turns in (("FALSE", mine - theirs), ("MISSED", theirs - mine)):
                figures.errors += [_tell(row, kind, stage, at, "") for at in sorted(turns)]
        veto, wanted = score.veto, bool(labels.get("veto"))
        figures.veto.add(Tally(int(veto and wanted), int(veto), int(veto and wanted), int(wanted)))
        figures.agreed += veto == wanted
        figures.transcripts += 1
        if veto != wanted:
            figures.errors.append(f"{row['id']} {'FALSE' if veto else 'MISSED'} veto")
    return figures


def lines(figures: Figures) -> Iterator[str]:
    """The table of one file."""
    parts = [(code, figures.codes[code]) for code in CODES]
    parts.append(("violations", total(list(figures.codes.values()))))
    parts += [(stage, figures.stages[stage]) for stage in STAGES]
    parts.append(("four steps", total([figures.stages[step] for step in STEPS])))
    parts.append(("veto", figures.veto))
    for name, one in parts:
        yield (
            f"  {name:<24} marks {one.true:>4}  findings {one.said:>4}  "
            f"precision {one.precision:.3f}  recall {one.recall:.3f}  F1 {one.f1:.3f}"
        )
    yield f"  veto agrees in {figures.agreed} of {figures.transcripts}"


def files() -> list[Path]:
    """Our labelled transcripts: the demo's and those written for the evaluation."""
    demo = sorted((ROOT / "scripts/demo").glob("conversations*.jsonl"))
    return [*demo, *sorted((ROOT / "tests/nlp/transcripts").glob("*.jsonl"))]


def main(arguments: Sequence[str]) -> None:
    """Print one table a file."""
    chosen = [Path(one) for one in arguments if one != "--errors"] or files()
    for path in chosen:
        figures = measure(path)
        print(f"{path.name}: {figures.transcripts} transcripts")
        print("\n".join(lines(figures)))
        if "--errors" in arguments and BLIND not in path.name:
            print("\n".join(figures.errors))


if __name__ == "__main__":
    main(sys.argv[1:])
