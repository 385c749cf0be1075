"""The plain way of doing it, on the same rows: a linear SVM over TF-IDF of characters and bigrams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nlp.evaluate.metrics import accuracy, macro_f1
from nlp.train.ship import Rows

Split = Sequence[tuple[str, str]]
"""Texts and labels that were never trained on."""


def plain_figures(rows: Rows, splits: Mapping[str, Split], seed: int = 0) -> dict[str, float]:
    """Accuracy and macro-F1 of the plain way; a label that a split does not hold is not guessed there."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    counter = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    svm: Any = LinearSVC(random_state=seed).fit(counter.fit_transform(rows.texts), rows.labels)
    out: dict[str, float] = {}
    for name, split in splits.items():
        truth = [label for _, label in split]
        margins = svm.decision_function(counter.transform([text for text, _ in split]))
        held = np.isin(svm.classes_, truth)
        guess = svm.classes_[held][margins[:, held].argmax(axis=1)].tolist()
        out[f"{name} accuracy, char SVM"] = round(accuracy(truth, guess), 4)
        out[f"{name} macro_f1, char SVM"] = round(macro_f1(truth, guess), 4)
    return out
