"""Figures of classifiers: the shipped ones, or our own head fitted first, with a plain one on the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlp.classify import load_classifier
from nlp.encode import Encoder
from nlp.evaluate.classify import Row, figures, guesses
from nlp.evaluate.folds import parts_of
from nlp.evaluate.metrics import accuracy, macro_f1
from nlp.evaluate.rows import RowsError, read_rows, without_overlap
from nlp.head import fit_head
from scripts.baselines import commonest, letters
from scripts.evaluation_plan import Advance, Figures, Plan, UnusablePlan

SIGNS = {"0": "negative", "1": "positive"}
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows to fit on, rows to score, and how many left the former because they stand in the latter."""

    fit: Rows
    scored: Rows
    removed: int


@dataclass(frozen=True, slots=True)
class Told:
    """What was said about the scored rows, by ours and by the plain one beside it."""

    truth: list[str] = field(default_factory=list)
    guess: list[str] = field(default_factory=list)
    sure: list[float] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)

    def add(self, said: tuple[list[str], list[str], list[float]], plain: Sequence[str]) -> None:
        """More rows: what `guesses` gave for them, and the plain labels."""
        self.truth.extend(said[0])
        self.guess.extend(said[1])
        self.sure.extend(said[2])
        self.plain.extend(plain)

    def figures(self, beside: str) -> Figures:
        """The figures of ours, and accuracy and macro-F1 of the plain one under its name."""
        return {
            **figures(self.truth, self.guess, self.sure),
            f"{beside}_accuracy": round(accuracy(self.truth, self.plain), 4),
            f"{beside}_macro_f1": round(macro_f1(self.truth, self.plain), 4),
        }


def labelled(path: Path) -> list[dict[str, Any]]:
    """Rows `{"text","label","name"?}`. Raises RowsError."""
    rows = list(read_rows(path, ("text", "label")))
    if not rows:
        raise RowsError(f"{path} 里没有数据行")
    return [row for row in rows if str(row["text"]).strip()]


def _pairs_of(rows: Rows, signs: Mapping[str, str]) -> list[Row]:
    return [(str(row["text"]), signs.get(str(row["label"]), str(row["label"]))) for row in rows]


def _names_of(rows: Rows) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        if row.get("name"):
            found.setdefault(str(row["label"]), set()).add(str(row["name"]))
    return {label: tuple(sorted(words)) for label, words in found.items()}


def _known(rows: Sequence[Row], labels: Sequence[str], task: str) -> None:
    strangers = sorted({label for _, label in rows} - set(labels))
    if strangers:
        shown = "、".join(strangers[:5]) + (" …" if len(strangers) > 5 else "")
        raise UnusablePlan(f"随程序发布的 {task} 模型不认识这些标签：{shown}；请加 --train 用自己的数据训练")


def _parts(plan: Plan, rows: list[dict[str, Any]]) -> Iterator[Part]:
    if plan.train is not None:
        yield Part(*_apart(labelled(plan.train), rows))
        return
    for fit, scored in parts_of([str(row["text"]) for row in rows], plan.folds, plan.holdout, plan.seed):
        yield Part(*_apart([rows[at] for at in fit], [rows[at] for at in scored]))


def _apart(fit: Rows, scored: Rows) -> tuple[Rows, Rows, int]:
    kept, removed = without_overlap(fit, scored, ("text",))
    return kept, scored, removed


def classified(plan: Plan, task: str, vectors: Encoder | None, advance: Advance) -> Figures:
    """Accuracy, macro-F1, ECE and coverage, and what a plain classifier reaches on the same rows.

    With a head to fit (`vectors` are those it may use) the plain one is a character SVM fitted on the very same
    rows (`svm_…`), else the most frequent label (`majority_…`). Raises UnusablePlan, RowsError, HeadError.
    """
    rows = labelled(plan.data)
    two_way = task == "sentiment" and {str(row["label"]) for row in rows} <= SIGNS.keys()
    signs = SIGNS if two_way else {}
    told, counts = Told(), {"rows": float(len(rows))}
    if not plan.fits:
        model, pairs = load_classifier("intent" if task == "classify" else task), _pairs_of(rows, signs)
        _known(pairs, model.labels, task)
        told.add(
            guesses(model, pairs, drop="neutral" if two_way else None),
            commonest([label for _, label in pairs]),
        )
        return told.figures("majority") | counts
    parts = list(_parts(plan, rows))
    for number, part in enumerate(parts):
        advance(number, len(parts))
        texts, labels = zip(*_pairs_of(part.fit, signs), strict=True) if part.fit else ((), ())
        head = fit_head(texts, labels, seed=plan.seed, names=_names_of(part.fit) or None, encoder=vectors)
        scored = _pairs_of(part.scored, signs)
        told.add(guesses(head, scored), letters(texts, labels, [text for text, _ in scored], plan.seed))
    removed = float(sum(part.removed for part in parts))
    if plan.train is not None:
        counts |= {"train_rows": float(len(parts[0].fit)), "train_rows_removed": removed}
    else:
        counts |= {"scored_rows": float(len(told.truth)), "fold_rows_removed": removed}
    return told.figures("svm") | counts
