"""The product's own head: a calibrated linear classifier fitted on labelled texts in seconds.

Margins of a linear SVM over hashed spans (and, where given, an encoder's vectors) become probabilities by a
temperature that goes with the text's length and a shift per label, fitted on rows that the margins' model had
not seen. Where those are of several kinds, `like` names the ones that come closest to the texts to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nlp.encode import Encoder
from nlp.linear import Linear, Probabilities, Table, softmax
from nlp.margins import Counts, Floats, Numbers, count, train
from nlp.text import key

Head = Linear

STRENGTHS = (0.1, 0.2, 0.5, 1.0)  # C of the SVM; the best on unseen rows is taken
FOLDS = 8
NAMED = 10.0  # rows' worth of a label's own words: what its rows say is at times wrong, its name never
LIKE = 200  # rows that a calibration of their own takes
_FEW = 5000  # rows below which spans seen once are kept and more folds are made
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


@dataclass(frozen=True)
class Calibration:
    """`softmax(scale * size ** growth * margins + shift)`: margins of a longer text say more than a shorter one's."""

    scale: float
    growth: float
    shift: Floats

    def logits(self, margins: Floats, size: Floats) -> Floats:
        """Logits `[rows, labels]`; `size` is the length of each row's spans."""
        return np.asarray(self.scale * (size**self.growth)[:, None] * margins + self.shift)


def folds_of(truth: Numbers, count: int, seed: int, same: Sequence[str] | None = None) -> Numbers:
    """Fold of each row, labels spread evenly; rows of one label with the same key in `same` share a fold."""
    names = [str(at) for at in range(len(truth))] if same is None else same
    group, place = np.unique(np.array(names, dtype=np.str_), return_inverse=True)
    first = np.zeros(len(group), dtype=np.int64)
    first[place[::-1]] = truth[::-1]  # a key with two labels counts as its first row's
    order = np.random.default_rng(seed).permutation(len(group))
    fold = np.empty(len(group), dtype=np.int64)
    for label in np.unique(first):
        rows = order[first[order] == label]
        fold[rows] = (np.arange(len(rows)) + label) % count
    return np.asarray(fold[place], dtype=np.int64)


def _unseen_margins(
    counts: Counts, truth: Numbers, weight: Floats, strength: float, fold: Numbers, seed: int, only: int
) -> tuple[Floats, Floats]:
    """Margins and lengths of the rows of the first `only` folds, each by a model without them.

    Rows of fold -1 are always trained on.
    """
    margins, sizes = np.full((len(truth), int(truth.max()) + 1), np.nan), np.ones(len(truth))
    for number in range(only):
        held, others = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if len(held) and len(np.unique(truth[others])) > 1:
            model = train(counts, others, truth, weight, strength, seed)
            margins[held] = model.margins(counts, held)
            sizes[held] = counts.lengths(held, model.telling)
    return margins, sizes


def calibrate(margins: Floats, truth: Numbers, weight: Floats, size: Floats | None = None) -> Calibration:
    """Temperature scaling with a shift per label (Guo et al. 2017), the temperature a power of `size`."""
    from scipy import optimize  # half a second that only fitting needs

    rows = np.arange(len(truth))
    weight = weight / weight.sum()
    power = np.zeros(len(truth)) if size is None else np.log(size)

    def loss(values: Floats) -> tuple[float, Floats]:
        growth, shift = values[1], values[2:]
        scaled = np.exp(values[0] + growth * power)[:, None] * margins
        logits = scaled + shift
        logits -= logits.max(axis=1, keepdims=True)
        raised = np.exp(logits)
        shares = raised / raised.sum(axis=1, keepdims=True)
        error = shares.copy()
        error[rows, truth] -= 1.0
        error *= weight[:, None]
        penalty = _SHIFT_PENALTY * (shift @ shift + growth**2)
        value = -weight @ np.log(np.maximum(shares[rows, truth], 1e-12)) + penalty
        pull = (error * scaled).sum(axis=1)
        first = np.array([pull.sum(), pull @ power + 2 * _SHIFT_PENALTY * growth])
        return float(value), np.concatenate((first, error.sum(axis=0) + 2 * _SHIFT_PENALTY * shift))

    found = optimize.minimize(loss, np.zeros(margins.shape[1] + 2), jac=True, method="L-BFGS-B")
    return Calibration(float(np.exp(found.x[0])), float(found.x[1]), np.asarray(found.x[2:]))


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


def _weights(truth: Numbers, size: int, weights: Sequence[float] | None) -> Floats:
    """Weight of each row; the names of one label weigh `NAMED` together."""
    weight = np.ones(len(truth))
    weight[:size] = 1.0 if weights is None else weights
    extra = truth[size:]
    weight[size:] = NAMED / np.maximum(np.bincount(extra, minlength=int(truth.max()) + 1)[extra], 1)
    return weight


