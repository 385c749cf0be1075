"""May a newly trained classifier take the place of the one in use? Both are scored on the same frozen rows.

The difference comes with its uncertainty: a paired bootstrap of macro-F1 (Efron & Tibshirani 1993) and the exact
McNemar test of the rows that only one of the two got right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nlp.classify import Classifier
from nlp.evaluate.classify import figures
from nlp.frozen import FrozenTest

Figures = Mapping[str, float]
Numbers = NDArray[np.int64]
NAMES = {"accuracy": "准确率", "macro_f1": "宏平均 F1", "ece": "校准误差", "coverage@p95": "95% 精度下的覆盖"}


@dataclass(frozen=True, slots=True)
class Rules:
    """What a candidate may lose: `tolerance` of macro-F1, `drop` of a label's F1 where it has `least` test rows."""

    tolerance: float = 0.01
    drop: float = 0.1
    least: int = 10
    seed: int = 0
    samples: int = 1000


@dataclass(frozen=True, slots=True)
class LabelScore:
    """F1 of one label on the rows that were compared; `current` is None without a comparison."""

    label: str
    rows: int
    candidate: float
    current: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both models on the rows whose label the one in use knows; `interval` holds 95 % of the resampled differences."""

    version: str
    rows: int
    candidate: Figures
    current: Figures
    difference: float
    interval: tuple[float, float]
    p: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """`figures` are the candidate's on the whole test; `reasons` say why it was refused, `notes` what to know."""

    promoted: bool
    rows: int
    figures: Figures
    labels: tuple[LabelScore, ...]
    comparison: Comparison | None = None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def judge(
    test: FrozenTest, candidate: Classifier, current: Classifier | None, rules: Rules = Rules()
) -> Verdict:
    """Score both on the frozen rows and decide. Deterministic by `rules.seed`; `test` has at least one row."""
    guess, sure = _answers(candidate, test.texts)
    whole = figures(test.labels, guess, sure)
    notes = _unlike(test, candidate, current)
    comparable = [at for at, label in enumerate(test.labels) if current and label in current.labels]
    if current is None or not comparable:
        scores = _by_label(test.labels, guess, None)
        reasons = _worse_than_guessing(test.labels, guess)
        return Verdict(not reasons, len(guess), whole, scores, None, reasons, notes)
    truth = [test.labels[at] for at in comparable]
    mine = [guess[at] for at in comparable]
    theirs, certain = _answers(current, [test.texts[at] for at in comparable])
    comparison = Comparison(
        current.version,
        len(truth),
        figures(truth, mine, [sure[at] for at in comparable]),
        figures(truth, theirs, certain),
        *paired(truth, mine, theirs, rules),
    )
    scores = _by_label(truth, mine, theirs)
    reasons = _losses(comparison, scores, rules)
    return Verdict(not reasons, len(guess), whole, scores, comparison, reasons, notes)


def _answers(model: Classifier, texts: Sequence[str]) -> tuple[list[str], list[float]]:
    shares = model.probabilities(texts)
    return [model.labels[at] for at in shares.argmax(axis=1)], [float(one) for one in shares.max(axis=1)]


def _unlike(test: FrozenTest, candidate: Classifier, current: Classifier | None) -> tuple[str, ...]:
    """What the sets of labels leave unsaid."""
    asked = set(test.labels)
    notes = []
    untested = sorted(set(candidate.labels) - asked)
    if untested:
        notes.append(f"测试集里没有这些类别，好坏未知：{_some(untested)}")
    if current is None:
        return tuple(notes)
    strange = sorted(asked - set(current.labels))
    if asked.isdisjoint(current.labels):
        notes.append(
            f"在用的 {current.version} 不认识测试集的任何类别，没有可比的行：只要求好过总猜最多的一类"
        )
    elif strange:
        rows = sum(label in current.labels for label in test.labels)
        notes.append(f"在用的 {current.version} 不认识 {_some(strange)}：只比较它能答的 {rows} 行")
    return tuple(notes)


def _some(labels: Sequence[str]) -> str:
    return "、".join(labels[:8]) + (f" 等 {len(labels)} 类" if len(labels) > 8 else "")


