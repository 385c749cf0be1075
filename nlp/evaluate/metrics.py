"""The measures we print, each on plain arrays and between 0 and 1 (`spearman`: -1…1).

Sources: nDCG Järvelin & Kekäläinen 2002; ECE Guo et al. 2017; RSNOD and NMD Sakai 2018 (NTCIR STC-3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def ndcg(ranked: Sequence[str], gains: Mapping[str, float], k: int = 10) -> float:
    """nDCG@k of one ranking of distinct ids; `gains` holds the relevant ids. 0 where nothing is relevant."""
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    got = np.array([gains.get(identity, 0.0) for identity in ranked[:k]])
    best = np.sort(np.array([gain for gain in gains.values() if gain > 0]))[::-1][:k]
    ideal = float(best @ discounts[: len(best)])
    return float(got @ discounts[: len(got)]) / ideal if ideal > 0 else 0.0


def mrr(ranked: Sequence[str], relevant: Mapping[str, float], k: int = 10) -> float:
    """Reciprocal rank of the first relevant id among the first k, else 0."""
    for rank, identity in enumerate(ranked[:k], start=1):
        if relevant.get(identity, 0.0) > 0:
            return 1.0 / rank
    return 0.0


def recall(ranked: Sequence[str], relevant: Mapping[str, float], k: int) -> float:
    """Share of the relevant ids found among the first k."""
    wanted = {identity for identity, gain in relevant.items() if gain > 0}
    return len(wanted.intersection(ranked[:k])) / len(wanted) if wanted else 0.0


def retrieval_figures(
    rankings: Mapping[str, Sequence[str]], relevance: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    """Means over the judged queries; a query without a ranking counts as nothing found."""
    queries = [query for query, gains in relevance.items() if any(gain > 0 for gain in gains.values())]
    figures: dict[str, float] = {"queries": float(len(queries))}

    def mean(values: list[float]) -> float:
        return float(np.mean(values)) if values else 0.0

    found = {query: rankings.get(query, ()) for query in queries}
    figures["ndcg@10"] = mean([ndcg(found[query], relevance[query]) for query in queries])
    figures["mrr@10"] = mean([mrr(found[query], relevance[query]) for query in queries])
    for k in (1, 5, 10):
        figures[f"recall@{k}"] = mean([recall(found[query], relevance[query], k) for query in queries])
    return figures


def ranks(values: ArrayLike) -> Floats:
    """Ranks from 1, ties share their mean rank."""
    _, inverse, counts = np.unique(
        np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True
    )
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[inverse], dtype=np.float64)


def spearman(left: ArrayLike, right: ArrayLike) -> float:
    """Spearman's rank correlation with ties averaged; 0 where either side is constant."""
    a, b = ranks(left), ranks(right)
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0


def average_precision(scores: ArrayLike, positive: ArrayLike) -> float:
    """Area under the precision-recall curve by steps; equal scores are taken as one step."""
    score = np.asarray(scores, dtype=np.float64)
    truth = np.asarray(positive, dtype=bool)
    if not truth.any():
        return 0.0
    order = np.argsort(-score, kind="stable")
    score, hits = score[order], np.cumsum(truth[order])
    ends = np.flatnonzero(np.append(np.diff(score) != 0, True))
    precision = hits[ends] / (ends + 1)
    steps = np.diff(np.concatenate(([0], hits[ends])))
    return float(precision @ steps) / float(hits[-1])


def accuracy(truth: Sequence[object], guess: Sequence[object]) -> float:
    """Share of equal labels; 0 for no rows."""
    return sum(a == b for a, b in zip(truth, guess, strict=True)) / len(truth) if truth else 0.0


def _per_class(truth: Sequence[object], guess: Sequence[object]) -> tuple[list[float], list[float]]:
    scores, recalls = [], []
    pairs = list(zip(truth, guess, strict=True))
    for label in sorted(set(truth), key=str):
        hit = sum(a == label and b == label for a, b in pairs)
        actual = sum(a == label for a, _ in pairs)
        said = sum(b == label for _, b in pairs)
        scores.append(2 * hit / (actual + said))
        recalls.append(hit / actual)
    return scores, recalls


def macro_f1(truth: Sequence[object], guess: Sequence[object]) -> float:
    """Mean F1 over the labels that occur in `truth`."""
    scores, _ = _per_class(truth, guess)
    return float(np.mean(scores)) if scores else 0.0


def uar(truth: Sequence[object], guess: Sequence[object]) -> float:
    """Unweighted average recall over the labels that occur in `truth`."""
    _, recalls = _per_class(truth, guess)
    return float(np.mean(recalls)) if recalls else 0.0


def ece(confidence: ArrayLike, correct: ArrayLike, bins: int = 15) -> float:
    """Expected calibration error of the top label, equal-width bins."""
    sure = np.asarray(confidence, dtype=np.float64)
    right = np.asarray(correct, dtype=np.float64)
    if not len(sure):
        return 0.0
    place = np.minimum((sure * bins).astype(np.int64), bins - 1)
    gap = np.bincount(place, weights=right - sure, minlength=bins)
    return float(np.abs(gap).sum() / len(sure))


def threshold_at_precision(
    confidence: ArrayLike, correct: ArrayLike, precision: float
) -> tuple[float, float]:
    """Lowest threshold whose accepted rows (confidence ≥ threshold) reach `precision`, and their share.

    Returns `(inf, 0.0)` where no threshold reaches it.
    """
    sure = np.asarray(confidence, dtype=np.float64)
    order = np.argsort(-sure, kind="stable")
    sure, right = sure[order], np.cumsum(np.asarray(correct, dtype=np.float64)[order])
    ends = np.flatnonzero(np.append(np.diff(sure) != 0, True)) if len(sure) else np.array([], dtype=np.int64)
    good = ends[right[ends] / (ends + 1) >= precision] if len(ends) else ends
    if not len(good):
        return float("inf"), 0.0
    return float(sure[good[-1]]), float(good[-1] + 1) / len(sure)


def coverage_at_precision(confidence: ArrayLike, correct: ArrayLike, precision: float = 0.95) -> float:
    """Largest share of rows that can be answered, surest first, at the precision asked."""
    return threshold_at_precision(confidence, correct, precision)[1]


def _order_distance(p: Floats, q: Floats) -> float:
    # OD(p, q): the mean over the grades i of the squared errors weighted by their distance from i.
    grade = np.arange(len(p))
    return float((np.abs(grade[:, None] - grade[None, :]) @ np.square(p - q)).mean())


def rsnod(p: ArrayLike, q: ArrayLike) -> float:
    """Root symmetric normalised order-aware divergence of two distributions over ordered grades."""
    a, b = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    return float(np.sqrt((_order_distance(a, b) + _order_distance(b, a)) / 2 / (len(a) - 1)))


def nmd(p: ArrayLike, q: ArrayLike) -> float:
    """Normalised match distance (earth mover's distance) of two distributions over ordered grades."""
    a, b = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    return float(np.abs(np.cumsum(a) - np.cumsum(b)).sum() / (len(a) - 1))
