"""What a form is: dimensions, items and grades, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from nlp.quality.kinds import Check
from nlp.quality.problems import FormError
from nlp.quality.rules.tree import Node, trees

__all__ = ["After", "Applies", "Dimension", "Form", "FormError", "Grade", "Item"]


@dataclass(frozen=True, slots=True)
class Applies:
    """When an item is judged: empty means always. Categories are top category codes."""

    categories: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class After:
    """An item is judged only where an earlier one came out like this, or was (not) answered like this."""

    item: str
    result: str = "pass"
    answers: tuple[str, ...] = ()
    unlike: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a form. `each`: points lost per finding, None = all at the first.

    `veto` zeroes the score, `section_veto` the points of its dimension. A `bonus` adds its points where it passes and
    asks nothing where it does not. `when` and `after` say where it is judged at all. `untested`: it goes without
    sentences to hit and to miss, and says so.
    """

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
    section_veto: bool = False
    bonus: bool = False
    when: Node | None = None
    after: tuple[After, ...] = ()
    untested: bool = False

    @property
    def trees(self) -> tuple[Node, ...]:
        """The rules it is made of."""
        return trees(self.check) if self.when is None else (*trees(self.check), self.when)


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
    bonus_most: float
    """What all bonus items together may add."""
    digest: str
    """SHA-256 of the content: two forms with one digest are the same form."""
