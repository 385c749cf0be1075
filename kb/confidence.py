"""From features to a probability, and from an asked precision to the confidence it takes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.features import NAMES
from kb.postings import Floats

WEIGHTS = Path(__file__).parent / "weights.toml"


OWN = ("exact", "letters")
"""Features of the context that count for the candidate itself."""
ALONE = 3.0
"""Lead of a candidate that has no rival, in units of the ranking score."""


@dataclass(frozen=True, slots=True)
class Model:
    """Two steps over `features.NAMES`: `rank` orders the candidates of one query, the rest says how sure we are.

    The log-odds of a candidate are `bias + slope · score + lead · (distance to its best rival) + context · what the
    query found`; the distance counts `ahead` for the first candidate and `behind` for the others, so the order is
    the ranking's.
    `precision` lists (precision, least confidence), ascending.
    """

    rank: Floats
    context: Floats
    bias: float
    slope: float
    ahead: float
    behind: float
    precision: tuple[tuple[float, float], ...]

    def logits(self, values: Floats, bonus: Floats | None = None) -> Floats:
        """Log-odds of the candidates of one query, `values` being `[n, len(NAMES)]`.

        `bonus` `[n]` is added to the ranking scores, before candidates are compared.
        """
        scores: Floats = values @ self.rank
        if bonus is not None:
            scores = scores + bonus
        lead = leads(scores, np.zeros(len(scores), np.int64))
        best = in_query(values, np.zeros(len(values), np.int64))
        sure: Floats = self.slope * scores + best @ self.context + np.float32(self.bias)
        sure += self.ahead * np.maximum(lead, 0) + self.behind * np.minimum(lead, 0)
        return sure

    def threshold(self, precision: float) -> float:
        """The least confidence at which held-out answers had `precision`; above 1 when none reached it."""
        for reached, confidence in self.precision:
            if reached >= precision:
                return confidence
        return 1.01


def in_query(values: Floats, query: npt.NDArray[np.int64]) -> Floats:
    """Each feature as the best candidate of the query has it, so that it moves no order; `OWN` ones stay."""
    if not len(values):
        return values
    starts = np.flatnonzero(np.concatenate(([True], query[1:] != query[:-1])))
    sizes = np.diff(np.append(starts, len(query)))
    best = np.repeat(np.maximum.reduceat(values, starts, axis=0), sizes, axis=0)
    own = [NAMES.index(name) for name in OWN]
    best[:, own] = values[:, own]
    return best


def leads(scores: Floats, query: npt.NDArray[np.int64]) -> Floats:
    """Distance to the best rival of the same query: positive for the first candidate, at most 0 for the others."""
    order = np.lexsort((-scores, query))
    ranked, owner = scores[order], query[order]
    first = np.concatenate(([True], owner[1:] != owner[:-1])) if len(owner) else np.empty(0, np.bool_)
    best = np.flatnonzero(first)
    group = np.cumsum(first) - 1
    second = np.minimum(best + 1, len(order) - 1)
    rival = np.where((best + 1 < len(order)) & ~first[second], ranked[second], ranked[best] - ALONE)
    found = np.empty_like(scores)
    found[order] = np.where(first, ranked - rival[group], ranked - ranked[best][group])
    return found


@lru_cache(maxsize=4)
def load(path: Path = WEIGHTS) -> dict[str, Model]:
    """The models of `hybrid` and `keyword_only`. A feature the file does not name counts 0."""
    shown = tomllib.loads(path.read_text("utf-8"))
    return {mode: _model(shown[mode]) for mode in ("hybrid", "keyword_only")}


def _model(shown: dict[str, Any]) -> Model:
    table = sorted((float(reached), float(confidence)) for reached, confidence in shown["precision"])
    return Model(
        rank=_weights(shown["rank"]),
        context=_weights(shown["context"]),
        bias=float(shown["bias"]),
        slope=float(shown["slope"]),
        ahead=float(shown["ahead"]),
        behind=float(shown["behind"]),
        precision=tuple(table),
    )


def _weights(named: dict[str, float]) -> Floats:
    unknown = set(named) - set(NAMES)
    if unknown:
        raise ValueError(
            f"weights.toml names unknown features {sorted(unknown)}; known are {', '.join(NAMES)}"
        )
    return np.array([named.get(name, 0.0) for name in NAMES], np.float32)


def probability(logits: Floats) -> Floats:
    """The logistic function."""
    return (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)
