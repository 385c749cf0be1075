"""Which texts to label next: the pool is cut into as many heaps as labels are to be bought, unsure texts pulling
the heaps towards themselves, and the middle of each heap is taken (weighted clustering, Zhdanov 2019).

So a batch is unsure, typical of much of the pool and spread out, all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.encode import Vectors

_LIMIT = 20_000  # unsure texts among which a batch is chosen
_ROUNDS = 20

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A text of the pool (from 0) and why: how unsure the head is and what share of the pool it stands for, 0…1."""

    row: int
    unsure: float
    share: float
    guess: str


def unsureness(shares: NDArray[np.float32]) -> Floats:
    """Entropy of each row over the most it could be, 0…1."""
    part = np.maximum(shares.astype(np.float64), 1e-12)
    return np.asarray(-(part * np.log(part)).sum(axis=1) / np.log(max(shares.shape[1], 2)))


def choose(
    shares: NDArray[np.float32], known: Sequence[str], pool: Vectors, count: int, seed: int = 0
) -> tuple[Wanted, ...]:
    """The `count` texts of the pool whose label would help most, the most useful first.

    `shares` are the head's probabilities `[pool, known]`; `pool` unit vectors.
    """
    if not len(pool) or count < 1:
        return ()
    from sklearn.cluster import KMeans

    unsure = unsureness(shares)
    left = np.argsort(-unsure, kind="stable")[:_LIMIT]
    rows, weight = pool[left], unsure[left] ** 2 + 1e-6
    heaps = KMeans(min(count, len(left)), n_init=1, random_state=seed, max_iter=_ROUNDS)
    heap = heaps.fit(rows, sample_weight=weight).labels_
    near = np.einsum("ij,ij->i", rows, heaps.cluster_centers_[heap])
    best = shares.argmax(axis=1)
    found: list[Wanted] = []
    total: dict[int, float] = {}
    for number in np.unique(heap):
        members = np.flatnonzero(heap == number)
        row = int(left[members[near[members].argmax()]])
        like = len(members) / len(left)
        found.append(Wanted(row, round(float(unsure[row]), 4), round(like, 4), known[int(best[row])]))
        total[row] = float(weight[members].sum())
    return tuple(sorted(found, key=lambda one: (-total[one.row], one.row)))


Learn = Callable[[list[int]], NDArray[np.float32]]
"""Rows that are labelled → probabilities of all rows of the pool by a head fitted on them."""


def curve(
    learn: Learn,
    known: Sequence[str],
    pool: Vectors,
    first: Sequence[int],
    batch: int,
    rounds: int,
    score: Callable[[list[int]], float],
    seed: int | None = None,
) -> list[tuple[int, float]]:
    """`(labels bought, score)` after each round; with a `seed` the batches are random, else chosen."""
    have, points = list(first), []
    random = None if seed is None else np.random.default_rng(seed)
    for step in range(rounds + 1):
        points.append((len(have), score(have)))
        if step == rounds:
            break
        rest = np.setdiff1d(np.arange(len(pool)), have)
        if random is not None:
            have += [int(row) for row in random.permutation(rest)[:batch]]
        else:
            shares = learn(have)
            got = choose(shares[rest], known, pool[rest], batch)
            have += [int(rest[one.row]) for one in got]
    return points
