"""From features to a probability, and from an asked precision to the confidence it takes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kb.features import NAMES
from kb.postings import Floats

WEIGHTS = Path(__file__).parent / "weights.toml"


@dataclass(frozen=True, slots=True)
class Model:
    """A logistic model over `features.NAMES`; `precision` lists (precision, least confidence), ascending."""

    bias: float
    weights: Floats
    precision: tuple[tuple[float, float], ...]

    def logits(self, values: Floats) -> Floats:
        scores: Floats = values @ self.weights + np.float32(self.bias)
        return scores

    def threshold(self, precision: float) -> float:
        """The least confidence at which held-out answers had `precision`; above 1 when none reached it."""
        for reached, confidence in self.precision:
            if reached >= precision:
                return confidence
        return 1.01


@lru_cache(maxsize=4)
def load(path: Path = WEIGHTS) -> dict[str, Model]:
    """The models of `hybrid` and `keyword_only`. A feature the file does not name counts 0."""
    shown = tomllib.loads(path.read_text("utf-8"))
    return {mode: _model(shown[mode]) for mode in ("hybrid", "keyword_only")}


def _model(shown: dict[str, Any]) -> Model:
    unknown = set(shown["weights"]) - set(NAMES)
    if unknown:
        raise ValueError(
            f"weights.toml names unknown features {sorted(unknown)}; known are {', '.join(NAMES)}"
        )
    weights = np.array([shown["weights"].get(name, 0.0) for name in NAMES], np.float32)
    table = sorted((float(reached), float(confidence)) for reached, confidence in shown["precision"])
    return Model(float(shown["bias"]), weights, tuple(table))


def probability(logits: Floats) -> Floats:
    """The logistic function."""
    return (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)
