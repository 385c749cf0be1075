"""Plain ways of doing the same task, fitted on the same rows as ours: a figure alone says little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

_FEW = 1000
"""Rows below which grams seen once are kept."""


def tfidf_cosines(left: Sequence[str], right: Sequence[str]) -> list[float]:
    """Cosine of TF-IDF over characters and bigrams, idf taken from the texts that are scored."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    counter = TfidfVectorizer(analyzer="char", ngram_range=(1, 2))
    counter.fit([*left, *right])
    a, b = counter.transform(left), counter.transform(right)
    return [float(value) for value in np.asarray(a.multiply(b).sum(axis=1)).ravel()]


def commonest(truth: Sequence[str]) -> list[str]:
    """Always the most frequent label of the scored rows."""
    return [Counter(truth).most_common(1)[0][0]] * len(truth) if truth else []


def letters(texts: Sequence[str], labels: Sequence[str], scored: Sequence[str], seed: int = 0) -> list[str]:
    """Labels of a linear SVM over TF-IDF of characters and bigrams. Raises ValueError for fewer than two labels.

    The caller takes the scored rows out of `texts` first, once for this and for our own head.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    least = 2 if len(texts) >= _FEW else 1
    counter = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, min_df=least)
    model = LinearSVC(random_state=seed).fit(counter.fit_transform(texts), labels)
    return [str(label) for label in model.predict(counter.transform(scored))]
