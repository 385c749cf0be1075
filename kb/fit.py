"""Fit `weights.toml`: from judged candidates to a model and its table of precisions.

Used by `scripts/fit_search.py`; needs scipy, serving does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kb.confidence import Model, in_query, leads, probability
from kb.features import NAMES
from kb.postings import Floats
from kb.retrieve import Candidate

ABOUT_QUERY = ("known", "letters", "length")
"""What is the same for all candidates of a query, and so says nothing of their order."""
CONTEXT = (*ABOUT_QUERY, "exact", "cover_query", "cover_question", "dense_entry", "keyword")
"""What makes an answer likelier or not beside the score and its lead: it enters the confidence."""
EVIDENCE = tuple(name for name in NAMES if name not in ABOUT_QUERY)
"""What speaks for a candidate, and so never counts against it."""
LEAST = {"exact": 5.0, "dense_question": 1.0, "cover_question": 0.5}
"""Held-out questions are by design not in the index, so the fit alone would think nothing of a question found."""
IMAGINED, KNOWN, FOREIGN = 0.05, 0.3, 0.001
"""Weights where it is about how sure to be, against a message that a customer wrote and a person judged."""
PRECISIONS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99)


@dataclass(frozen=True, slots=True)
class Judged:
    """Candidates of many queries: features `[n, len(NAMES)]`, whether each answers, its query, its weight
    (0: nobody judged whether it answers).

    `real` marks questions put in words the handbook does not have, or that it does not answer; `known` those put
    in its own words. The table of precisions is made of these two. `foreign` ones teach the order, but not how sure
    to be: other knowledge, other shares of questions without an answer.
    """

    values: Floats
    relevant: npt.NDArray[np.bool_]
    query: npt.NDArray[np.int64]
    weight: Floats
    real: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]
    foreign: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Case:
    """One query with its candidates, which of them answer (ids), and which nobody judged."""

    candidates: tuple[Candidate, ...]
    relevant: frozenset[str]
    unjudged: frozenset[str] = frozenset()
    weight: float = 1.0
    real: bool = False
    known: bool = False
    foreign: bool = False


def judged(cases: Iterable[Case]) -> Judged:
    """The candidates of all cases; those nobody judged stay as rivals and count for nothing else."""
    rows = [
        (
            candidate.values,
            candidate.entry.id in case.relevant,
            number,
            0.0 if candidate.entry.id in case.unjudged - case.relevant else case.weight,
            case.real,
            case.known,
            case.foreign,
        )
        for number, case in enumerate(cases)
        for candidate in case.candidates
    ]
    values, relevant, query, weight, real, known, foreign = zip(*rows, strict=True)
    return Judged(
        np.array(values, np.float32),
        np.array(relevant, np.bool_),
        np.array(query, np.int64),
        np.array(weight, np.float32),
        np.array(real, np.bool_),
        np.array(known, np.bool_),
        np.array(foreign, np.bool_),
    )


def fit(data: Judged, folds: int = 5) -> tuple[Model, dict[str, float]]:
    """The model, and figures over held-out folds (grouped by query): recall@1, ECE, precision and coverage."""
    fold = data.query % folds
    held_out = np.zeros(len(data.relevant), np.float32)
    for part in range(folds):
        model = _fit(data, fold != part)
        for query in np.unique(data.query[fold == part]):
            rows = data.query == query
            held_out[rows] = probability(model.logits(data.values[rows]))
    both = _first(data, held_out, data.real | data.known)
    table = precision_table(both[0], both[1], both[3])
    sure, right, answerable, _ = _first(data, held_out, data.real)
    figures = {
        "queries": float(len(sure)),
        "ece": ece(sure, right),
        "recall@1": float(right.sum()) / answerable,
    }
    for reached, least in table:
        figures[f"coverage@p{reached:g}"] = float((both[0] >= least).mean())
    known = _first(data, held_out, data.known)
    figures["known_recall@1"] = float(known[1].sum()) / max(known[2], 1)
    return replace(_fit(data, np.ones(len(fold), np.bool_)), precision=table), figures


def _fit(data: Judged, chosen: npt.NDArray[np.bool_]) -> Model:
    values, relevant, query = data.values[chosen], data.relevant[chosen], data.query[chosen]
    importance = data.weight[chosen] * np.where(
        data.known[chosen], 2.0, np.where(data.real[chosen], 1.5, 1.0)
    )
    some = importance > 0
    rank = _rank(values[some], relevant[some], query[some], importance[some])
    scores = (values @ rank).astype(np.float32)
    lead = leads(scores, query)
    context = [NAMES.index(name) for name in CONTEXT]
    inputs = np.column_stack(
        (scores, np.maximum(lead, 0), np.minimum(lead, 0), in_query(values, query)[:, context])
    )
    free = [False, False, False, *(name in ABOUT_QUERY for name in CONTEXT)]
    kinds = [data.foreign[chosen], data.known[chosen], data.real[chosen]]
    sureness = np.select(kinds, [FOREIGN, KNOWN, 1.0], IMAGINED) * data.weight[chosen]
    found = _logistic(inputs, relevant, sureness.astype(np.float32), free)
    weights = np.zeros(len(NAMES), np.float32)
    weights[context] = found[3:-1]
    slope, ahead, behind = (float(value) for value in found[:3])
    return Model(rank, weights, float(found[-1]), slope, ahead, behind, ())


def _rank(
    values: Floats, relevant: npt.NDArray[np.bool_], query: npt.NDArray[np.int64], weight: Floats
) -> Floats:
    """Listwise softmax (ListNet: Cao et al., ICML 2007) with weights that are never negative."""
    from scipy.optimize import minimize

    answered = np.isin(query, np.unique(query[relevant]))
    columns = [NAMES.index(name) for name in EVIDENCE]
    inputs, truth = values[answered][:, columns].astype(np.float64), relevant[answered]
    scale = inputs.std(axis=0) + 1e-9
    inputs = inputs / scale
    first = np.concatenate(([True], query[answered][1:] != query[answered][:-1]))
    starts, group = np.flatnonzero(first), np.cumsum(first) - 1
    importance = weight[answered][starts]

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        scores = inputs @ weights
        grown = np.exp(scores - np.maximum.reduceat(scores, starts)[group])
        whole = np.add.reduceat(grown, starts)
        right = np.add.reduceat(grown * truth, starts) + 1e-12
        slope = (grown / whole[group] - grown * truth / right[group]) * importance[group]
        value = float((importance * (np.log(whole) - np.log(right))).sum()) / len(starts)
        return value + 1e-3 * float(weights @ weights), slope @ inputs / len(starts) + 2e-3 * weights

    least = np.array([LEAST.get(name, 0.0) for name in EVIDENCE]) * scale
    found = minimize(loss, least + 0.1, jac=True, method="L-BFGS-B", bounds=[(low, None) for low in least])
    weights = np.zeros(len(NAMES), np.float32)
    weights[columns] = found.x / scale
    return weights


def _logistic(
    inputs: Floats, relevant: npt.NDArray[np.bool_], weight: Floats, free: Sequence[bool]
) -> npt.NDArray[np.float64]:
    """Logistic regression; a coefficient that is not `free` is never negative. The last value is the bias."""
    from scipy.optimize import minimize

    scale = inputs.std(axis=0) + 1e-9
    table = np.column_stack((inputs / scale, np.ones(len(inputs))))
    truth, total = relevant.astype(np.float64), float(weight.sum())

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        scores = table @ weights
        value = float((weight * (np.logaddexp(0, scores) - truth * scores)).sum()) / total
        slope = table.T @ (weight * (1 / (1 + np.exp(-scores)) - truth)) / total
        return value + 1e-5 * float(weights @ weights), slope + 2e-5 * weights

    bounds = [(None if open_ else 0.0, None) for open_ in (*free, True)]
    found = minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds)
    result: npt.NDArray[np.float64] = np.append(found.x[:-1] / scale, found.x[-1])
    return result


def _first(
    data: Judged, sure: Floats, asked: npt.NDArray[np.bool_]
) -> tuple[Floats, npt.NDArray[np.bool_], int, npt.NDArray[np.bool_]]:
    """Confidence and truth of the first candidate of each query of `asked`, how many queries have an answer, and
    which are real."""
    rows = np.flatnonzero(asked & (data.weight > 0))
    order = rows[np.lexsort((-sure[rows], data.query[rows]))]
    _, first = np.unique(data.query[order], return_index=True)
    answerable = len(np.unique(data.query[rows][data.relevant[rows]]))
    kept = order[first]
    return sure[kept], data.relevant[kept], answerable, data.real[kept]


def precision_table(
    sure: Floats, right: npt.NDArray[np.bool_], real: npt.NDArray[np.bool_]
) -> tuple[tuple[float, float], ...]:
    """(precision, least confidence): the lowest at which held-out answers kept it, one more error counted in.

    It must hold for the `real` questions by themselves too, so that easy ones cannot pay for them: where it never
    does, the confidence is one that no real question reached.
    """
    order = np.argsort(-sure, kind="stable")
    good, count = np.cumsum(right[order]), np.arange(len(order)) + 1
    real_good, real_count = np.cumsum((right & real)[order]), np.cumsum(real[order])
    table: list[tuple[float, float]] = []
    for precision in PRECISIONS:
        alone = (real_count == 0) | (real_good / (real_count + 1) >= precision)
        enough = np.flatnonzero(alone & (good / (count + 1) >= precision))
        if len(enough):
            table.append((precision, round(float(sure[order[enough[-1]]]), 4)))
    return tuple(table)


def ece(sure: Floats, right: npt.NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error over equal-width bins (Guo et al., ICML 2017)."""
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [
        abs(sure[place == b].mean() - right[place == b].mean()) * (place == b).mean()
        for b in np.unique(place)
    ]
    return float(sum(gaps))


def render(models: Mapping[str, Model], note: str) -> str:
    """The text of `weights.toml`."""
    lines = [f"# {line}" for line in note.splitlines()]
    for mode, model in models.items():
        table = ", ".join(f"[{reached}, {least}]" for reached, least in model.precision)
        lines += ["", f"[{mode}]", f"precision = [{table}]"]
        lines += [f"{name} = {getattr(model, name):.4f}" for name in ("bias", "slope", "ahead", "behind")]
        for part in ("rank", "context"):
            weights = zip(NAMES, getattr(model, part), strict=True)
            lines += [f"[{mode}.{part}]", *(f"{name} = {weight:.4f}" for name, weight in weights if weight)]
    return "\n".join(lines) + "\n"
