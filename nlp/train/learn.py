"""How the static encoder learns: one vector per feature, moved so that texts of one meaning meet.

Two losses at once, each on a batch of one source: in-batch contrast with hard strangers for texts that belong
together (van den Oord et al. 2018), and the order of labelled pairs (CoSENT, Su 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from nlp.encode import Vocabulary
from nlp.train.contrast import Examples

Progress = Callable[[str, int, int, dict[str, float]], None]
"""Called with the step's name, how many are done, how many there are, and figures."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train; the numbers were chosen on the development splits.

    `drop` is the share of features hidden from a step, `bare` the share of steps that see characters alone.
    That, and turning bigrams and words down to `loud` at the end, keeps characters from leaning on the words
    of the trained domains: what is lost inside them is won outside.
    """

    epochs: int = 3
    dim: int = 256
    seed: int = 7
    bigrams: int = 50_000
    words: int = 30_000
    batch: int = 384
    rate: float = 0.002
    temperature: float = 0.05
    order_scale: float = 20.0
    order_share: float = 1.0
    drop: float = 0.15
    bare: float = 0.5
    loud: float = 0.45
    limit: int | None = None


class _Bag:
    """Texts as counted features, sliced into what an embedding bag takes."""

    def __init__(
        self, matrix: sparse.csr_matrix, characters: int, settings: Settings, random: np.random.Generator
    ) -> None:
        self.matrix, self.characters, self.settings, self.random = matrix, characters, settings, random

    def inputs(self, rows: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        part = self.matrix[rows]
        weights = part.data * (self.random.random(len(part.data)) >= self.settings.drop)
        if self.random.random() < self.settings.bare:
            weights = weights * (part.indices < self.characters)
        return (
            torch.from_numpy(part.indices.astype(np.int64)),
            torch.from_numpy(part.indptr[:-1].astype(np.int64)),
            torch.from_numpy(weights.astype(np.float32)),
        )


class _Texts:
    """Numbers the distinct texts."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))


def contrast_loss(
    anchors: torch.Tensor, partners: torch.Tensor, strangers: torch.Tensor, scale: float
) -> torch.Tensor:
    """Each anchor finds its partner among all partners and strangers, and each partner its anchor."""
    scores = anchors @ torch.cat([partners, strangers]).T / scale
    back = partners @ anchors.T / scale
    wanted = torch.arange(len(anchors), device=anchors.device)
    loss = torch.nn.functional.cross_entropy
    return (loss(scores, wanted) + loss(back, wanted)) / 2


def order_loss(a: torch.Tensor, b: torch.Tensor, labels: torch.Tensor, scale: float) -> torch.Tensor:
    """Penalty for every pair that is closer than a pair with a higher label (CoSENT)."""
    cosine = (a * b).sum(dim=1) * scale
    worse = labels[:, None] < labels[None, :]
    gaps = (cosine[:, None] - cosine[None, :])[worse]
    return torch.logsumexp(torch.cat([gaps.new_zeros(1), gaps]), dim=0)


class Trainer:
    """Holds the table of vectors and steps through the sources in a fixed random order."""

    def __init__(
        self, examples: Examples, vocabulary: Vocabulary, rows: NDArray[np.float32], s: Settings
    ) -> None:
        self.settings, self.random = s, np.random.default_rng(s.seed)
        torch.manual_seed(s.seed)
        texts = _Texts()
        self.together = {
            name: np.array([[texts.number(text) if text else -1 for text in triple] for triple in triples])
            for name, triples in examples.together.items()
            if len(triples) >= 2
        }
        self.graded = {
            name: (
                np.array([[texts.number(a), texts.number(b)] for a, b, _ in pairs]),
                np.array([label for _, _, label in pairs], dtype=np.float32),
            )
            for name, pairs in examples.graded.items()
            if pairs
        }
        self.bag = _Bag(vocabulary.count(list(texts.numbers)), vocabulary.characters, s, self.random)
        self.table = torch.nn.EmbeddingBag.from_pretrained(
            torch.from_numpy(rows.copy()), freeze=False, mode="sum", sparse=True
        )
        self.optimiser = torch.optim.SparseAdam(self.table.parameters(), lr=s.rate)

    def _plan(self) -> list[tuple[str, NDArray[np.int64]]]:
        plan: list[tuple[str, NDArray[np.int64]]] = []
        for name, triples in self.together.items():
            order = self.random.permutation(len(triples))
            size = self.settings.batch
            plan.extend((name, order[at : at + size]) for at in range(0, len(order), size))
        return [plan[at] for at in self.random.permutation(len(plan)) if len(plan[at][1]) >= 2]

    def _graded_batch(self) -> tuple[NDArray[np.int64], torch.Tensor]:
        names = list(self.graded)
        sizes = np.array([len(self.graded[name][1]) for name in names]) ** 0.5
        name = names[self.random.choice(len(names), p=sizes / sizes.sum())]
        pairs, labels = self.graded[name]
        chosen = self.random.integers(len(labels), size=self.settings.batch)
        return pairs[chosen], torch.from_numpy(labels[chosen])

    def _vectors(self, rows: NDArray[np.int64]) -> torch.Tensor:
        numbers, offsets, weights = self.bag.inputs(rows)
        return torch.nn.functional.normalize(self.table(numbers, offsets, per_sample_weights=weights), dim=1)

    def step(self, name: str, chosen: NDArray[np.int64]) -> float:
        """One update; returns the loss."""
        s = self.settings
        triples = self.together[name][chosen]
        strangers = np.unique(triples[:, 2][triples[:, 2] >= 0])
        size = len(triples)
        vectors = self._vectors(np.concatenate([triples[:, 0], triples[:, 1], strangers]))
        loss = contrast_loss(vectors[:size], vectors[size : 2 * size], vectors[2 * size :], s.temperature)
        if self.graded and s.order_share:
            pairs, labels = self._graded_batch()
            both = self._vectors(pairs.T.reshape(-1))
            loss = loss + s.order_share * order_loss(
                both[: len(labels)], both[len(labels) :], labels, s.order_scale
            )
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return float(loss.detach())

    def run(self, progress: Progress) -> NDArray[np.float32]:
        """All epochs, the rate falling to a tenth; returns the table."""
        plans = [self._plan() for _ in range(self.settings.epochs)]
        total, done = sum(map(len, plans)), 0
        for plan in plans:
            losses = []
            for name, chosen in plan:
                for group in self.optimiser.param_groups:
                    group["lr"] = self.settings.rate * (1 - 0.9 * done / total)
                losses.append(self.step(name, chosen))
                done += 1
                if done % 20 == 0 or done == total:
                    progress("训练", done, total, {"loss": float(np.mean(losses[-20:]))})
        table = np.array(self.table.weight.detach().numpy(), dtype=np.float32)
        table[self.bag.characters :] *= self.settings.loud
        return table
