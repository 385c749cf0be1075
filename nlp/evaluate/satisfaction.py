"""Satisfaction of customer turns on labelled transcripts: accuracy, macro-F1, UAR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlp.evaluate.metrics import accuracy, macro_f1, uar
from nlp.evaluate.rows import apart, read_rows
from nlp.quality.ports import Analyser
from nlp.quality.satisfaction import load_parameters, probabilities
from nlp.text import key
from nlp.train.satisfaction import Seen, fit_turn_head, turns_of

Dialogue = Mapping[str, Any]
Labelled = list[tuple[Seen, int]]


def dialogues(path: Path) -> list[Dialogue]:
    """Rows with turns. Raises RowsError."""
    return list(read_rows(path, ["turns"]))


def identity(row: Dialogue) -> str:
    """Two dialogues with the same words are the same (NFKC, case-folded, letters and digits only)."""
    return key("".join(str(turn["text"]) for turn in row["turns"]))


def parts(count: int, folds: int | None, holdout: float | None, seed: int) -> list[list[int]]:
    """Places of the rows scored in each part; whole transcripts, so that no dialogue is on both sides."""
    order = np.random.default_rng(seed).permutation(count)
    if folds:
        return [[int(at) for at in order[fold::folds]] for fold in range(folds)]
    held = max(1, round(count * (holdout or 0.1)))
    return [[int(at) for at in order[:held]]]


def without(train: Sequence[Dialogue], scored: Sequence[Dialogue]) -> tuple[list[Dialogue], int]:
    """Training dialogues that are not among the scored ones, and how many were removed."""
    return apart(train, scored, identity)


def others(rows: Sequence[Dialogue], scored: Sequence[int]) -> list[int]:
    """Places of the rows to fit on: all but the scored ones and their doubles."""
    places = [{"at": at, "turns": row["turns"]} for at, row in enumerate(rows)]
    kept, _ = apart(places, [rows[at] for at in scored], identity)
    return [int(one["at"]) for one in kept]


def _labelled(row: Dialogue, analyser: Analyser | None) -> Labelled:
    levels = {
        at: int(turn["satisfaction"])
        for at, turn in enumerate(row["turns"])
        if turn.get("role") == "customer" and turn.get("satisfaction") is not None
    }
    return [(seen, levels[at]) for at, seen in turns_of(row, analyser) if at in levels]


def _shipped(labelled: Labelled) -> list[int]:
    parameters = load_parameters()
    width = len(parameters.mean)
    return [int(np.argmax(probabilities(seen.numbers[:width], parameters))) for seen, _ in labelled]


def _fitted(train: Labelled, test: Labelled, seed: int) -> list[int]:
    head = fit_turn_head([seen for seen, _ in train], [level for _, level in train], seed)
    return head.levels([seen for seen, _ in test])


def figures(truth: Sequence[int], guess: Sequence[int]) -> dict[str, float]:
    """The figures of a list of guesses, with the majority's accuracy beside."""
    common = max(set(truth), key=truth.count) if truth else 0
    return {
        "accuracy": accuracy(truth, guess),
        "macro_f1": macro_f1(truth, guess),
        "uar": uar(truth, guess),
        "majority": accuracy(truth, [common] * len(truth)),
        "turns": float(len(truth)),
    }


def evaluate_satisfaction(
    data: Path,
    train: Path | None = None,
    folds: int | None = None,
    holdout: float | None = None,
    seed: int = 0,
    analyser: Analyser | None = None,
) -> dict[str, float]:
    """Figures of the shipped parameters, or of a head fitted on `train`, on folds, or beside a held-out share.

    Raises RowsError for a file, ValueError where nothing is labelled.
    """
    rows = dialogues(data)
    labelled = [_labelled(row, analyser) for row in rows]
    if not any(labelled):
        raise ValueError(f"{data} 里没有标注 satisfaction 的客户话轮")
    counts: dict[str, float] = {"dialogues": float(len(rows))}
    truth: list[int] = []
    guess: list[int] = []
    if train is not None:
        kept, removed = without(dialogues(train), rows)
        counts |= {"train_dialogues": float(len(kept)), "removed": float(removed)}
        fit = [pair for row in kept for pair in _labelled(row, analyser)]
        test = [pair for one in labelled for pair in one]
        truth, guess = [level for _, level in test], _fitted(fit, test, seed)
    elif folds or holdout:
        for scored in parts(len(rows), folds, holdout, seed):
            fit = [pair for at in others(rows, scored) for pair in labelled[at]]
            test = [pair for at in scored for pair in labelled[at]]
            truth += [level for _, level in test]
            guess += _fitted(fit, test, seed)
    else:
        test = [pair for one in labelled for pair in one]
        truth, guess = [level for _, level in test], _shipped(test)
    return {**figures(truth, guess), **counts}
