"""What the scorer takes from outside: sentiment, knowledge and vectors, each optional."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.mood import Mood

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to float32 `[n, dim]` unit rows."""


class Analyser(Protocol):
    """One result per text, in order; empty text is neutral."""

    def analyse(self, texts: Sequence[str], /) -> Sequence[Mood]: ...


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence the knowledge base stands for, and the entry it comes from."""

    text: str
    entry_id: str


Facts = Callable[[datetime], Sequence[Fact]]
"""The sentences that held at a time."""
