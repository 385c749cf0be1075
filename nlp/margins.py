"""Margins of a linear SVM over counted spans: the part of the head that learns.

A span counts by how much it tells about the label: the divergence of the labels of its rows from those of all
rows (the idea of NB-SVM, Wang & Manning 2012, for any number of labels). It is learnt from the training rows
alone, so that rows of another fold stay unseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from nlp.encode import Encoder
from nlp.hashed import chunks
from nlp.linear import BITS, Table, buckets

_PRIOR = 2.0  # rows' worth of the overall label shares that each span starts with
_POWER = 0.25
_LEAST_TELLING = 1e-3
_RARITY = 0.5  # power of the rarity (inverse document frequency) beside what a span tells
_PLENTY = 10_000  # rows from which rarity is told from chance
_MOST = 400_000  # spans that are kept: more cost megabytes and gain nothing
_VECTOR = 0.7  # length of the encoder's part beside the unit length of the spans
_MARGIN_FLOOR = -1.0  # margin of a label that the training rows do not hold

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """How much each span counts, `[texts, spans]`; `known` are their buckets; `vectors` those of an encoder."""

    matrix: sparse.csr_matrix
    known: NDArray[np.int32]
    vectors: sparse.csr_matrix | None

    def lengths(self, rows: Numbers, telling: Floats) -> Floats:
        """Length of the chosen texts' spans, one for a text without any."""
        squares = self.matrix[rows].power(2) @ np.square(telling)
        return np.asarray(np.sqrt(np.where(squares > 1e-9, squares, 1.0)))

    def scaled(self, rows: Numbers, telling: Floats) -> sparse.csr_matrix:
        """Unit rows of the chosen texts, the encoder's part beside them."""
        out = sparse.diags(1 / self.lengths(rows, telling)) @ self.matrix[rows] @ sparse.diags(telling)
        if self.vectors is not None:
            out = sparse.hstack([out, self.vectors[rows] * _VECTOR])
        return sparse.csr_matrix(out)


def count(texts: Sequence[str], encoder: Encoder | None, least: int) -> Counts:
    """Count the spans that stand in the texts at least `least` times, of too many the most frequent."""
    seen = np.zeros(1 << BITS, dtype=np.int64)
    for _, _, part in chunks(texts):
        seen += np.bincount(buckets(part.hashes).ravel(), minlength=len(seen))
    seen[0] = 0
    if (seen >= least).sum() > _MOST:
        least = int(np.partition(seen, -_MOST)[-_MOST]) + 1
    known = np.flatnonzero(seen >= least).astype(np.int32)
    table = Table(known, np.ones(len(known), dtype=np.float32))
    # Hashing again costs less than keeping all hashes.
    blocks = [table.count(part) for _, _, part in chunks(texts)]
    matrix = sparse.csr_matrix(sparse.vstack(blocks), dtype=np.float64)
    vectors = None if encoder is None else sparse.csr_matrix(encoder.encode(texts), dtype=np.float64)
    return Counts(matrix, known, vectors)


def telling(matrix: sparse.csr_matrix, truth: Numbers, weight: Floats) -> Floats:
    """Weight of each span: its label shares' Kullback-Leibler divergence from the overall shares, damped, by rarity."""
    member = sparse.csr_matrix((weight, (truth, np.arange(len(truth)))))
    shares = np.asarray(member.sum(axis=1)).ravel() / weight.sum()
    present = matrix.copy()
    present.data = np.ones_like(present.data)
    table = sparse.coo_matrix(member @ present)
    total = present.T @ weight + _PRIOR
    prior, label, span = shares[table.row], table.row, table.col
    share = (table.data + _PRIOR * prior) / total[span]
    size = matrix.shape[1]
    divergence = np.bincount(span, weights=share * np.log(share / prior), minlength=size)
    # Labels that a span never met keep only their part of the prior.
    unmet = 1.0 - np.bincount(span, weights=shares[label], minlength=size)
    divergence += np.maximum(unmet, 0.0) * (_PRIOR / total) * np.log(_PRIOR / total)
    weigh = (np.maximum(divergence, 0.0) + _LEAST_TELLING) ** _POWER
    texts = np.bincount(matrix.indices, minlength=size)
    if len(truth) >= _PLENTY:
        weigh *= (1.0 + np.log((1 + len(truth)) / (1 + texts))) ** _RARITY
    # A span of other rows alone is unknown, as it will be when texts are served: it has no part in a length.
    return np.where(total > _PRIOR, weigh, 0.0)


@dataclass(frozen=True)
class Model:
    """`weights` `[spans, labels]`, `dense` `[vector, labels]`, `bias` `[labels]`, and the spans' `telling`."""

    telling: Floats
    weights: Floats
    dense: Floats | None
    bias: Floats

    def margins(self, counts: Counts, rows: Numbers) -> Floats:
        """Margins `[rows, labels]`."""
        columns = self.weights if self.dense is None else np.vstack([self.weights, self.dense / _VECTOR])
        return np.asarray(counts.scaled(rows, self.telling) @ columns + self.bias)


def train(counts: Counts, rows: Numbers, truth: Numbers, weight: Floats, strength: float, seed: int) -> Model:
    """A linear SVM on the chosen rows; `truth` numbers the labels from 0, also of rows not chosen."""
    from sklearn.svm import LinearSVC

    weigh = telling(counts.matrix[rows], truth[rows], weight[rows])
    scaled = counts.scaled(rows, weigh)
    # A loose tolerance: five times faster, and no less accurate on any set tried.
    svm = LinearSVC(C=strength, random_state=seed, tol=0.1, max_iter=400)
    svm.fit(scaled, truth[rows], sample_weight=weight[rows])
    labels, present = int(truth.max()) + 1, np.asarray(svm.classes_)
    columns, bias = np.zeros((scaled.shape[1], labels)), np.full(labels, _MARGIN_FLOOR)
    if len(present) == 2:
        columns[:, present] = np.stack([-svm.coef_[0], svm.coef_[0]], axis=1) / 2
        bias[present] = np.array([-svm.intercept_[0], svm.intercept_[0]]) / 2
    else:
        columns[:, present], bias[present] = svm.coef_.T, svm.intercept_
    spans = len(counts.known)
    dense = None if counts.vectors is None else columns[spans:] * _VECTOR
    return Model(weigh, columns[:spans], dense, bias)
