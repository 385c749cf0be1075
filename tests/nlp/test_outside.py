"""Texts that belong to none of the labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp.artefacts import write_manifest
from nlp.classify import load_thresholds, thresholds, write_head
from nlp.head import fit
from nlp.labels.near import vectors
from nlp.linear import Probabilities
from nlp.outside import Outside, fit_outside, load_outside, write_outside
from nlp.train import service

FOREIGN = service.offtopic()[:60]


@pytest.fixture(scope="module")
def rows() -> tuple[list[str], list[str], list[str]]:
    tickets = [
        row
        for row in service.tickets()
        if row["category"].startswith(("ask", "refund", "invoice", "complaint"))
    ]
    order = np.random.default_rng(0).permutation(len(tickets))
    texts, labels = [tickets[at]["text"] for at in order], [tickets[at]["category"] for at in order]
    return texts[:500], labels[:500], texts[500:800]


@pytest.fixture(scope="module")
def made(rows: tuple[list[str], list[str], list[str]]) -> Outside:
    texts, labels, _ = rows

    def learn(chosen: list[int]):  # type: ignore[no-untyped-def]
        head = fit(
            [texts[at] for at in chosen], [labels[at] for at in chosen], strengths=(1.0,), folds=2
        ).head

        def read(asked: list[int]) -> Probabilities:
            return head.probabilities([texts[at] for at in asked])

        return head.labels, read

    return fit_outside(learn, labels, vectors(texts, None), false_alarms=0.1)


def test_foreign_texts_are_told_without_foreign_data(
    rows: tuple[list[str], list[str], list[str]], made: Outside
) -> None:
    """Off-topic lines score higher than unseen tickets, of which about the stated share is doubted."""
    texts, labels, unseen = rows
    head = fit(texts, labels, strengths=(1.0,), folds=2).head
    theirs, ours = (
        made.probabilities(head.labels, head.probabilities(asked), vectors(asked, None))
        for asked in (FOREIGN, unseen)
    )
    area = float((theirs[:, None] > ours[None, :]).mean())
    print("auroc", area, "false alarms", (ours >= made.threshold).mean())
    assert area > 0.75
    assert (ours >= made.threshold).mean() <= 0.15
    assert made.probabilities(head.labels, head.probabilities([]), vectors([], None)).shape == (0,)


def test_what_is_written_is_what_is_read(
    tmp_path: Path, rows: tuple[list[str], list[str], list[str]], made: Outside
) -> None:
    """Storing costs no more than the precision of small integers; a head without it gives none."""
    texts, labels, unseen = rows
    fitted = fit(texts, labels, strengths=(1.0,), folds=2)
    folder = tmp_path / "intent" / "own-1"
    write_head(folder, fitted.head, thresholds(fitted.unseen, labels, fitted.head.labels))
    (tmp_path / "current.toml").write_text('intent = "own-1"\n', encoding="utf-8")
    write_manifest(folder, "intent", "linear", [], {})
    assert load_outside("intent", tmp_path) is None
    assert load_thresholds("intent", tmp_path).outside is None
    write_outside(folder, made)
    write_manifest(folder, "intent", "linear", [], {})
    read = load_outside("intent", tmp_path)
    assert read is not None
    assert (read.nothing, read.threshold, read.false_alarms) == (
        made.nothing,
        made.threshold,
        made.false_alarms,
    )
    shares, unit = fitted.head.probabilities(unseen), vectors(unseen, None)
    ours, theirs = (one.probabilities(fitted.head.labels, shares, unit) for one in (made, read))
    np.testing.assert_allclose(ours, theirs, atol=0.02)
