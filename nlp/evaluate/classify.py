"""Classifiers on labelled rows: accuracy, macro-F1, ECE, coverage at 95 % precision, and a plain baseline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nlp.classify import Classifier
from nlp.evaluate.metrics import accuracy, coverage_at_precision, ece, macro_f1

Row = tuple[str, str]
"""Text and label."""


class EvaluationError(ValueError):
    """Rows that cannot be scored as asked; the message says what to do."""


def guesses(
    classifier: Classifier, rows: Sequence[Row], drop: str | None = None
) -> tuple[list[str], list[str], list[float]]:
    """True labels, best labels and their probabilities.

    `drop` names a label whose mass is left out and the rest renormalised (two-way data, three-way model).
    """
    shares = np.array(classifier.probabilities([text for text, _ in rows]), dtype=np.float64)
    labels = list(classifier.labels)
    if drop is not None and drop in labels:
        shares[:, labels.index(drop)] = 0.0
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
    best = shares.argmax(axis=1)
    sure = [float(value) for value in shares.max(axis=1, initial=0.0)]
    return [label for _, label in rows], [labels[at] for at in best], sure


def figures(
    truth: Sequence[str], guess: Sequence[str], sure: ArrayLike, prefix: str = ""
) -> dict[str, float]:
    """The four figures of a classifier, four decimals."""
    right = [a == b for a, b in zip(truth, guess, strict=True)]
    found = {
        "accuracy": accuracy(truth, guess),
        "macro_f1": macro_f1(truth, guess),
        "ece": ece(sure, right),
        "coverage@p95": coverage_at_precision(sure, right),
    }
    return {f"{prefix}{name}": round(value, 4) for name, value in found.items()}
