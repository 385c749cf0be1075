"""The shipped intent classifier: leaf categories of the demo taxonomy.

python -m nlp.train.intent --data ../shared/data --version 1
"""

from __future__ import annotations

from pathlib import Path

from nlp.artefacts import ArtefactError
from nlp.encode import Encoder, load_encoder
from nlp.evaluate.classify import figures, guesses
from nlp.evaluate.metrics import accuracy
from nlp.head import fit
from nlp.linear import Linear
from nlp.train import service
from nlp.train.ship import Rows, Shipped, arguments, ship

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


def _encoder() -> Encoder | None:
    try:
        return load_encoder()
    except ArtefactError:
        return None  # a head without vectors is a little less exact, and still a head


def train(version: str, models: Path, seed: int = 7) -> Shipped:
    """Fit, measure and write `models/intent/<version>`."""
    rows, encoder, written = gather(), _encoder(), len(service.tickets())
    about = service.taxonomy().about
    # Phrases and questions are shorter and barer than what customers send: the tickets alone calibrate.
    like = [at < written for at in range(len(rows.texts))]
    fitted = fit(
        rows.texts, rows.labels, names=about, encoder=encoder, seed=seed, strengths=_STRENGTHS, like=like
    )
    return ship("intent", fitted, rows, version, models, measure)


if __name__ == "__main__":
    chosen = arguments(__doc__)
    train(chosen.version, chosen.models)
