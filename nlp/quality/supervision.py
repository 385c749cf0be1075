"""The policies of the hearing and of supervision, together: so that one that cannot be used is refused at start."""

from __future__ import annotations

from pathlib import Path

from nlp.quality import coaching, fairness, follow_up, records, red_cards, sampling, training

NAMES = tuple(
    module.NAME for module in (coaching, fairness, follow_up, records, red_cards, sampling, training)
)


def check_supervision(folder: Path | None = None) -> None:
    """Read every one of them. Raises PolicyError."""
    coaching.read_coaching(folder)
    fairness.read_fairness(folder)
    records.read_records(folder)
    red_cards.read_cards(folder)
    sampling.read_sampling(folder)
    training.read_training(folder)
    follow_up.read_follow_up(folder)
