"""What a form is: dimensions, items and grades, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from nlp.quality.kinds import Check


class FormError(ValueError):
    """A form that cannot be used; names the place in it and the accepted form."""

    def __init__(self, name: str, message: str, accepted: str) -> None:
        super().__init__(f"{name}：{message}（应为：{accepted}）")
        self.field, self.message, self.accepted = name, message, accepted


@dataclass(frozen=True, slots=True)
class Applies:
    """When an item is judged: empty means always. Categories are top category codes."""

    categories: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a form. `each`: points lost per finding, None = all at the first. `veto` zeroes the score."""

    code: str
    name: str
    dimension: str
    points: float
    check: Check
    applies: Applies = Applies()
    roles: tuple[str, ...] = ()
    each: float | None = None
    veto: bool = False
    must_hit: tuple[str, ...] = ()
    must_miss: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dimension:
    code: str
    name: str
    points: float


@dataclass(frozen=True, slots=True)
class Grade:
    code: str
    name: str
    least: float


@dataclass(frozen=True, slots=True)
class Form:
    """A scoring sheet. `roles` are judged; where none of them spoke, `otherwise` are."""

    code: str
    name: str
    version: str
    effective_from: datetime | None
    roles: tuple[str, ...]
    otherwise: tuple[str, ...]
    dimensions: tuple[Dimension, ...] = field(compare=False)
    items: tuple[Item, ...] = field(compare=False)
    grades: tuple[Grade, ...] = field(compare=False)
    digest: str
    """SHA-256 of the content: two forms with one digest are the same form."""
