"""What a site says about the hearing of results: `fairness.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nlp.tables import read_preset

NAME = "fairness"


@dataclass(frozen=True, slots=True)
class Fairness:
    """Appeals within `appeal_days`; a rule is judged after `least` words of people within `health_days`."""

    appeal_days: float
    health_days: int
    least: int
    agreement: float
    won: float
    confidence: float


def read_fairness(folder: Path | None = None) -> Fairness:
    """The site's `fairness.toml` where there is one, else the preset. Raises PolicyError."""
    table = read_preset(NAME, folder).table
    table.only("version", "appeal", "health")
    appeal, health = table.table("appeal", required=False), table.table("health", required=False)
    appeal.only("days")
    health.only("days", "least", "agreement", "won", "confidence")
    return Fairness(
        appeal_days=appeal.number("days", 7, high=3650),
        health_days=int(health.number("days", 90, low=1, high=3650)),
        least=int(health.number("least", 8, low=1, high=100_000)),
        agreement=health.number("agreement", 0.8, high=1.0),
        won=health.number("won", 0.5, high=1.0),
        confidence=health.number("confidence", 0.95, low=0.5, high=0.999),
    )
