"""What is to be measured on which rows, and the reasons why it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Figures = dict[str, float]
Advance = Callable[[int, int | None], None]


class UnusablePlan(ValueError):
    """What was asked for cannot be measured; the message says what can."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is scored, and what (if anything) the head is fitted on first."""

    data: Path
    train: Path | None = None
    folds: int | None = None
    holdout: float | None = None
    seed: int = 0
    encoder: str | None = None
    noise: float = 0.0

    @property
    def fits(self) -> bool:
        """Whether a head is fitted first."""
        return self.train is not None or self.folds is not None or self.holdout is not None
