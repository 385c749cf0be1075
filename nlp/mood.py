"""What routing, handoff and quality need to know of a mood: ports that `nlp.sentiment` fills."""

from __future__ import annotations

from typing import Protocol


class Mood(Protocol):
    """Attitude of one text: `score` −1…1, `intensity` 0…1."""

    @property
    def polarity(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def emotion(self) -> str: ...
    @property
    def intensity(self) -> float: ...


class Course(Protocol):
    """Smoothed course of the customer's mood: `value` −1…1, `slope` a turn, over `n` turns."""

    @property
    def value(self) -> float: ...
    @property
    def slope(self) -> float: ...
    @property
    def n(self) -> int: ...
