"""Rows whose label is likely wrong: confident learning (Northcutt, Jiang & Chuang 2021) and the rows around.

A row is doubted where a head that never saw it gives another label at least that label's usual probability, or
where the same text carries another label more often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.encode import Vectors
from nlp.labels.near import nearest
from nlp.text import key

NEIGHBOURS = 15
SHARE = 0.5  # of the verdict that the neighbours have beside the head
_WARMTH = 8.0  # neighbours weigh by exp(warmth * cosine)
_SHOWN = 3

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row (from 0) whose label is doubted; `like` are near rows that carry the likely label, nearest first.

    `probability` is that of `likely`, `given_probability` that of the label as given; `same` are rows with the
    same text and another label.
    """

    row: int
    given: str
    likely: str
    probability: float
    given_probability: float
    like: tuple[int, ...]
    same: tuple[int, ...]

    @property
    def gain(self) -> float:
        """How much more likely the other label is."""
        return self.probability - self.given_probability


@dataclass(frozen=True, slots=True)
class Pair:
    """How often `given` was doubted in favour of `likely`; `share` is that of all rows given that label."""

    given: str
    likely: str
    rows: int
    share: float


def joined(shares: Floats, rows: Vectors, truth: Numbers) -> Floats:
    """The head's unseen probabilities with the votes of each row's nearest rows, `[rows, labels]`."""
    places, cosines = nearest(rows, rows, NEIGHBOURS, itself=True)
    weight = np.exp(_WARMTH * cosines.astype(np.float64))
    votes = np.zeros_like(shares, dtype=np.float64)
    np.add.at(
        votes, (np.repeat(np.arange(len(rows)), places.shape[1]), truth[places].ravel()), weight.ravel()
    )
    votes /= np.maximum(votes.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray((1 - SHARE) * shares + SHARE * votes)


def _confident(shares: Floats, truth: Numbers) -> Numbers:
    """The likeliest of the labels that reach their own usual probability, the given one where none does."""
    labels = shares.shape[1]
    own = shares[np.arange(len(truth)), truth]
    count = np.bincount(truth, minlength=labels)
    usual = np.bincount(truth, weights=own, minlength=labels) / np.maximum(count, 1)
    usual[count == 0] = np.inf
    reached = np.where(shares >= usual, shares, -1.0)
    return np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), truth)


def _twins(texts: Sequence[str], truth: Numbers) -> tuple[list[tuple[int, ...]], Numbers]:
    """Rows with the same text and another label, and the label most of that text's rows carry."""
    groups: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        groups.setdefault(key(text) or text, []).append(row)
    others: list[tuple[int, ...]] = [()] * len(texts)
    common = truth.copy()
    for rows in groups.values():
        counts = Counter(int(truth[row]) for row in rows)
        if len(counts) < 2:
            continue
        (most, times), (_, second) = counts.most_common(2)
        for row in rows:
            others[row] = tuple(other for other in rows if truth[other] != truth[row])
            common[row] = most if times > second else truth[row]
    return others, common


def suspects(
    texts: Sequence[str],
    labels: Sequence[str],
    known: Sequence[str],
    unseen: NDArray[np.float32],
    rows: Vectors,
) -> tuple[Suspect, ...]:
    """Doubted rows, greatest gain first.

    `unseen` are probabilities `[texts, known]` by a head that had not seen the row; `rows` unit vectors of the
    texts. Raises KeyError for a label that is not `known`.
    """
    number = {label: at for at, label in enumerate(known)}
    truth = np.array([number[label] for label in labels], dtype=np.int64)
    shares = joined(unseen.astype(np.float64), rows, truth)
    best = _confident(shares, truth)
    others, common = _twins(texts, truth)
    best = np.where((best == truth) & (common != truth), common, best)
    found = []
    for row in np.flatnonzero(best != truth):
        likely, given = int(best[row]), int(truth[row])
        found.append(
            Suspect(
                row=int(row),
                given=known[given],
                likely=known[likely],
                probability=float(shares[row, likely]),
                given_probability=float(shares[row, given]),
                like=_alike(int(row), np.flatnonzero(truth == likely), rows),
                same=others[row],
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.gain, one.row)))


def _alike(row: int, carrying: Numbers, rows: Vectors) -> tuple[int, ...]:
    near = rows[carrying] @ rows[row]
    return tuple(int(carrying[at]) for at in np.argsort(-near, kind="stable")[:_SHOWN])


def pairs(found: Sequence[Suspect], labels: Sequence[str]) -> tuple[Pair, ...]:
    """Pairs of labels that are taken for each other, most rows first."""
    count = Counter(labels)
    doubted = Counter((one.given, one.likely) for one in found)
    ranked = sorted(doubted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Pair(given, likely, rows, rows / count[given]) for (given, likely), rows in ranked)
