"""Plain ways of doing the same task, measured beside ours: a figure alone says little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from nlp.evaluate.classify import Row
from nlp.evaluate.metrics import accuracy, macro_f1, spearman
from nlp.evaluate.rows import read_rows, without_overlap
from nlp.text import overlap

Figures = dict[str, float]


def pairs(path: Path) -> Figures:
    """Overlap of character bigrams as similarity."""
    rows = list(read_rows(path, ("a", "b", "label")))
    scores = [overlap(str(row["a"]), str(row["b"])) for row in rows]
    return {"spearman": spearman(scores, [float(row["label"]) for row in rows])}


def _rows(path: Path) -> list[Row]:
    return [(str(row["text"]), str(row["label"])) for row in read_rows(path, ("text", "label"))]


def majority(path: Path) -> Figures:
    """Always the most frequent label of the scored rows."""
    truth = [label for _, label in _rows(path)]
    guess = [Counter(truth).most_common(1)[0][0]] * len(truth)
    return {"accuracy": accuracy(truth, guess), "macro_f1": macro_f1(truth, guess)}


def letters(train: Path, path: Path, seed: int = 0) -> Figures:
    """A linear SVM over TF-IDF of characters and bigrams, fitted on `train` less what stands in `path`."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    scored = list(read_rows(path, ("text", "label")))
    kept, _ = without_overlap(read_rows(train, ("text", "label")), scored, ("text",))
    counter = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    matrix = counter.fit_transform([str(row["text"]) for row in kept])
    model = LinearSVC(random_state=seed).fit(matrix, [str(row["label"]) for row in kept])
    guess: Sequence[str] = list(model.predict(counter.transform([str(row["text"]) for row in scored])))
    truth = [str(row["label"]) for row in scored]
    return {"accuracy": accuracy(truth, guess), "macro_f1": macro_f1(truth, guess)}
