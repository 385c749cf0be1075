"""Quality of whole dialogues as 19 people judged it: RSNOD and NMD of the distributions of A, S and E."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlp.evaluate.metrics import nmd, rsnod
from nlp.evaluate.satisfaction import dialogues, others, parts, without
from nlp.quality.ports import Analyser
from nlp.quality.satisfaction import load_parameters, probabilities
from nlp.train.satisfaction import (
    ASPECTS,
    GRADES,
    Floats,
    Seen,
    dialogue_of,
    fit_dialogue_head,
    shares_of,
)

_NEAR = np.array(
    [[0.55, 0.30, 0.12, 0.03, 0.0], [0.06, 0.22, 0.44, 0.22, 0.06], [0.0, 0.03, 0.12, 0.30, 0.55]]
)
"""How each level of satisfaction is spread over the five grades where no head was fitted."""


def _truth(rows: Sequence[Mapping[str, Any]]) -> dict[str, Floats]:
    return {aspect: np.array([shares_of(row["annotations"], aspect) for row in rows]) for aspect in ASPECTS}


def _shipped(seen: Sequence[Seen]) -> dict[str, Floats]:
    parameters = load_parameters()
    width = len(parameters.mean)
    shares = np.array([probabilities(one.numbers[:width], parameters) for one in seen]) @ _NEAR
    return dict.fromkeys(ASPECTS, shares)


def _compared(
    truth: Mapping[str, Floats], guess: Mapping[str, Floats]
) -> dict[str, list[tuple[float, float]]]:
    return {
        aspect: [(rsnod(p, q), nmd(p, q)) for p, q in zip(guess[aspect], truth[aspect], strict=True)]
        for aspect in ASPECTS
    }


def evaluate_quality(
    data: Path,
    train: Path | None = None,
    folds: int | None = None,
    holdout: float | None = None,
    seed: int = 0,
    analyser: Analyser | None = None,
) -> dict[str, float]:
    """Means over dialogues, and of the mean distribution of the fitting rows beside (`…_mean`).

    Raises RowsError for a file, ValueError where the annotations are missing.
    """
    rows = _annotated(data)
    seen = [dialogue_of(row, analyser) for row in rows]
    pairs: dict[str, list[tuple[float, float]]] = {aspect: [] for aspect in ASPECTS}
    plain: dict[str, list[tuple[float, float]]] = {aspect: [] for aspect in ASPECTS}
    counts: dict[str, float] = {"dialogues": float(len(rows))}

    def add(test: Sequence[int], guess: Mapping[str, Floats], mean: Mapping[str, Floats] | None) -> None:
        truth = _truth([rows[at] for at in test])
        for aspect, values in _compared(truth, guess).items():
            pairs[aspect] += values
        if mean is not None:
            flat = {aspect: np.tile(mean[aspect], (len(test), 1)) for aspect in ASPECTS}
            for aspect, values in _compared(truth, flat).items():
                plain[aspect] += values

    if train is not None:
        kept, removed = without(_annotated(train), rows)
        counts |= {"train_dialogues": float(len(kept)), "removed": float(removed)}
        head = fit_dialogue_head([dialogue_of(row, analyser) for row in kept], _truth(kept))
        add(range(len(rows)), head.distributions(seen), head.base)
    elif folds or holdout:
        for scored in parts(len(rows), folds, holdout, seed):
            fit = others(rows, scored)
            head = fit_dialogue_head([seen[at] for at in fit], _truth([rows[at] for at in fit]))
            add(scored, head.distributions([seen[at] for at in scored]), head.base)
    else:
        add(range(len(rows)), _shipped(seen), None)
    return _figures(pairs, "") | _figures(plain, "_mean") | counts


def _annotated(path: Path) -> list[Mapping[str, Any]]:
    rows = [row for row in dialogues(path) if row.get("annotations") and row["turns"]]
    if not rows:
        raise ValueError(f"{path} 里没有 annotations（每人一组 A、S、E，取值 {GRADES[0]} 到 {GRADES[-1]}）")
    return rows


def _figures(pairs: Mapping[str, Sequence[tuple[float, float]]], suffix: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for aspect, values in pairs.items():
        if values:
            means = np.mean(np.array(values), axis=0)
            found[f"rsnod_{aspect.lower()}{suffix}"] = float(means[0])
            found[f"nmd_{aspect.lower()}{suffix}"] = float(means[1])
    return found
