"""The shipped intent classifier: leaf categories of the demo taxonomy.

python -m nlp.train.intent --data ../shared/data --version 1
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from nlp.artefacts import ArtefactError
from nlp.classify import NEVER, Thresholds, thresholds, with_parents
from nlp.encode import Encoder, load_encoder
from nlp.evaluate.classify import figures, guesses
from nlp.evaluate.metrics import accuracy, ranks
from nlp.head import Fit, fit
from nlp.linear import Linear, Probabilities
from nlp.outside import Outside, fit_outside
from nlp.train import service
from nlp.train.ship import Rows, Shipped, arguments, ship

_NOTHING = ("chat", "misdirected", "business")  # categories that already mean "no matter of the shop's"
_STRENGTHS = (1.0, 2.0, 4.0)  # few and clean rows bear less smoothing than the head's defaults


def gather() -> Rows:
    """All training rows: tickets, phrases, and the handbook's tagged questions."""
    rows, leaves = Rows(), service.taxonomy().about
    for row in (*service.tickets(), *service.phrases(), *service.questions(leaves)):
        rows.add("demo", row["text"], row["category"], 1.0)
    return rows


def measure(head: Linear) -> dict[str, float]:
    """Figures on the held-out tickets, by leaf and by top category."""
    tree = service.taxonomy()
    truth, guess, sure = guesses(head, [(row["text"], row["category"]) for row in service.held_tickets()])
    out = figures(truth, guess, sure, prefix="demo tickets.heldout ")
    tops = accuracy([tree.top(label) for label in truth], [tree.top(label) for label in guess])
    return out | {"demo tickets.heldout top accuracy": round(tops, 4)}


def acted(head: Linear, bands: Thresholds) -> dict[str, float]:
    """Precision and coverage of automatic verdicts on the held-out tickets: at leaves, and stopping at parents."""
    tree, rows = service.taxonomy(), service.held_tickets()
    leaf: list[bool] = []
    settled: list[bool] = []
    for row, shares in zip(rows, head.probabilities([row["text"] for row in rows]), strict=True):
        totals: dict[str, float] = {}
        for label, share in zip(head.labels, shares, strict=True):
            for node in tree.path(label):
                totals[node] = totals.get(node, 0.0) + float(share)
        best = head.labels[int(shares.argmax())]
        sure = [node for node in tree.path(best) if totals[node] >= bands.auto.get(node, NEVER)]
        settled += [sure[-1] in tree.path(row["category"])] if sure else []
        leaf += [best == row["category"]] if sure and sure[-1] == best else []
    found = {
        "auto precision": float(np.mean(leaf or [False])),
        "auto coverage": len(leaf) / len(rows),
        "auto or parent precision": float(np.mean(settled or [False])),
        "auto or parent coverage": len(settled) / len(rows),
    }
    return {f"demo tickets.heldout {name}": round(value, 4) for name, value in found.items()}


def _encoder() -> Encoder | None:
    try:
        return load_encoder()
    except ArtefactError:
        return None  # a head without vectors is a little less exact, and still a head


def _bands(fitted: Fit, rows: Rows, like: list[bool], bound: float | None) -> Thresholds:
    """Bands of leaves and of their parents, from the rows that are like what customers send."""
    chosen = np.flatnonzero(like)
    unseen, truth, labels = fitted.unseen[chosen], [rows.labels[at] for at in chosen], fitted.head.labels
    leaves = thresholds(unseen, truth, labels)
    paths = {leaf: service.taxonomy().path(leaf) for leaf in labels}
    return replace(with_parents(leaves, unseen, truth, labels, paths), outside=bound)


def _outside(rows: Rows, encoder: Encoder, strength: float, seed: int) -> Outside:
    def learn(chosen: list[int]) -> tuple[tuple[str, ...], Callable[[list[int]], Probabilities]]:
        texts, labels = [rows.texts[at] for at in chosen], [rows.labels[at] for at in chosen]
        head = fit(texts, labels, encoder=encoder, seed=seed, strengths=(strength,), folds=2).head
        return head.labels, lambda asked: head.probabilities([rows.texts[at] for at in asked])

    vectors = encoder.encode(rows.texts)
    return fit_outside(learn, rows.labels, vectors, nothing=_NOTHING, seed=seed)


def foreign(head: Linear, made: Outside) -> dict[str, float]:
    """AUROC of off-topic lines against held-out tickets of the shop's matters, and what share of each is doubted."""
    assert head.encoder is not None
    tickets = [row["text"] for row in service.held_tickets() if row["category"] not in _NOTHING]
    ours, theirs = (
        made.probabilities(head.labels, head.probabilities(texts), head.encoder.encode(texts))
        for texts in (tickets, service.offtopic())
    )
    place = ranks(np.concatenate((theirs, ours)))[: len(theirs)]
    area = (place.sum() - len(theirs) * (len(theirs) + 1) / 2) / (len(theirs) * len(ours))
    found = {
        "off-topic auroc": float(area),
        "off-topic caught": float((theirs >= made.threshold).mean()),
        "tickets.heldout false alarms": float((ours >= made.threshold).mean()),
    }
    return {name: round(value, 4) for name, value in found.items()}


def train(version: str, models: Path, seed: int = 7) -> Shipped:
    """Fit, measure and write `models/intent/<version>`."""
    rows, encoder, written = gather(), _encoder(), len(service.tickets())
    about = service.taxonomy().about
    # Phrases and questions are shorter and barer than what customers send: the tickets alone calibrate.
    like = [at < written for at in range(len(rows.texts))]
    fitted = fit(
        rows.texts, rows.labels, names=about, encoder=encoder, seed=seed, strengths=_STRENGTHS, like=like
    )
    made = None if encoder is None else _outside(rows, encoder, fitted.strength, seed)
    bands = _bands(fitted, rows, like, None if made is None else made.threshold)

    def figures_of(head: Linear) -> dict[str, float]:
        return measure(head) | acted(head, bands) | ({} if made is None else foreign(head, made))

    return ship("intent", fitted, rows, version, models, figures_of, bands, made)


if __name__ == "__main__":
    chosen = arguments(__doc__)
    train(chosen.version, chosen.models)
