"""How well cosine similarity orders pairs of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlp.encode import Encoder
from nlp.evaluate.metrics import average_precision, spearman
from nlp.evaluate.rows import read_rows, without_overlap

FIELDS = ("a", "b", "label")


def pair_figures(rows: Sequence[Mapping[str, Any]], encoder: Encoder) -> dict[str, float]:
    """`spearman` and `ap` of the cosine of `a` and `b` against `label`.

    For graded labels `ap` takes the upper half of the scale as positive.
    """
    texts = dict.fromkeys(str(row[side]) for row in rows for side in ("a", "b"))
    place = {text: at for at, text in enumerate(texts)}  # a text stands in many pairs and is encoded once
    vectors = encoder.encode(list(texts))
    left, right = (vectors[[place[str(row[side])] for row in rows]] for side in ("a", "b"))
    cosine = np.einsum("ij,ij->i", left, right)
    labels = np.array([float(row["label"]) for row in rows])
    positive = labels > (labels.max(initial=0.0) + labels.min(initial=0.0)) / 2
    return {
        "rows": float(len(rows)),
        "spearman": spearman(cosine, labels),
        "ap": average_precision(cosine, positive),
    }


def evaluate_pairs(path: Path, encoder: Encoder, train: Path | None = None) -> dict[str, float]:
    """Figures of a file of `{"a","b","label"}`. Raises RowsError.

    The encoder has no head to fit: rows of `train` are only compared with the file, and the overlap counted.
    """
    rows = list(read_rows(path, FIELDS))
    figures = pair_figures(rows, encoder)
    if train is not None:
        _, removed = without_overlap(read_rows(train, FIELDS), rows, ("a", "b"))
        figures["train_rows_removed"] = float(removed)
    return figures
