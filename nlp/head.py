"""The product's own head: a calibrated linear classifier fitted on labelled texts in seconds.

Margins of a linear SVM over hashed spans (and, where given, an encoder's vectors) become probabilities by a
temperature and a shift per label, both fitted on rows that the margins' model had not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from nlp.encode import Encoder
from nlp.linear import Linear, Probabilities, Table, softmax
from nlp.margins import Counts, Floats, Numbers, count, train

Head = Linear

STRENGTHS = (0.1, 0.3, 1.0)  # C of the SVM; the best on unseen rows is taken
_FEW = 3000  # rows below which spans seen once are kept and more folds are made
_MANY = 30_000  # rows from which a span must be seen three times
_SHIFT_PENALTY = 1e-3


class HeadError(ValueError):
    """Rows that no head can be fitted on."""


@dataclass(frozen=True)
class Fit:
    """A head, and the probabilities its rows got from folds that did not hold them (`[rows, labels]`)."""

    head: Head
    unseen: Probabilities
    strength: float


def folds_of(truth: Numbers, count: int, seed: int) -> Numbers:
    """Fold of each row, labels spread evenly."""
    order = np.random.default_rng(seed).permutation(len(truth))
    fold = np.empty(len(truth), dtype=np.int64)
    for label in np.unique(truth):
        rows = order[truth[order] == label]
        fold[rows] = (np.arange(len(rows)) + label) % count
    return fold


def _unseen_margins(
    counts: Counts, truth: Numbers, weight: Floats, strength: float, fold: Numbers, seed: int
) -> Floats:
    """Margins of the rows with a fold, each from a model that did not hold it; fold -1 is always trained on."""
    margins = np.full((len(truth), int(truth.max()) + 1), np.nan)
    for number in range(fold.max() + 1):
        held, others = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if len(held) and len(np.unique(truth[others])) > 1:
            model = train(counts, others, truth, weight, strength, seed)
            margins[held] = model.margins(counts, held)
    return margins


def calibrate(margins: Floats, truth: Numbers, weight: Floats) -> tuple[float, Floats]:
    """Temperature scaling with a shift per label (Guo et al. 2017): `softmax(scale * margins + shift)`."""
    labels = margins.shape[1]
    rows = np.arange(len(truth))
    weight = weight / weight.sum()

    def loss(values: Floats) -> tuple[float, Floats]:
        scale, shift = np.exp(values[0]), values[1:]
        logits = scale * margins + shift
        logits -= logits.max(axis=1, keepdims=True)
        raised = np.exp(logits)
        shares = raised / raised.sum(axis=1, keepdims=True)
        error = shares.copy()
        error[rows, truth] -= 1.0
        error *= weight[:, None]
        value = -weight @ np.log(np.maximum(shares[rows, truth], 1e-12)) + _SHIFT_PENALTY * (shift @ shift)
        slope = np.concatenate(
            ([(error * margins).sum() * scale], error.sum(axis=0) + 2 * _SHIFT_PENALTY * shift)
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


def _choose(
    counts: Counts, truth: Numbers, weight: Floats, fold: Numbers, strengths: Sequence[float], seed: int
) -> tuple[float, Floats]:
    """The strength whose unseen margins are right most often, and those margins."""
    best: tuple[float, float, Floats] | None = None
    for strength in strengths:
        margins = _unseen_margins(counts, truth, weight, strength, fold, seed)
        judged = ~np.isnan(margins[:, 0])
        right = float(weight[judged] @ (margins[judged].argmax(axis=1) == truth[judged]))
        if best is None or right > best[0]:
            best = right, strength, margins
    if best is None:
        raise HeadError("没有可用的正则强度")
    return best[1], best[2]


def fit(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    seed: int = 0,
    names: Mapping[str, Sequence[str]] | None = None,
    encoder: Encoder | None = None,
    weights: Sequence[float] | None = None,
    version: str = "own",
    strengths: Sequence[float] = STRENGTHS,
) -> Fit:
    """Fit a head and keep the out-of-fold probabilities, from which thresholds are set.

    `names`: other words for a label (its name, what it is about), one more row each. `weights`: how much
    each text counts, 1 where absent. Raises HeadError for fewer than two labels or unequal lengths.
    """
    everything, truth, known = _rows(texts, labels, names)
    size, small = len(texts), len(texts) < _FEW
    weight = np.ones(len(truth))
    weight[:size] = 1.0 if weights is None else weights
    counts = count(everything, encoder, 1 if small else 2 if size < _MANY else 3)
    fold = np.full(len(truth), -1)
    fold[:size] = folds_of(truth[:size], 8 if small else 3, seed)
    strength, margins = _choose(counts, truth, weight, fold, strengths, seed)
    margins = margins[:size]
    judged = np.flatnonzero(~np.isnan(margins[:, 0]))
    scale, shift = 1.0, np.zeros(len(known))
    if len(judged):
        scale, shift = calibrate(margins[judged], truth[judged], weight[judged])
    model = train(counts, np.arange(len(truth)), truth, weight, strength, seed)
    head = Head(
        labels=known,
        version=version,
        table=Table(counts.known, model.telling.astype(np.float32)),
        weights=np.asarray(model.weights * model.telling[:, None] * scale, dtype=np.float32),
        bias=np.asarray(model.bias * scale + shift, dtype=np.float32),
        encoder=encoder,
        dense=None if model.dense is None else np.asarray(model.dense * scale, dtype=np.float32),
    )
    return Fit(head, softmax(np.nan_to_num(margins) * scale + shift), strength)


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
