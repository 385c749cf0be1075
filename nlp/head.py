"""The product's own head: a calibrated linear classifier fitted on labelled texts in seconds.

Margins of a linear SVM over hashed spans (and, where given, an encoder's vectors) become probabilities by a
temperature and a shift per label, both fitted on rows that the margins' model had not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from nlp.encode import Encoder
from nlp.hashed import chunks
from nlp.linear import BUCKETS, Linear, Probabilities, Table, buckets, softmax

Head = Linear

_STRENGTHS = (0.1, 0.3, 1.0)  # C of the SVM; the best on unseen rows is taken
_FEW = 3000  # rows below which spans seen once are kept and more folds are made
_RARITY = 0.5  # power of the idf: full idf overrates spans seen twice
_VECTOR = 1.0  # length of the encoder's part beside the unit length of the spans
_SHIFT_PENALTY = 1e-3
_MARGIN_FLOOR = -1.0  # margin of a label that a fold's training part does not hold

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


class HeadError(ValueError):
    """Rows that no head can be fitted on."""


@dataclass(frozen=True)
class Fit:
    """A head, and the probabilities its rows got from folds that did not hold them (`[rows, labels]`)."""

    head: Head
    unseen: Probabilities
    strength: float


@dataclass(frozen=True)
class _Design:
    matrix: sparse.csr_matrix
    table: Table


def _design(texts: Sequence[str], encoder: Encoder | None, least: int) -> _Design:
    seen = np.zeros(BUCKETS, dtype=np.int64)
    spans = [part for _, _, part in chunks(texts)]
    for part in spans:
        seen += np.bincount(buckets(part.hashes).ravel(), minlength=BUCKETS)
    seen[0] = 0
    known = np.flatnonzero(seen >= least).astype(np.int32)
    idf = np.log((1 + len(texts)) / (1 + np.minimum(seen[known], len(texts)))) + 1
    table = Table(known, (idf**_RARITY).astype(np.float32))
    blocks = []
    for part in spans:
        counted = table.count(part)
        rows = counted.matrix(len(known)) @ sparse.diags(table.rarity)
        blocks.append(sparse.diags(1 / table.lengths(counted)) @ rows)
    matrix = sparse.vstack(blocks)
    if encoder is not None:
        matrix = sparse.hstack([matrix, sparse.csr_matrix(encoder.encode(texts) * _VECTOR)])
    return _Design(sparse.csr_matrix(matrix, dtype=np.float64), table)


def _weights(
    matrix: sparse.csr_matrix, truth: Numbers, labels: int, strength: float, seed: int
) -> tuple[Floats, Floats]:
    """SVM weights `[columns, labels]` and intercepts; labels without rows get a constant low margin."""
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=strength, random_state=seed).fit(matrix, truth)
    present = np.asarray(model.classes_)
    weights = np.zeros((matrix.shape[1], labels))
    bias = np.full(labels, _MARGIN_FLOOR)
    if len(present) == 2:
        weights[:, present] = np.stack([-model.coef_[0], model.coef_[0]], axis=1) / 2
        bias[present] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2
    else:
        weights[:, present], bias[present] = model.coef_.T, model.intercept_
    return weights, bias


def folds_of(truth: Numbers, count: int, seed: int) -> Numbers:
    """Fold of each row, labels spread evenly."""
    order = np.random.default_rng(seed).permutation(len(truth))
    fold = np.empty(len(truth), dtype=np.int64)
    for label in np.unique(truth):
        rows = order[truth[order] == label]
        fold[rows] = (np.arange(len(rows)) + label) % count
    return fold


def _unseen_margins(
    matrix: sparse.csr_matrix, truth: Numbers, labels: int, strength: float, fold: Numbers, folds: int, seed: int
) -> Floats:
    """Margins of the rows with a fold, each from a model that did not hold it; fold -1 is always trained on."""
    margins = np.full((len(truth), labels), np.nan)
    for number in range(folds):
        held = fold == number
        if len(np.unique(truth[~held])) < 2 or not held.any():
            continue
        weights, bias = _weights(matrix[~held], truth[~held], labels, strength, seed)
        margins[held] = matrix[held] @ weights + bias
    return margins


def calibrate(margins: Floats, truth: Numbers) -> tuple[float, Floats]:
    """Temperature scaling with a shift per label (Guo et al. 2017): `softmax(scale * margins + shift)`."""
    labels = margins.shape[1]
    rows = np.arange(len(truth))

    def loss(values: Floats) -> tuple[float, Floats]:
        scale, shift = np.exp(values[0]), values[1:]
        logits = scale * margins + shift
        logits -= logits.max(axis=1, keepdims=True)
        raised = np.exp(logits)
        shares = raised / raised.sum(axis=1, keepdims=True)
        error = shares.copy()
        error[rows, truth] -= 1.0
        value = -np.log(np.maximum(shares[rows, truth], 1e-12)).mean() + _SHIFT_PENALTY * float(shift @ shift)
        slope = np.concatenate(
            ([(error * margins).sum() * scale / len(rows)], error.mean(axis=0) + 2 * _SHIFT_PENALTY * shift)
        )
        return float(value), slope

    found = optimize.minimize(loss, np.zeros(labels + 1), jac=True, method="L-BFGS-B")
    return float(np.exp(found.x[0])), np.asarray(found.x[1:])


def _rows(
    texts: Sequence[str], labels: Sequence[str], names: Mapping[str, Sequence[str]] | None
) -> tuple[list[str], Numbers, tuple[str, ...]]:
    if len(texts) != len(labels):
        raise HeadError("文本与标签的行数不同")
    known = tuple(sorted(set(labels)))
    if len(known) < 2:
        raise HeadError("至少需要两个不同的标签")
    number = {label: at for at, label in enumerate(known)}
    extra = [(text, label) for label in known for text in (names or {}).get(label, ()) if text.strip()]
    everything = [*texts, *(text for text, _ in extra)]
    truth = [number[label] for label in [*labels, *(label for _, label in extra)]]
    return everything, np.array(truth, dtype=np.int64), known


def fit(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    seed: int = 0,
    names: Mapping[str, Sequence[str]] | None = None,
    encoder: Encoder | None = None,
    version: str = "own",
    strengths: Sequence[float] = _STRENGTHS,
) -> Fit:
    """Fit a head and keep the out-of-fold probabilities, from which thresholds are set.

    `names`: other words for a label (its name, what it is about), one more row each.
    Raises HeadError for fewer than two labels or unequal lengths.
    """
    everything, truth, known = _rows(texts, labels, names)
    small = len(texts) < _FEW
    design = _design(everything, encoder, 1 if small else 2)
    folds = 5 if small else 3
    fold = np.concatenate((folds_of(truth[: len(texts)], folds, seed), np.full(len(truth) - len(texts), -1)))
    own = truth[: len(texts)]
    best: tuple[float, float, Floats] | None = None
    for strength in strengths:
        margins = _unseen_margins(design.matrix, truth, len(known), strength, fold, folds, seed)[: len(texts)]
        judged = ~np.isnan(margins[:, 0])
        right = float((margins[judged].argmax(axis=1) == own[judged]).mean()) if judged.any() else 0.0
        if best is None or right > best[0]:
            best = right, strength, margins
    assert best is not None
    _, strength, margins = best
    judged = ~np.isnan(margins[:, 0])
    scale, shift = calibrate(margins[judged], own[judged]) if judged.any() else (1.0, np.zeros(len(known)))
    weights, bias = _weights(design.matrix, truth, len(known), strength, seed)
    head = _head(design, weights * scale, bias * scale + shift, known, encoder, version)
    unseen = softmax(np.where(np.isnan(margins), 0.0, margins) * scale + shift)
    return Fit(head, unseen, strength)


def _head(
    design: _Design,
    weights: Floats,
    bias: Floats,
    labels: tuple[str, ...],
    encoder: Encoder | None,
    version: str,
) -> Head:
    spans = len(design.table.known)
    dense = weights[spans:] * _VECTOR if encoder is not None else None
    return Head(
        labels=labels,
        version=version,
        table=design.table,
        weights=np.asarray(weights[:spans] * design.table.rarity[:, None], dtype=np.float32),
        bias=bias.astype(np.float32),
        encoder=encoder,
        dense=None if dense is None else dense.astype(np.float32),
    )


def fit_head(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    seed: int = 0,
    names: Mapping[str, Sequence[str]] | None = None,
    encoder: Encoder | None = None,
) -> Head:
    """Fit the product's own head; see `fit`."""
    return fit(texts, labels, seed=seed, names=names, encoder=encoder).head


