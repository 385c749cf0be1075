"""Several labels for one text: one yes-or-no head per label, each calibrated and with a threshold of its own.

A customer may want two things at once (“退货并且要开发票”); probabilities then need not sum to one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.encode import Encoder
from nlp.evaluate.metrics import threshold_at_precision
from nlp.head import Fit, Head, HeadError, fit
from nlp.linear import Probabilities, beside

SEPARATOR = "|"
_YES, _NO = "yes", "no"
_MIDDLE = 0.5


@dataclass(frozen=True)
class MultiHead:
    """`heads[i]` tells whether `labels[i]` holds; `thresholds` from which probability it is said to."""

    labels: tuple[str, ...]
    heads: tuple[Head, ...]
    thresholds: Mapping[str, float]

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        """Probability `[texts, labels]` of each label, independent of the others."""
        told = beside(self.heads).probabilities(texts)
        columns = [part[:, head.labels.index(_YES)] for part, head in zip(told, self.heads, strict=True)]
        return np.stack(columns, axis=1)

    def said(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """Labels of each text that reach their threshold; none is an answer too."""
        shares = self.probabilities(texts)
        bounds = np.array([self.thresholds[label] for label in self.labels])
        return [tuple(self.labels[at] for at in np.flatnonzero(row >= bounds)) for row in shares]


@dataclass(frozen=True)
class MultiFit:
    """A head for several labels, and the probabilities its rows got from folds without them, `[rows, labels]`."""

    head: MultiHead
    unseen: NDArray[np.float32]


def cells(given: str | Iterable[str]) -> tuple[str, ...]:
    """Labels of a row, from one cell (`退货|发票`) or a list."""
    parts = given.split(SEPARATOR) if isinstance(given, str) else given
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _threshold(sure: NDArray[np.float32], holds: NDArray[np.bool_], precision: float) -> float:
    found, _ = threshold_at_precision(sure, holds, precision)
    # Where yes and no lie far apart, any bound between them reached it: the middle is the one that lasts.
    return round(max(_MIDDLE, float(found if np.isfinite(found) else sure.max(initial=0.0))), 4)


def fit_multi(
    texts: Sequence[str],
    labels: Sequence[str | Sequence[str]],
    *,
    names: Mapping[str, Sequence[str]] | None = None,
    encoder: Encoder | None = None,
    precision: float = 0.9,
    seed: int = 0,
) -> MultiFit:
    """Fit one head a label; `precision` is what each label's threshold reaches on rows it had not seen.

    Raises HeadError for unequal lengths, fewer than two labels, or a label that every row carries.
    """
    if len(texts) != len(labels):
        raise HeadError("文本与标签的行数不同")
    carried = [cells(given) for given in labels]
    known = tuple(sorted({label for row in carried for label in row}))
    if len(known) < 2:
        raise HeadError("至少需要两个不同的标签")
    fits: list[Fit] = []
    bounds: dict[str, float] = {}
    for label in known:
        holds = np.array([label in row for row in carried])
        if holds.all():
            raise HeadError(f"每一行都有标签“{label}”：它分不出什么")
        told = [_YES if one else _NO for one in holds]
        own = {_YES: tuple((names or {}).get(label, ()))}
        made = fit(texts, told, names=own, encoder=encoder, seed=seed, strengths=(1.0,), folds=5)
        fits.append(made)
        bounds[label] = _threshold(made.unseen[:, made.head.labels.index(_YES)], holds, precision)
    unseen = np.stack([one.unseen[:, one.head.labels.index(_YES)] for one in fits], axis=1)
    return MultiFit(MultiHead(known, tuple(one.head for one in fits), bounds), unseen)
