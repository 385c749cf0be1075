"""Inverted lists in flat arrays: from hashed tokens to the rows that hold them, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

K1, B = 1.2, 0.75
BUDGET = 150_000
"""Most postings one query walks, rarest tokens first: bounds the time of a query of common words."""


@dataclass(frozen=True, slots=True)
class Postings:
    """`keys[k]` sorted; the rows of key `i` are `rows[starts[i]:starts[i+1]]` with BM25 weights without idf.

    `held[held_starts[r]:held_starts[r+1]]` are the positions in `keys` of the tokens of row `r`, `counts` how often
    each stands there, `lengths[r]` the tokens of the row.
    """

    keys: Tokens
    starts: Ints
    rows: npt.NDArray[np.int32]
    weights: Floats
    held: npt.NDArray[np.int32]
    held_starts: Ints
    counts: npt.NDArray[np.uint8]
    lengths: npt.NDArray[np.int32]

    @property
    def size(self) -> int:
        return len(self.held_starts) - 1

    def find(self, tokens: Tokens) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Positions of `tokens` in `keys`, and which of them are there."""
        if not len(self.keys):
            return np.zeros(len(tokens), np.int64), np.zeros(len(tokens), np.bool_)
        at = np.minimum(np.searchsorted(self.keys, tokens), len(self.keys) - 1)
        return at, self.keys[at] == tokens

    def frequency(self, tokens: Tokens) -> Ints:
        """In how many rows each token stands."""
        at, known = self.find(tokens)
        if not len(self.keys):
            return at
        return np.where(known, self.starts[at + 1] - self.starts[at], 0)

    def score(self, tokens: Tokens, token_weights: Floats) -> Floats:
        """Sum of token weight × BM25 weight for every row; tokens beyond `BUDGET` postings are left out."""
        scores = np.zeros(self.size, np.float32)
        at, known = self.find(tokens)
        spent = 0
        for place in np.argsort(-token_weights, kind="stable"):
            if not known[place] or token_weights[place] <= 0:
                continue
            begin, end = self.starts[at[place]], self.starts[at[place] + 1]
            if spent and spent + (end - begin) > BUDGET:
                break
            spent += end - begin
            scores[self.rows[begin:end]] += token_weights[place] * self.weights[begin:end]
        return scores


def invert(tokens: Tokens, lengths: Ints) -> Postings:
    """Postings of rows whose tokens stand one row after the other in `tokens`; `lengths[n]` tokens a row."""
    count = len(lengths)
    owner = np.repeat(np.arange(count, dtype=np.uint64), lengths)
    pairs, times = np.unique((tokens.astype(np.uint64) << np.uint64(32)) | owner, return_counts=True)
    rows = (pairs & np.uint64(0xFFFFFFFF)).astype(np.int32)
    keys, positions, held_by = np.unique(
        (pairs >> np.uint64(32)).astype(np.uint32), return_inverse=True, return_counts=True
    )
    average = max(float(lengths.mean()), 1.0) if count else 1.0
    slope = (K1 * (1 - B + B * lengths / average)).astype(np.float32)
    frequency = times.astype(np.float32)
    weights = frequency * np.float32(K1 + 1) / (frequency + slope[rows])
    order = np.argsort(rows, kind="stable")
    return Postings(
        keys=keys,
        starts=_offsets(held_by),
        rows=rows,
        weights=weights.astype(np.float32),
        held=positions[order].astype(np.int32),
        held_starts=_offsets(np.bincount(rows, minlength=count)),
        counts=np.minimum(times[order], 255).astype(np.uint8),
        lengths=lengths.astype(np.int32),
    )


def inverse_frequency(frequency: Ints, rows: int) -> Floats:
    """BM25's idf, never negative: ln(1 + (N - n + 0.5) / (n + 0.5))."""
    return np.log1p((rows - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)


def ranges(starts: Ints, ends: Ints) -> Ints:
    """All integers of the half-open ranges, one range after the other."""
    lengths = ends - starts
    total = int(lengths.sum())
    if not total:
        return np.empty(0, np.int64)
    shift = np.repeat(starts - np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths)
    return np.arange(total, dtype=np.int64) + shift


def _offsets(counts: npt.NDArray[np.intp] | Ints) -> Ints:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
