"""Second stage: texts of one meaning meet, strangers part.

The same two losses as the static encoder's: in-batch contrast with hard strangers, and the order of labelled
pairs (CoSENT). Each step takes one batch of each, of one source each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nlp.text import normalise
from nlp.train.contrast import Examples
from nlp.train.learn import Progress, contrast_loss, order_loss
from nlp.train.transformer.checkpoint import Checkpoint
from nlp.train.transformer.pretrain import rate_at
from nlp.train.transformer.size import Size

_DROPOUT = 0.1
_ORDER_POWER = 0.6  # how much larger a large set's share of the labelled batches is


class Texts:
    """The distinct texts as token ids."""

    def __init__(self, tokeniser: Any, longest: int) -> None:
        self.numbers: dict[str, int] = {}
        self.ids: list[list[int]] = []
        self._tokeniser, self._longest = tokeniser, longest

    def add(self, texts: list[str]) -> NDArray[np.int64]:
        """Numbers of the texts; an empty one is -1."""
        fresh = [text for text in dict.fromkeys(texts) if text and text not in self.numbers]
        for text in fresh:
            self.numbers[text] = len(self.numbers)
        for one in self._tokeniser.encode_batch([normalise(text) for text in fresh]):
            self.ids.append(one.ids[: self._longest - 1] + one.ids[-1:] if one.ids else [])
        return np.array([self.numbers.get(text, -1) for text in texts], dtype=np.int64)

    def padded(self, rows: NDArray[np.int64], device: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and mask of the texts, `[n, longest of them]`."""
        ids = [self.ids[row] for row in rows]
        out = np.zeros((len(ids), max(map(len, ids))), dtype=np.int64)
        for at, one in enumerate(ids):
            out[at, : len(one)] = one
        tokens = torch.from_numpy(out)
        return tokens.to(device), (tokens != 0).long().to(device)


class Pairs:
    """The examples of every source as numbers of texts."""

    def __init__(self, examples: Examples, texts: Texts) -> None:
        self.texts = texts
        self.together: dict[str, NDArray[np.int64]] = {}
        self.graded: dict[str, tuple[NDArray[np.int64], NDArray[np.float32]]] = {}
        for name, triples in examples.together.items():
            if len(triples) >= 2:
                columns = [texts.add([triple[at] for triple in triples]) for at in range(3)]
                self.together[name] = np.stack(columns, axis=1)
        for name, pairs in examples.graded.items():
            if pairs:
                both = np.stack([texts.add([pair[at] for pair in pairs]) for at in (0, 1)], axis=1)  # type: ignore[misc]
                self.graded[name] = both, np.array([pair[2] for pair in pairs], dtype=np.float32)
        sizes = np.array([len(labels) for _, labels in self.graded.values()], dtype=float) ** _ORDER_POWER
        self.shares = sizes / sizes.sum() if len(sizes) else sizes

    def plan(self, batch: int, epoch: int, seed: int) -> list[tuple[str, NDArray[np.int64]]]:
        """The batches of texts that belong together of one epoch, sources mixed."""
        random = np.random.default_rng((seed, 2, epoch))
        plan = [
            (name, order[at : at + batch])
            for name, triples in self.together.items()
            for order in [random.permutation(len(triples))]
            for at in range(0, len(order) - 1, batch)
        ]
        return [plan[at] for at in random.permutation(len(plan))]

    def labelled(
        self, batch: int, random: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """A batch of labelled pairs of one source."""
        name = list(self.graded)[random.choice(len(self.shares), p=self.shares)]
        both, labels = self.graded[name]
        chosen = random.integers(len(labels), size=batch)
        return both[chosen], labels[chosen]


def pooled(body: Any, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The unit mean of the token vectors, float32."""
    with torch.autocast(tokens.device.type, dtype=torch.bfloat16):
        states = body(tokens, attention_mask=mask).last_hidden_state
    kept = mask[:, :, None].float()
    mean = (states.float() * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1.0)
    return torch.nn.functional.normalize(mean, dim=1)


def pair(
    body: Any, pairs: Pairs, size: Size, seed: int, checkpoint: Checkpoint, device: str, progress: Progress
) -> None:
    """Train `body` in place; goes on from the checkpoint."""
    for module in body.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = _DROPOUT
    body.to(device).train()
    optimiser = torch.optim.AdamW(body.parameters(), betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    per = max(len(pairs.plan(size.paired_batch, 0, seed)), 1)
    total = max(int(per * size.paired_epochs), 1)
    first, losses = checkpoint.resume(body, optimiser), []
    plan: list[tuple[str, NDArray[np.int64]]] = []
    for step in range(first, total):
        if not plan or step % per == 0:
            plan = pairs.plan(size.paired_batch, step // per, seed)
        torch.manual_seed(seed * 1_000_003 + step)  # dropout of a resumed run is that of an unbroken one
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, total, size.paired_rate)
        loss = _loss(body, pairs, plan[step % per], size, np.random.default_rng((seed, 3, step)), device)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(body.parameters(), 1.0)
        optimiser.step()
        losses.append(float(loss.detach()))
        checkpoint.keep(body, optimiser, step + 1, now=step + 1 == total)
        if (step + 1) % 20 == 0 or step + 1 == total:
            progress("配对", step + 1, total, {"loss": float(np.mean(losses[-50:]))})


def _loss(
    body: Any,
    pairs: Pairs,
    chosen: tuple[str, NDArray[np.int64]],
    size: Size,
    random: np.random.Generator,
    device: str,
) -> torch.Tensor:
    def vectors(rows: NDArray[np.int64]) -> torch.Tensor:
        return pooled(body, *pairs.texts.padded(rows, device))

    name, rows = chosen
    triples = pairs.together[name][rows]
    strangers = np.unique(triples[:, 2][triples[:, 2] >= 0])
    anchors, partners = vectors(triples[:, 0]), vectors(triples[:, 1])
    away = vectors(strangers) if len(strangers) else anchors[:0]
    loss = contrast_loss(anchors, partners, away, size.temperature)
    if pairs.graded:
        both, labels = pairs.labelled(size.paired_batch, random)
        sides = vectors(both.T.reshape(-1))
        loss = loss + order_loss(
            sides[: len(labels)], sides[len(labels) :], torch.from_numpy(labels).to(device), size.order_scale
        )
    return loss
