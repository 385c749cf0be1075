"""Weights of the named signals of `nlp.quality.signals`: python -m nlp.train.signals [--write]

Learnt from the open transcripts, the demo's, and `scripts/demo/turns.train.toml`. What the trained heads say of a
transcript comes from heads that had not seen it, as it will be with the transcripts to come; figures printed are
those of weights that had not seen the transcript either.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.conduct import DISTRESS, WORDING, Conduct
from nlp.linear import beside
from nlp.quality import weighing
from nlp.quality.dialogue import Dialogue
from nlp.quality.examples import dialogue_of
from nlp.quality.form import load_form
from nlp.quality.scorer import moment_of, opened, verdicts_of
from nlp.quality.weights import PRESET
from nlp.sentiment import load_analyser
from nlp.train import conduct, service
from nlp.transcript import Transcript, parse_transcript

CODES = {
    weighing.LEFT_ALONE: "no_empathy_after_anger",
    weighing.ENDED: "premature_close",
    weighing.PASSED_OVER: "ignored_question",
}
SHORT = {
    "passed_over": ("ignored_question", True),
    "answered": ("ignored_question", False),
    "cut_off": ("premature_close", True),
    "ended": ("premature_close", False),
}
_FOLDS = 4
_PENALTY = 10.0
_SHOWN = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
_STEPS = 60
_CLOSE = 1e-6
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """One case of a transcript, and whether it is the failing; a short talk comes from `turns.train.toml`."""

    transcript: str
    short: bool
    signals: Mapping[str, float]
    true: bool


class _Heard:
    """The shipped analyser with other heads."""

    def __init__(self, heads: Conduct) -> None:
        self._analyser, self.conduct = load_analyser(), heads

    def analyse(self, texts: Sequence[str], /) -> Sequence[Any]:
        return self._analyser.analyse(texts)


def heads_of(rows: Sequence[dict[str, Any]], seed: int) -> Conduct:
    """The three heads, fitted on some transcripts."""
    found = {}
    for task, made, alone, frames in (
        (WORDING, conduct.wording_rows(rows), conduct.wording_rows([]), conduct.wording_frames()),
        (DISTRESS, conduct.distress_rows(rows), conduct.distress_rows([]), conduct.distress_frames()),
    ):
        found[task] = conduct._fit(made, len(alone.texts), frames, seed).head
    stage = conduct.stage_fit(rows, seed)[0].head
    return Conduct(found[WORDING], stage, found[DISTRESS], beside((found[WORDING], stage)))  # fmt: skip


def cases(dialogue: Dialogue) -> Iterator[tuple[str, weighing.Case]]:
    """The cases of one dialogue, each with the code it may be."""
    form = dialogue.form
    verdicts = verdicts_of(dialogue, moment_of(dialogue.transcript, None))
    failed = {
        item.code: frozenset(span.turn for span in verdict.evidence)
        for item, verdict in zip(form.items, verdicts, strict=True)
        if verdict.result == "fail"
    }
    for item in form.items:
        if item.code == CODES[weighing.LEFT_ALONE]:
            found = weighing.left_alone(dialogue, item, dialogue.judged)
        elif item.code == CODES[weighing.ENDED]:
            found = weighing.ended(dialogue, item, dialogue.judged)
        elif item.code == CODES[weighing.PASSED_OVER]:
            found = weighing.passed_over(dialogue, item, dialogue.judged, failed)
        else:
            continue
        yield from ((item.code, case) for case in found)


def _rows(transcripts: Sequence[Transcript], heads: Conduct) -> Iterator[tuple[Transcript, str, weighing.Case]]:  # fmt: skip
    for transcript, dialogue in zip(
        transcripts, opened(transcripts, load_form(), _Heard(heads)), strict=True
    ):
        yield from ((transcript, code, case) for code, case in cases(dialogue))


def learnt(seed: int) -> dict[str, list[Row]]:
    """All cases to learn from, by code."""
    rows = conduct.transcripts()
    fold = np.random.default_rng(seed).permutation(len(rows)) % _FOLDS
    found: dict[str, list[Row]] = {code: [] for code in CODES.values()}
    for number in range(_FOLDS):
        heads = heads_of([row for row, at in zip(rows, fold, strict=True) if at != number], seed)
        mine = [row for row, at in zip(rows, fold, strict=True) if at == number]
        marks = {
            (row["id"], mark["code"], mark["turn"]) for row in mine for mark in row["labels"]["violations"]
        }
        for transcript, code, case in _rows([parse_transcript(row) for row in mine], heads):
            true = (transcript.id, code, case.turn) in marks
            found[code].append(Row(transcript.id, False, case.signals, true))
    for code, row in _short(heads):
        found[code].append(row)
    return found


def _short(heads: Conduct) -> Iterator[tuple[str, Row]]:
    written = tomllib.loads((service.DEMO / "turns.train.toml").read_text(encoding="utf-8"))
    for part, (wanted, true) in SHORT.items():
        talks = [dialogue_of(talk) for talk in written[part]]
        for number, talk in enumerate(talks):
            agents = [at for at, turn in enumerate(talk.turns) if turn.role == "agent"]
            place = agents[0] if wanted == CODES[weighing.PASSED_OVER] else agents[-1]
            for _, code, case in _rows([talk], heads):
                if code == wanted and case.turn == place:
                    yield code, Row(f"{part} {number}", True, case.signals, true)


def logistic(signals: Floats, truth: Floats, penalty: float) -> Floats:
    """Weights and, last, the bias of a logistic regression whose weights are held small."""
    wide = np.column_stack([signals, np.ones(len(signals))])
    found = np.zeros(wide.shape[1])
    held = np.full(wide.shape[1], penalty)
    held[-1] = _CLOSE
    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-wide @ found))
        slope = wide.T @ (share - truth) + held * found
        curve = (wide * (share * (1 - share) + _CLOSE)[:, None]).T @ wide + np.diag(held)
        step = np.linalg.solve(curve, slope)
        found = found - step
        if np.abs(step).max() < _CLOSE:
            break
    return found


def fitted(rows: Sequence[Row], names: Sequence[str]) -> Floats:
    """Weights of the signals by name and, last, the bias."""
    table = np.array([[row.signals.get(name, 0.0) for name in names] for row in rows])
    spread = table.std(axis=0) + _CLOSE
    found = logistic(table / spread, np.array([float(row.true) for row in rows]), _PENALTY)
    return np.append(found[:-1] / spread, found[-1])


def unseen(rows: Sequence[Row], names: Sequence[str], seed: int) -> Floats:
    """The probability of each case by weights that had not seen its transcript."""
    ids = sorted({row.transcript for row in rows})
    fold = dict(zip(ids, np.random.default_rng(seed).permutation(len(ids)) % (2 * _FOLDS), strict=True))
    found = np.zeros(len(rows))
    for number in range(2 * _FOLDS):
        mine = [at for at, row in enumerate(rows) if fold[row.transcript] == number]
        weights = fitted([row for row in rows if fold[row.transcript] != number], names)
        table = np.array([[rows[at].signals.get(name, 0.0) for name in names] for at in mine])
        found[mine] = 1 / (1 + np.exp(-(table @ weights[:-1] + weights[-1])))
    return found


def shown(rows: Sequence[Row], shares: Floats, short: bool) -> str:
    """Precision and recall at some thresholds."""
    true = np.array([row.true for row in rows])
    mine = np.array([row.short == short for row in rows])
    parts = []
    for sure in _SHOWN:
        said = (shares >= sure) & mine
        right = int((said & true).sum())
        parts.append(f"{sure:.2f} {right / max(said.sum(), 1):.2f}/{right / max((true & mine).sum(), 1):.2f}")
    return "  ".join(parts)


def main(arguments: Sequence[str], seed: int = 7) -> None:
    """Fit, print and, where asked, write."""
    lines = [
        "# Weights of the signals in nlp/quality/signals.py: written by python -m nlp.train.signals --write\n"
    ]
    by_code = learnt(seed)
    for failing, code in CODES.items():
        rows = by_code[code]
        names = sorted({name for row in rows for name in row.signals})
        shares = unseen(rows, names, seed)
        print(f"{code}: {len(rows)} cases, {sum(row.true for row in rows)} true")
        print(f"  transcripts {shown(rows, shares, False)}\n  short talks {shown(rows, shares, True)}")
        weights = fitted(rows, names)
        lines.append(f"\n[{failing}]\nbias = {weights[-1]:.3f}\n[{failing}.weights]\n")
        lines += [f'"{name}" = {value:.3f}\n' for name, value in zip(names, weights[:-1], strict=True)]
    if "--write" in arguments:
        PRESET.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
