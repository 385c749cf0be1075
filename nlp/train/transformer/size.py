"""How large the model is and how long it learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Width, depth and steps. A block is what the masked stage reads as one text, in tokens."""

    layers: int = 4
    width: int = 256
    heads: int = 4
    vocabulary: int = 8192
    block: int = 128
    masked_epochs: float = 0.8
    masked_batch: int = 16
    masked_rate: float = 8e-4
    masked_share: float = 0.2
    paired_epochs: float = 2.0
    paired_batch: int = 64
    paired_rate: float = 3e-4
    temperature: float = 0.05
    order_scale: float = 20.0
    longest: int = 64
    limit: int | None = None


SIZES: Mapping[str, Size] = {
    "tiny": Size(2, 32, 2, 600, 32, 1.0, 8, paired_epochs=1.0, paired_batch=8, longest=32, limit=40),
    "cpu": Size(),
    "gpu": Size(
        6,
        384,
        6,
        12288,
        masked_epochs=16,
        masked_batch=128,
        masked_rate=6e-4,
        paired_epochs=6,
        paired_batch=256,
        longest=160,
    ),
}
"""`tiny` for tests, `cpu` for two cores and about an hour and a half, `gpu` for half an hour of one card."""
