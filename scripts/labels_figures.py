"""Prints what is claimed of labels: `python -m scripts.labels_figures [--shared ../shared/data]`.

Wrong labels found in intent/cic (train and dev side by side, judged on the dev rows that were read by hand), and
macro-F1 from five examples a label with and without the labels' names, beside a character SVM.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from scripts.console import say
from scripts.figures_sets import CHECKED

SEEDS = 5
EXAMPLES = 5
Names = Mapping[str, Sequence[str]]
Row = tuple[str, str]


def _rows(path: Path) -> list[dict[str, Any]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def wrong_labels(train: list[dict[str, Any]], dev: list[dict[str, Any]], checked: Mapping[int, str]) -> None:
    """Precision and recall of `zuoxi train repair` on the rows that were read by hand."""
    from nlp.head import fit
    from nlp.labels.near import vectors
    from nlp.labels.repair import suspects
    from scripts.evaluation import encoder

    rows = [*train, *dev]
    texts, labels = [str(row["text"]) for row in rows], [str(row["label"]) for row in rows]
    names = {str(row["label"]): (str(row["name"]),) for row in rows}
    shipped = encoder()
    fitted = fit(texts, labels, names=names, encoder=shipped)
    found = suspects(texts, labels, fitted.head.labels, fitted.unseen, vectors(texts, shipped))
    right = {len(train) + row: label for row, label in checked.items()}
    wrong = sum(labels[row] != label for row, label in right.items())
    for gain in (0.0, 0.1, 0.3):
        judged = [one for one in found if one.gain > gain and one.row in right]
        hits = [labels[one.row] != right[one.row] for one in judged]
        same = sum(one.likely == right[one.row] for one in judged)
        say(
            f"repair gain>{gain}: precision {np.mean(hits or [False]):.3f} recall {sum(hits) / wrong:.3f} "
            f"precision@50 {np.mean(hits[:50] or [False]):.3f} likely label right {same / max(sum(hits), 1):.3f}"
        )


def few_shot(name: str, rows: Sequence[Row], tests: Sequence[Row], names: Names) -> None:
    """Mean macro-F1 over `SEEDS` draws of `EXAMPLES` rows a label."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    from nlp.evaluate.metrics import macro_f1
    from nlp.head import fit_head
    from scripts.evaluation import encoder

    shipped, asked, truth = encoder(), [text for text, _ in tests], [label for _, label in tests]
    found: dict[str, list[float]] = {"char-SVM": [], "head": [], "head with names": []}
    for seed in range(SEEDS):
        drawn: dict[str, list[Row]] = {}
        for at in np.random.default_rng(seed).permutation(len(rows)):
            drawn.setdefault(rows[at][1], []).append(rows[at])
        few = [row for part in drawn.values() for row in part[:EXAMPLES]]
        texts, labels = [text for text, _ in few], [label for _, label in few]
        letters = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
        svm = LinearSVC(random_state=seed).fit(letters.fit_transform(texts), labels)
        found["char-SVM"].append(macro_f1(truth, list(svm.predict(letters.transform(asked)))))
        for way, given in (("head", None), ("head with names", names)):
            head = fit_head(texts, labels, seed=seed, names=given, encoder=shipped)
            best = head.probabilities(asked).argmax(axis=1)
            found[way].append(macro_f1(truth, [head.labels[at] for at in best]))
    means = "  ".join(f"{way} {np.mean(values):.3f}" for way, values in found.items())
    say(f"{name}, {EXAMPLES} examples a label, macro-F1: {means}")


def main(
    shared: Annotated[Path, typer.Option("--shared", help="公开数据目录")] = Path("../shared/data"),
) -> None:
    """复算标注修复与少样本的指标。"""
    from nlp.evaluate.rows import without_overlap
    from nlp.train import service

    held = [(str(row["text"]), str(row["category"])) for row in service.held_tickets()]
    tickets = [(str(row["text"]), str(row["category"])) for row in service.tickets()]
    few_shot("demo tickets.heldout", tickets, held, service.taxonomy().about)
    train, dev = (_rows(shared / "intent" / f"cic.{part}.jsonl.xz") for part in ("train", "dev"))
    checked = {int(row): str(label) for row, label in json.loads(CHECKED.read_text(encoding="utf-8")).items()}
    tests = [(str(dev[row]["text"]), label) for row, label in checked.items()]
    kept, _ = without_overlap(train, [{"text": text} for text, _ in tests], ("text",))
    rows = [(str(row["text"]), str(row["label"])) for row in kept]
    few_shot("intent/cic.dev checked", rows, tests, {str(row["label"]): (str(row["name"]),) for row in train})
    wrong_labels(train, dev, checked)


if __name__ == "__main__":
    typer.run(main)
