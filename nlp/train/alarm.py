"""The shipped alarm classifier: floors that no word list knows, from tickets and phrases of our own.

python -m nlp.train.alarm --version linear-1
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nlp.artefacts import ArtefactError
from nlp.encode import Encoder, load_encoder
from nlp.head import fit
from nlp.linear import Linear
from nlp.policy import load_policy
from nlp.priority import HURRY, NONE, prioritise
from nlp.text import key
from nlp.train import service
from nlp.train.ship import Rows, Shipped, arguments, ship

_STRENGTHS = (1.0, 2.0, 4.0)


def label_of(row: dict[str, Any]) -> str:
    """The floor's code, `hurry` for urgent without one, else `none`."""
    return str(row["floor"] or (NONE if row["priority"] == "normal" else HURRY))


def gather(demo: Path = service.DEMO) -> Rows:
    """Labelled tickets, alarms written for training, and everyday phrases, which alarm nobody."""
    rows, held = Rows(), service.held_keys(demo)
    lines = (demo / "alarms.train.jsonl").read_text(encoding="utf-8").splitlines()
    alarms = [row for row in map(json.loads, lines) if key(row["text"]) not in held]
    for row in (*service.tickets(demo), *alarms):
        rows.add("demo", row["text"], label_of(row), 1.0)
    for row in service.phrases(demo):
        rows.add("demo", row["text"], NONE, 1.0)
    return rows


def measure(head: Linear) -> dict[str, float]:
    """Floors of the held-out tickets found by rules and head together, and by rules alone."""
    policy, rows = load_policy().priority, service.held_tickets()
    found = head.probabilities([row["text"] for row in rows])
    figures: dict[str, float] = {}
    for name, use in (("rules", False), ("rules and head", True)):
        hits = said = 0
        for row, shares in zip(rows, found, strict=True):
            alarm = dict(zip(head.labels, map(float, shares), strict=True)) if use else None
            floor = any(one.code in policy.floors for one in prioritise(row["text"], policy, alarm).reasons)
            said += floor
            hits += floor and bool(row["floor"])
        wanted = sum(1 for row in rows if row["floor"])
        figures[f"demo tickets.heldout floor recall, {name}"] = round(hits / max(wanted, 1), 4)
        figures[f"demo tickets.heldout floor precision, {name}"] = round(hits / max(said, 1), 4)
    return figures


def _encoder() -> Encoder | None:
    try:
        return load_encoder()
    except ArtefactError:
        return None


def train(version: str, models: Path, seed: int = 7) -> Shipped:
    """Fit, measure and write `models/alarm/<version>`."""
    rows = gather()
    fitted = fit(rows.texts, rows.labels, encoder=_encoder(), seed=seed, strengths=_STRENGTHS)
    return ship("alarm", fitted, rows, version, models, measure)


if __name__ == "__main__":
    chosen = arguments(__doc__)
    train(chosen.version, chosen.models)
