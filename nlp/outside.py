"""Is a text about none of the labels? A calibrated probability, with the share of good texts that it doubts.

Learnt without foreign data: heads that were never shown some labels read those labels' rows as strangers do
(leave-classes-out). What tells a stranger is how sure the head is, how near the nearest training texts are,
and how much goes to labels that already mean "nothing of ours".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.artefacts import ArtefactError, find
from nlp.encode import Vectors, unit
from nlp.labels.near import nearest
from nlp.linear import Probabilities

FALSE_ALARMS = 0.05
FILE = "outside.safetensors"
NEAREST = 3
PARTS = 5  # groups of labels, each hidden once
_RIDGE = 1e-2
_STEPS = 127.0  # of a cosine, as stored

Floats = NDArray[np.float64]
Learn = Callable[[list[int]], tuple[tuple[str, ...], Callable[[list[int]], Probabilities]]]
"""Rows to fit on → the head's labels, and its probabilities for rows."""


@dataclass(frozen=True)
class Outside:
    """`rows` are unit vectors of training texts; `weights` those of the three signs and of one.

    A text is called foreign from `threshold` on, which `false_alarms` of the training's own texts reach.
    """

    rows: Vectors
    nothing: tuple[str, ...]
    weights: tuple[float, ...]
    threshold: float
    false_alarms: float

    def probabilities(self, labels: Sequence[str], shares: Probabilities, texts: Vectors) -> Floats:
        """Probability `[texts]` that each belongs to no label; `shares` are the head's, `texts` unit vectors."""
        if not len(shares):
            return np.zeros(0)
        near = nearest(texts, self.rows, NEAREST)[1].mean(axis=1)
        signs = _signs(shares, near, [labels.index(one) for one in self.nothing if one in labels])
        return np.asarray(1.0 / (1.0 + np.exp(-signs @ np.array(self.weights))))


def _signs(shares: Probabilities, near: NDArray[np.floating], nothing: list[int]) -> Floats:
    part = shares.astype(np.float64)
    spent = part[:, nothing].sum(axis=1)
    sure = np.delete(part, nothing, axis=1).max(axis=1).clip(1e-4, 1 - 1e-4)
    return np.stack([np.log(sure / (1 - sure)), near.astype(np.float64), spent, np.ones(len(part))], axis=1)


def _logistic(signs: Floats, outside: NDArray[np.bool_]) -> Floats:
    """Weights of a logistic regression in which both sides weigh the same."""
    from scipy import optimize  # half a second that only fitting needs

    weight = np.where(outside, 0.5 / max(outside.sum(), 1), 0.5 / max((~outside).sum(), 1))
    sign = np.where(outside, 1.0, -1.0)

    def loss(values: Floats) -> tuple[float, Floats]:
        score = sign * (signs @ values)
        value = weight @ np.logaddexp(0.0, -score) + _RIDGE * values[:-1] @ values[:-1] / len(values)
        slope = signs.T @ (-weight * sign / (1.0 + np.exp(score)))
        slope[:-1] += 2 * _RIDGE * values[:-1] / len(values)
        return float(value), slope

    found = optimize.minimize(loss, np.zeros(signs.shape[1]), jac=True, method="L-BFGS-B")
    return np.asarray(found.x)


def fit_outside(
    learn: Learn,
    labels: Sequence[str],
    rows: Vectors,
    *,
    nothing: Collection[str] = (),
    false_alarms: float = FALSE_ALARMS,
    seed: int = 0,
) -> Outside:
    """Learn what a foreign text looks like from labels that are hidden in turn.

    `labels` and `rows` (unit vectors) are of the training texts; rows labelled `nothing` are foreign always. Each
    turn also hides a part of the other labels' rows, so that known texts too are read by a head without them.
    """
    random = np.random.default_rng(seed)
    ours = [label for label in sorted(set(labels)) if label not in nothing]
    part_of = {label: at % PARTS for at, label in enumerate(random.permutation(ours))}
    hidden = np.array([part_of.get(label, -1) for label in labels])
    fold = random.integers(PARTS, size=len(labels))
    signs, outside = [], []
    for part in range(PARTS):
        train = np.flatnonzero((hidden != part) & (fold != part))
        # A hidden label's row is foreign; a row out of the fold is known if its label stayed.
        judged = np.flatnonzero((hidden == part) | (fold == part))
        known, read = learn([int(row) for row in train])
        near = nearest(rows[judged], rows[train], NEAREST)[1].mean(axis=1)
        spent = [known.index(one) for one in nothing if one in known]
        signs.append(_signs(read([int(row) for row in judged]), near, spent))
        outside.append((hidden[judged] == part) | (hidden[judged] == -1))
    return _made(np.concatenate(signs), np.concatenate(outside), rows, tuple(sorted(nothing)), false_alarms)


def _made(
    signs: Floats, outside: NDArray[np.bool_], rows: Vectors, nothing: tuple[str, ...], false_alarms: float
) -> Outside:
    mean, spread = signs[:, :-1].mean(axis=0), np.maximum(signs[:, :-1].std(axis=0), 1e-3)
    weights = _logistic(np.column_stack(((signs[:, :-1] - mean) / spread, np.ones(len(signs)))), outside)
    weights[:-1] /= spread
    weights[-1] -= mean @ weights[:-1]
    ours = 1.0 / (1.0 + np.exp(-signs[~outside] @ weights))
    threshold = float(np.quantile(ours, 1.0 - false_alarms)) if len(ours) else 1.0
    return Outside(rows, nothing, tuple(float(one) for one in weights), round(threshold, 4), false_alarms)


def write_outside(folder: Path, made: Outside) -> None:
    """Write into a head's folder, before its manifest: vectors as int8, everything else as it is."""
    from safetensors.numpy import save_file

    numbers = np.array([*made.weights, made.threshold, made.false_alarms], dtype=np.float32)
    rows = np.rint(made.rows * _STEPS).clip(-127, 127).astype(np.int8)
    save_file({"rows": rows, "numbers": numbers}, folder / FILE, {"nothing": "|".join(made.nothing)})


def load_outside(task: str, root: Path | None = None) -> Outside | None:
    """What was learnt beside a task's head, None where it was not. Raises ArtefactError."""
    from safetensors import safe_open

    artefact = find(task, root)
    if FILE not in artefact.manifest["files"]:
        return None
    with safe_open(artefact.path(FILE), framework="numpy") as stored:
        rows, numbers = stored.get_tensor("rows"), [float(one) for one in stored.get_tensor("numbers")]
        nothing = (stored.metadata() or {}).get("nothing", "")
    if len(numbers) != 6:
        raise ArtefactError(f"模型 {artefact.name} 不完整：{FILE}；请重新生成该模型")
    vectors = unit(rows.astype(np.float32))
    names = tuple(one for one in nothing.split("|") if one)
    return Outside(vectors, names, tuple(numbers[:4]), round(numbers[4], 4), round(numbers[5], 4))
