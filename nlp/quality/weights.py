"""Weights of the named signals, as data: `nlp/presets/signals.toml`, a site's own `signals.toml` instead of it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PRESET = Path(__file__).parent.parent / "presets" / "signals.toml"


class WeightsError(ValueError):
    """A file of weights that does not say what it should."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic model over named signals; a signal without a weight counts nothing."""

    bias: float
    weights: Mapping[str, float]

    def probability(self, signals: Mapping[str, float]) -> float:
        """How likely the failing is."""
        total = self.bias + sum(self.weights.get(name, 0.0) * value for name, value in signals.items())
        return 1 / (1 + math.exp(-max(min(total, 30.0), -30.0)))


@lru_cache(maxsize=8)
def load_weights(folder: Path | None = None) -> Mapping[str, Weights]:
    """By failing. Raises WeightsError naming the file."""
    own = folder / "signals.toml" if folder else None
    path = own if own and own.exists() else PRESET
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))
        return {
            name: Weights(float(row["bias"]), {key: float(value) for key, value in row["weights"].items()})
            for name, row in rows.items()
            if isinstance(row, dict)
        }
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise WeightsError(f"{path.name}：每个小节要有 bias 和 weights，值是数字（{wrong}）") from wrong
