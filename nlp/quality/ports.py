"""What the scorer takes from outside: sentiment, knowledge and vectors, each optional."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.mood import Mood
from nlp.suspects import Suspects

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to float32 `[n, dim]` unit rows."""


class Analyser(Protocol):
    """One result per text, in order; empty text is neutral."""

    def analyse(self, texts: Sequence[str], /) -> Sequence[Mood]: ...


class Conduct(Protocol):
    """What trained heads hear in normalised turns, one result per text, in order."""

    def hear(self, texts: Sequence[str], /) -> Sequence[Suspects]: ...

    def distressed(self, texts: Sequence[str], /) -> Sequence[float]: ...


def conduct_of(analyser: Analyser | None) -> Conduct | None:
    """The heads that come with an analyser, None where it has none."""
    return getattr(analyser, "conduct", None)


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence the knowledge base stands for, and the entry it comes from."""

    text: str
    entry_id: str


Facts = Callable[[datetime], Sequence[Fact]]
"""The sentences that held at a time."""
