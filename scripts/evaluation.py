"""What `zuoxi evaluate` joins: the models and the search of the program, and the measures of `nlp.evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlp.artefacts import ArtefactError
from nlp.classify import load_classifier
from nlp.encode import Encoder, load_encoder
from nlp.evaluate.classify import Row, figures, guesses
from nlp.evaluate.pairs import evaluate_pairs
from nlp.evaluate.rows import RowsError, read_rows, without_overlap
from nlp.head import fit_head
from nlp.sentiment import load_analyser
from nlp.text import key

Figures = dict[str, float]
SIGNS = {"0": "negative", "1": "positive"}


class UnknownLabels(ValueError):
    """The data has labels that the shipped model was never taught."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is scored, and what (if anything) the head is fitted on first."""

    data: Path
    train: Path | None = None
    folds: int | None = None
    holdout: float | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Labelled:
    """Rows of a file: text and label, and other words for the labels."""

    rows: list[Row]
    names: Mapping[str, tuple[str, ...]]


def encoder() -> Encoder | None:
    """The shipped encoder, None where it is absent."""
    try:
        return load_encoder()
    except ArtefactError:
        return None


def labelled(path: Path) -> list[dict[str, Any]]:
    """Rows `{"text","label","name"?}`. Raises RowsError."""
    rows = list(read_rows(path, ("text", "label")))
    if not rows:
        raise RowsError(f"{path} 里没有数据行")
    return [row for row in rows if str(row["text"]).strip()]


def _pairs_of(rows: Sequence[Mapping[str, Any]], signs: Mapping[str, str]) -> list[Row]:
    return [(str(row["text"]), signs.get(str(row["label"]), str(row["label"]))) for row in rows]


def _names_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        if row.get("name"):
            found.setdefault(str(row["label"]), set()).add(str(row["name"]))
    return {label: tuple(sorted(words)) for label, words in found.items()}


def split(groups: Sequence[str], plan: Plan) -> list[tuple[list[int], list[int]]]:
    """(fitted, scored) places for each fold or the one holdout; rows of a group stay together."""
    names = sorted(set(groups))
    order = np.random.default_rng(plan.seed).permutation(len(names))
    if plan.folds is not None:
        part = {names[at]: number % plan.folds for number, at in enumerate(order)}
        count = plan.folds
    else:
        held = max(1, round(len(names) * (plan.holdout or 0)))
        part = {names[at]: 0 if number < held else -1 for number, at in enumerate(order)}
        count = 1
    numbers = [part[group] for group in groups]
    return [
        (
            [at for at, number in enumerate(numbers) if number != fold],
            [at for at, number in enumerate(numbers) if number == fold],
        )
        for fold in range(count)
    ]


def _known(rows: Sequence[Row], labels: Sequence[str], task: str) -> None:
    strangers = sorted({label for _, label in rows} - set(labels))
    if strangers:
        shown = "、".join(strangers[:5]) + (" …" if len(strangers) > 5 else "")
        raise UnknownLabels(f"随程序发布的 {task} 模型不认识这些标签：{shown}；请加 --train 用自己的数据训练")


def _classified(plan: Plan, task: str, with_vectors: bool) -> Figures:
    rows = labelled(plan.data)
    two_way = task == "sentiment" and {str(row["label"]) for row in rows} <= SIGNS.keys()
    signs = SIGNS if two_way else {}
    pairs = _pairs_of(rows, signs)
    vectors = encoder() if with_vectors else None
    counts: Figures = {"rows": len(pairs)}

    def fitted(
        train: Sequence[Mapping[str, Any]], scored: Sequence[Row]
    ) -> tuple[list[str], list[str], list[float]]:
        texts = [str(row["text"]) for row in train]
        labels = [label for _, label in _pairs_of(train, signs)]
        head = fit_head(texts, labels, seed=plan.seed, names=_names_of(train) or None, encoder=vectors)
        return guesses(head, scored)

    if plan.train is not None:
        kept, removed = without_overlap(labelled(plan.train), rows, ("text",))
        counts |= {"train_rows": len(kept), "train_rows_removed": removed}
        told = fitted(kept, pairs)
    elif plan.folds is not None or plan.holdout is not None:
        parts = split([key(text) for text, _ in pairs], plan)
        each = [fitted([rows[at] for at in fit], [pairs[at] for at in scored]) for fit, scored in parts]
        told = (
            [x for p in each for x in p[0]],
            [x for p in each for x in p[1]],
            [x for p in each for x in p[2]],
        )
        counts["scored_rows"] = len(told[0])
    else:
        model = load_classifier("intent" if task == "classify" else task)
        _known(pairs, model.labels, task)
        told = guesses(model, pairs, drop="neutral" if two_way else None)
    return {**figures(*told), **counts}


def _classify(plan: Plan) -> Figures:
    return _classified(plan, "classify", with_vectors=True)


def _sentiment(plan: Plan) -> Figures:
    return _classified(plan, "sentiment", with_vectors=False)


def _emotion(plan: Plan) -> Figures:
    return _classified(plan, "emotion", with_vectors=False)


def _only_overlap(plan: Plan) -> None:
    if plan.folds is not None or plan.holdout is not None:
        raise UnknownLabels("这个任务没有要训练的分类头：不用 --folds 与 --holdout")


def _pairs(plan: Plan) -> Figures:
    _only_overlap(plan)
    return evaluate_pairs(plan.data, load_encoder(), plan.train)


def _retrieval(plan: Plan) -> Figures:
    from nlp.evaluate.retrieval import evaluate_retrieval, read_collection
    from scripts.retrieval import ways

    _only_overlap(plan)
    collection = read_collection(plan.data)
    own = encoder()
    return evaluate_retrieval(collection, None, ways(collection.documents, own))


def _satisfaction(plan: Plan) -> Figures:
    from nlp.evaluate.satisfaction import evaluate_satisfaction

    analyser = load_analyser()
    return evaluate_satisfaction(plan.data, plan.train, plan.folds, plan.holdout, plan.seed, analyser)


def _quality(plan: Plan) -> Figures:
    from nlp.evaluate.dialogue import evaluate_quality

    analyser = load_analyser()
    return evaluate_quality(plan.data, plan.train, plan.folds, plan.holdout, plan.seed, analyser)


TASKS: Mapping[str, Callable[[Plan], Figures]] = {
    "pairs": _pairs,
    "retrieval": _retrieval,
    "classify": _classify,
    "sentiment": _sentiment,
    "emotion": _emotion,
    "satisfaction": _satisfaction,
    "quality": _quality,
}
