"""What the scorer takes from outside: sentiment, knowledge and vectors, each optional."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to float32 `[n, dim]` unit rows."""


class Sentiment(Protocol):
    """What a customer turn sounds like: polarity, its emotion, score -1…1, intensity 0…1."""

    @property
    def polarity(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def emotion(self) -> str: ...
    @property
    def intensity(self) -> float: ...


class Analyser(Protocol):
    """One result per text, in order; empty text is neutral."""

    def analyse(self, texts: Sequence[str], /) -> Sequence[Sentiment]: ...


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence the knowledge base stands for, and the entry it comes from."""

    text: str
    entry_id: str


Facts = Callable[[datetime], Sequence[Fact]]
"""The sentences that held at a time."""