def _worse_than_guessing(truth: Sequence[str], guess: Sequence[str]) -> tuple[str, ...]:
    right = sum(a == b for a, b in zip(truth, guess, strict=True))
    label, most = Counter(truth).most_common(1)[0]
    if right >= most:
        return ()
    return (f"测试的 {len(truth)} 行只答对 {right} 行，总猜“{label}”也能对 {most} 行",)


def _losses(comparison: Comparison, scores: Sequence[LabelScore], rules: Rules) -> tuple[str, ...]:
    """Why the candidate is worse; nothing where it is not."""
    reasons = []
    was, now = comparison.current["macro_f1"], comparison.candidate["macro_f1"]
    if comparison.difference < -rules.tolerance - 1e-9:
        reasons.append(f"宏平均 F1 由 {was:.3f} 降到 {now:.3f}，超过允许的 {rules.tolerance:g}")
    for one in scores:
        lost = 0.0 if one.current is None else one.current - one.candidate
        if one.rows >= rules.least and lost > rules.drop + 1e-9:
            reasons.append(
                f"类别“{one.label}”（{one.rows} 行）的 F1 由 {one.candidate + lost:.2f} 降到 {one.candidate:.2f}，"
                f"超过允许的 {rules.drop:g}"
            )
    return tuple(reasons)


def paired(
    truth: Sequence[str], mine: Sequence[str], theirs: Sequence[str], rules: Rules = Rules()
) -> tuple[float, tuple[float, float], float]:
    """Difference of macro-F1 (mine less theirs), its 95 % interval, and McNemar's exact two-sided p."""
    from scipy.stats import binomtest

    names = {name: at for at, name in enumerate(sorted({*truth, *mine, *theirs}))}
    real, one, other = (np.array([names[label] for label in side]) for side in (truth, mine, theirs))
    difference = _macro_f1(real, one, len(names)) - _macro_f1(real, other, len(names))
    random = np.random.default_rng(rules.seed)
    drawn = np.empty(rules.samples)
    for at in range(rules.samples):
        rows = random.integers(0, len(real), len(real))
        there = real[rows]
        drawn[at] = _macro_f1(there, one[rows], len(names)) - _macro_f1(there, other[rows], len(names))
    low, high = (round(float(value), 4) for value in np.quantile(drawn, (0.025, 0.975)))
    won, lost = int(((one == real) & (other != real)).sum()), int(((one != real) & (other == real)).sum())
    p = float(binomtest(won, won + lost).pvalue) if won + lost else 1.0
    return round(difference, 4), (low, high), round(p, 4)


def _f1s(truth: Numbers, guess: Numbers, labels: int) -> NDArray[np.float64]:
    """F1 of each label; a label that occurs nowhere gets nought."""
    hits = np.bincount(truth[truth == guess], minlength=labels)
    there = np.bincount(truth, minlength=labels) + np.bincount(guess, minlength=labels)
    return np.asarray(2.0 * hits / np.maximum(there, 1))


def _macro_f1(truth: Numbers, guess: Numbers, labels: int) -> float:
    return float(_f1s(truth, guess, labels)[np.unique(truth)].mean())


def _by_label(
    truth: Sequence[str], mine: Sequence[str], theirs: Sequence[str] | None
) -> tuple[LabelScore, ...]:
    """Each label of the test, by F1."""
    names = {name: at for at, name in enumerate(sorted({*truth, *mine, *(theirs or ())}))}

    def numbers(side: Sequence[str]) -> Numbers:
        return np.array([names[label] for label in side], dtype=np.int64)

    def scores(guess: Sequence[str]) -> NDArray[np.float64]:
        return _f1s(numbers(truth), numbers(guess), len(names))

    own, others = scores(mine), None if theirs is None else scores(theirs)
    counts = Counter(truth)
    return tuple(
        LabelScore(
            label,
            counts[label],
            round(float(own[names[label]]), 4),
            None if others is None else round(float(others[names[label]]), 4),
        )
        for label in sorted(counts)
    )