def macro(truth: Numbers, guess: Numbers, weight: Floats) -> float:
    """Macro-F1 of weighted rows: a wrong row here and there counts for less than a label that is never found."""
    size = int(max(truth.max(), guess.max())) + 1
    hit = np.bincount(truth[truth == guess], weights=weight[truth == guess], minlength=size)
    both = np.bincount(truth, weights=weight, minlength=size) + np.bincount(
        guess, weights=weight, minlength=size
    )
    there = np.bincount(truth, minlength=size) > 0
    return float((2 * hit[there] / np.maximum(both[there], 1e-12)).mean())


def _choose(
    counts: Counts, truth: Numbers, weight: Floats, fold: Numbers, strengths: Sequence[float], seed: int
) -> tuple[float, Floats, Floats]:
    """The strength with the best macro-F1 on unseen rows, its margins for all folds, and the rows' lengths.

    Of many rows one fold is enough to tell the strengths apart.
    """
    folds = int(fold.max()) + 1
    judging = 1 if len(truth) >= _FEW else folds
    best: tuple[float, float, Floats, Floats] | None = None
    for strength in strengths if len(strengths) > 1 else ():
        margins, sizes = _unseen_margins(counts, truth, weight, strength, fold, seed, judging)
        judged = ~np.isnan(margins[:, 0])
        # The head answers with what calibration makes of the margins, so that is what is judged.
        made = _calibrated(margins, truth, weight, sizes, None)
        logits = made.logits(margins[judged], sizes[judged])
        right = macro(truth[judged], logits.argmax(axis=1), weight[judged])
        if best is None or right > best[0]:
            best = right, strength, margins, sizes
    if best is not None and judging == folds:
        return best[1:]
    if not strengths:
        raise HeadError("没有可用的正则强度")
    chosen = strengths[0] if best is None else best[1]
    return chosen, *_unseen_margins(counts, truth, weight, chosen, fold, seed, folds)


def _calibrated(
    margins: Floats, truth: Numbers, weight: Floats, sizes: Floats, like: Sequence[bool] | None
) -> Calibration:
    judged = ~np.isnan(margins[:, 0])
    if like is not None and np.count_nonzero(judged & np.asarray(like)) >= LIKE:
        judged &= np.asarray(like)
    if not judged.any():
        return Calibration(1.0, 0.0, np.zeros(margins.shape[1]))
    # Few rows cannot tell how the temperature goes with length.
    return calibrate(
        margins[judged], truth[judged], weight[judged], sizes[judged] if judged.sum() >= LIKE else None
    )


def fit(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    seed: int = 0,
    names: Mapping[str, Sequence[str]] | None = None,
    encoder: Encoder | None = None,
    weights: Sequence[float] | None = None,
    like: Sequence[bool] | None = None,
    version: str = "own",
    strengths: Sequence[float] = STRENGTHS,
    folds: int = FOLDS,
) -> Fit:
    """Fit a head and keep the out-of-fold probabilities, from which thresholds are set.

    `names`: other words for a label (its name, what it is about), evidence worth `NAMED` rows. `weights`: how
    much each text counts, 1 where absent. `folds`: fewer are faster and judge less well. `like`: which rows are
    like the texts to come; it is calibrated on those where they are at least `LIKE`. Raises HeadError for fewer
    than two labels or unequal lengths.
    """
    everything, truth, known = _rows(texts, labels, names)
    size, small = len(texts), len(texts) < _FEW
    weight = _weights(truth, size, weights)
    counts = count(everything, encoder, 1 if small else 2 if size < _MANY else 3)
    fold = np.full(len(truth), -1)
    same = [key(text) for text in texts]
    varied = len(set(same)) >= 3 * len(known)  # else a fold could take all that a label has
    fold[:size] = folds_of(truth[:size], folds if small else min(folds, 3), seed, same if varied else None)
    strength, margins, sizes = _choose(counts, truth, weight, fold, strengths, seed)
    model = train(counts, np.arange(len(truth)), truth, weight, strength, seed)
    margins, sizes = margins[:size], sizes[:size]
    found = _calibrated(margins, truth[:size], weight[:size], sizes, like)
    head = Head(
        labels=known,
        version=version,
        table=Table(counts.known, model.telling.astype(np.float32)),
        weights=np.asarray(model.weights * model.telling[:, None] * found.scale, dtype=np.float32),
        bias=np.asarray(model.bias * found.scale, dtype=np.float32),
        encoder=encoder,
        dense=None if model.dense is None else np.asarray(model.dense * found.scale, dtype=np.float32),
        growth=found.growth,
        shift=np.asarray(found.shift, dtype=np.float32),
    )
    return Fit(head, softmax(found.logits(np.nan_to_num(margins), sizes)), strength)


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
