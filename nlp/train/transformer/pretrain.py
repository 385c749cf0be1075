"""First stage: guess hidden spans of the text (Devlin et al. 2019; spans after Joshi et al. 2020)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nlp.train.learn import Progress
from nlp.train.transformer.checkpoint import Checkpoint
from nlp.train.transformer.size import Size
from nlp.train.transformer.tokens import MASK, SPECIAL

_SPANS = (0.5, 0.3, 0.2)  # shares of hidden spans of one, two and three tokens
_WARM = 0.06


def new_body(size: Size, tokens: int) -> Any:
    """A BERT of this size with random weights. No dropout: each text is read once or twice."""
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=tokens,
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=4 * size.width,
        max_position_embeddings=512,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=0,
    )
    return BertModel(config, add_pooling_layer=False)


def start_from_characters(body: Any, tokeniser: Any, data: Path, seed: int) -> None:
    """Give each known character the direction of its public vector, turned at random to our width."""
    name = data / "vectors" / "tencent_char_200d"
    if not name.with_suffix(".npz").is_file():
        return
    with np.load(name.with_suffix(".npz"), allow_pickle=False) as kept:
        vectors = kept["embeddings"].astype(np.float32)
    letters = json.loads((data / "vectors/tencent_char_200d.vocab.json").read_text(encoding="utf-8"))
    wide = body.config.hidden_size
    turn, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((max(wide, 200), max(wide, 200))))
    turned = vectors @ turn[:200, :wide].astype(np.float32)
    turned *= 0.02 / max(float(turned.std()), 1e-6)
    weights = body.embeddings.word_embeddings.weight
    with torch.no_grad():
        for letter, vector in zip(letters, turned, strict=False):
            number = tokeniser.token_to_id(letter)
            if number is not None and len(letter) == 1:
                weights[number] = torch.from_numpy(vector)


def hide(rows: NDArray[np.int32], share: float, random: np.random.Generator) -> NDArray[np.bool_]:
    """Which tokens to guess: spans of one to three, never special tokens."""
    count, length = rows.shape
    mean = sum((at + 1) * part for at, part in enumerate(_SPANS))
    begins = random.random((count, length)) < share / mean
    lengths = random.choice(len(_SPANS), size=(count, length), p=_SPANS)
    hidden = begins.copy()
    for more in range(1, len(_SPANS)):
        hidden[:, more:] |= (begins & (lengths >= more))[:, :-more]
    return np.asarray(hidden & (rows >= len(SPECIAL)), dtype=np.bool_)


def rate_at(step: int, total: int, top: float) -> float:
    """Warm up for six per cent of the steps, then fall in a line to a fiftieth."""
    warm = max(int(total * _WARM), 1)
    if step < warm:
        return top * (step + 1) / warm
    return top * max(1 - (step - warm) / max(total - warm, 1), 0.02)


def pretrain(
    body: Any,
    rows: NDArray[np.int32],
    size: Size,
    seed: int,
    checkpoint: Checkpoint,
    device: str,
    progress: Progress,
) -> None:
    """Train `body` in place; goes on from the checkpoint."""
    from torch.nn.functional import cross_entropy

    width = body.config.hidden_size
    head = torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.GELU(), torch.nn.LayerNorm(width))
    model = torch.nn.ModuleDict({"body": body, "head": head}).to(device)
    embeddings = body.embeddings.word_embeddings.weight
    optimiser = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    total = max(int(len(rows) * size.masked_epochs / size.masked_batch), 1)
    losses: list[float] = []
    for step in range(checkpoint.resume(model, optimiser), total):
        random = np.random.default_rng((seed, step))
        chosen = _turn(len(rows), size.masked_batch, step, seed)
        batch = rows[chosen]
        hidden = hide(batch, size.masked_share, random)
        shown = np.where(hidden & (random.random(batch.shape) < 0.9), MASK, batch)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, total, size.masked_rate)
        with torch.autocast(device, dtype=torch.bfloat16):
            states = body(torch.from_numpy(shown.astype(np.int64)).to(device)).last_hidden_state
            picked = head(states[torch.from_numpy(hidden).to(device)])
            logits = picked @ embeddings.T
        loss = cross_entropy(logits.float(), torch.from_numpy(batch[hidden].astype(np.int64)).to(device))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append(float(loss.detach()))
        checkpoint.keep(model, optimiser, step + 1, now=step + 1 == total)
        if (step + 1) % 20 == 0 or step + 1 == total:
            progress("猜字", step + 1, total, {"loss": float(np.mean(losses[-50:]))})


def _turn(count: int, batch: int, step: int, seed: int) -> NDArray[np.int64]:
    # Each epoch is its own permutation; the step alone says where we are, so a resumed run reads the same.
    per = max(count // batch, 1)
    order = np.random.default_rng((seed, 1, step // per)).permutation(count)
    at = (step % per) * batch
    return np.asarray(order[at : at + batch], dtype=np.int64)
