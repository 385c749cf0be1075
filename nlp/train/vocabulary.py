"""The encoder's features and where their vectors start before training."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from nlp.encode import Vocabulary
from nlp.features import batch, gram_text
from nlp.text import normalise

Floats = NDArray[np.float32]

_MIX = (1.0, 0.3, 0.4)  # shares of public character vectors, of company kept, and of chance
_QUIET = 0.2  # what bigrams and words weigh at the start, beside characters: their names should not shout


@dataclass(frozen=True)
class Counted:
    """A vocabulary and how often each feature was seen, in row order."""

    vocabulary: Vocabulary
    counts: NDArray[np.int64]


def count(texts: Sequence[str], bigrams: int, words: int, least: int = 3) -> Counted:
    """The characters seen `least` times, the most frequent bigrams, and the most frequent longer words."""
    side_by_side = batch(texts)
    grams: list[str] = []
    counts: list[int] = []
    for length, most in ((1, 1 << 30), (2, bigrams)):
        keys, seen = np.unique(side_by_side.grams(length)[0], return_counts=True)
        order = np.argsort(-seen, kind="stable")[:most]
        order = order[seen[order] >= least]
        grams.extend(gram_text(int(key)) for key in keys[order])
        counts.extend(int(number) for number in seen[order])
    pieces = Counter(side_by_side.words()[0])
    ranked = sorted(pieces.items(), key=lambda item: (-item[1], item[0]))
    chosen = [(word, n) for word, n in ranked if len(word) > 1 and n >= least and any(map(str.isalnum, word))]
    counts.extend(number for _, number in chosen[:words])
    vocabulary = Vocabulary(tuple(grams), tuple(word for word, _ in chosen[:words]))
    return Counted(vocabulary, np.array(counts, dtype=np.int64))


def _characters(data: Path, vocabulary: Vocabulary, dim: int, random: np.random.Generator) -> Floats:
    # A feature starts as the mean of its characters' public vectors, turned into `dim` dimensions.
    vectors = np.load(data / "vectors/tencent_char_200d.npz", allow_pickle=False)["embeddings"]
    names = json.loads((data / "vectors/tencent_char_200d.vocab.json").read_text(encoding="utf-8"))
    vectors = vectors - vectors.mean(axis=0)
    place = {normalise(name): row for row, name in enumerate(names) if len(name) == 1}
    turn = random.standard_normal((vectors.shape[1], dim)) / np.sqrt(dim)
    features = (*vocabulary.grams, *vocabulary.words)
    out = np.zeros((len(features), dim), dtype=np.float32)
    for row, feature in enumerate(features):
        known = [place[character] for character in feature if character in place]
        if known:
            out[row] = vectors[known].mean(axis=0) @ turn
    return out


def rarity(matrix: sparse.csr_matrix) -> Floats:
    """Inverse document frequency of each feature, in natural logarithms."""
    seen = np.asarray((matrix > 0).sum(axis=0)).ravel()
    return np.asarray(np.log((matrix.shape[0] + 1) / (seen + 1.0)), dtype=np.float32)


def _company(matrix: sparse.csr_matrix, dim: int, random: np.random.Generator) -> Floats:
    # Latent semantic analysis: features that keep the same company start close together.
    from sklearn.utils.extmath import randomized_svd

    seen = np.asarray((matrix > 0).sum(axis=0)).ravel()
    weighted = matrix.copy()
    weighted.data = 1 + np.log(weighted.data)
    weighted = weighted @ sparse.diags(rarity(matrix))
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted = sparse.diags(1 / np.maximum(length, 1e-6).astype(np.float32)) @ weighted
    seed = int(random.integers(1 << 31))
    _, strength, right = randomized_svd(weighted.tocsr(), dim, n_oversamples=16, n_iter=2, random_state=seed)
    # Each feature's row is taken back to its own scale: what is left is the direction of its company.
    rows = (right.T * np.sqrt(strength)) / np.maximum(np.sqrt(seen), 1.0)[:, None]
    return np.asarray(rows, dtype=np.float32)


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), dtype=np.float32)


def starting_rows(data: Path, counted: Counted, matrix: sparse.csr_matrix, dim: int, seed: int) -> Floats:
    """Vectors before training, `[features, dim]`; `matrix` counts features in a sample of texts."""
    random = np.random.default_rng(seed)
    characters = _unit(_characters(data, counted.vocabulary, dim, random))
    company = _unit(_company(matrix, dim, random))
    alone = _unit(random.standard_normal(company.shape).astype(np.float32))
    rows = _unit(_MIX[0] * characters + _MIX[1] * company + _MIX[2] * alone)
    weights = rarity(matrix) / rarity(matrix).mean()
    weights[counted.vocabulary.characters :] *= _QUIET
    return np.asarray(rows * weights[:, None], dtype=np.float32)
