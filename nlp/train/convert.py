"""A torch model as ONNX, and how far the two disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

Kind = Literal["encoder", "classifier"]
Pooling = Literal["mean", "cls", "max"]

PROBES = (
    "我要退货，运费谁出？",
    "快递三天没有更新了，帮我查一下物流。",
    "发票抬头开错了，可以重新开吗",
    "你们的客服态度太差了，我要投诉！",
    "好",
    "How do I reset my password? 订单号 20261103",
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How token vectors become one vector."""

    pooling: Pooling = "mean"
    normalise: bool = True


class EncoderModule(torch.nn.Module):  # type: ignore[misc]
    """Token vectors pooled to one."""

    def __init__(self, body: Any, recipe: Recipe, names: Sequence[str]) -> None:
        super().__init__()
        self.body, self.recipe, self.names = body, recipe, tuple(names)

    def forward(self, *tokens: torch.Tensor) -> torch.Tensor:
        named = dict(zip(self.names, tokens, strict=True))
        hidden = self.body(**named, return_dict=True).last_hidden_state
        mask = named["attention_mask"][:, :, None].to(hidden.dtype)
        if self.recipe.pooling == "cls":
            pooled = hidden[:, 0]
        elif self.recipe.pooling == "max":
            pooled = (hidden - (1 - mask) * 1e9).max(dim=1).values
        else:
            pooled = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1e-9)
        return torch.nn.functional.normalize(pooled, dim=1) if self.recipe.normalise else pooled


class ClassifierModule(torch.nn.Module):  # type: ignore[misc]
    """Logits alone."""

    def __init__(self, body: Any, names: Sequence[str]) -> None:
        super().__init__()
        self.body, self.names = body, tuple(names)

    def forward(self, *tokens: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.body(
            **dict(zip(self.names, tokens, strict=True)), return_dict=True
        ).logits
        return logits


def export(module: torch.nn.Module, tokeniser: Any, names: Sequence[str], path: Path) -> None:
    """Write the module, batch and length left open."""
    # Exporting a module in train mode would put it back into train mode and trace the dropout.
    module.eval()
    sample = tokeniser(list(PROBES[:2]), padding=True, return_tensors="pt")
    axes = {name: {0: "batch", 1: "tokens"} for name in names}
    with torch.no_grad():
        torch.onnx.export(
            module,
            tuple(sample[name] for name in names),
            str(path),
            input_names=list(names),
            output_names=["out"],
            dynamic_axes=axes | {"out": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )


def reference(
    module: torch.nn.Module, tokeniser: Any, names: Sequence[str], longest: int, texts: Sequence[str] = PROBES
) -> NDArray[np.float32]:
    """What torch answers to the texts, one at a time, float32 `[texts, width]`."""
    rows = []
    for text in texts:
        tokens = tokeniser(text, truncation=True, max_length=longest, return_tensors="pt")
        with torch.no_grad():
            rows.append(module(*(tokens[name] for name in names)).numpy()[0])
    return np.asarray(rows, dtype=np.float32)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def drift(kind: Kind, wanted: NDArray[np.float32], got: NDArray[np.float32]) -> float:
    """Largest difference over the probes: 1 − cosine of vectors, or of a class probability."""
    if kind == "classifier":
        return float(np.abs(_softmax(wanted) - _softmax(got)).max())
    scale = np.linalg.norm(wanted, axis=1) * np.linalg.norm(got, axis=1)
    return float((1 - np.einsum("ij,ij->i", wanted, got) / np.maximum(scale, 1e-12)).max())
