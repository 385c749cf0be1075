"""What speaks for two differing statements being one matter: numbers that `scripts.fit_lint` weighs into weights.toml."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kb.lint import tables
from kb.lint.base import Base, Read
from kb.lint.facts import Cases, Fact, Terms
from kb.lint.likeness import alike, apart_by

CHEAP = (
    "dense",
    "dense_enough",
    "letters",
    "letters_enough",
    "title",
    "ratio",
    "unit",
    "narrow",
    "goods",
    "apart",
    "shared",
    "lacking",
    "object",
    "known",
    "kind",
    "script",
)
DEAR = ("lead", "settled", "key")
NAMES = (*CHEAP, *DEAR)
_FARTHEST = 3.0
_LEAD = 2.0
_LETTER = 1.0
_SETTLES = 0.7
"""An equal statement settles a matter from this share of the likeness of the differing one."""
_DENSE, _LETTERS = 0.6, 0.25
"""From here on more likeness tells little: rules for two cases are worded the most alike."""


@dataclass(frozen=True, slots=True)
class Weights:
    """`dense` is how much the likeness by encoder counts beside that by words in finding a statement's nearest;
    from the odds `least` two statements are taken to contradict each other, from `sure` it is an error."""

    values: Mapping[str, float]
    bias: float
    dense: float
    least: float
    sure: float
    reaches: float
    """The most that the dear numbers can add."""

    def odds(self, found: Mapping[str, float]) -> float:
        return self.bias + sum(self.values[name] * value for name, value in found.items())


@lru_cache(maxsize=2)
def weights(encoded: bool) -> Weights:
    """The fitted weights, of a handbook read with an encoder or without."""
    raw = tomllib.loads((Path(__file__).parent / "weights.toml").read_text(encoding="utf-8"))
    mine = raw["encoded" if encoded else "words"]
    values = {name: float(mine["values"].get(name, 0.0)) for name in NAMES}
    tops = {"lead": 2 * _LEAD, "settled": 0.0, "key": 0.0}
    reaches = sum(max(values[name] * top, 0.0) for name, top in tops.items())
    return Weights(
        values, float(mine["bias"]), float(mine["dense"]), float(mine["least"]), float(mine["sure"]), reaches
    )


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two statements of one kind, of entries `left` and `right`, and how alike what surrounds them is."""

    left: Read
    at: int
    right: Read
    to: int
    near: float
    dense: float
    likeness: float

    @property
    def one(self) -> Fact:
        return self.left.facts[self.at]

    @property
    def other(self) -> Fact:
        return self.right.facts[self.to]


def meet(left: Read, at: int, right: Read, to: int, whole: float, weight: float) -> Meeting:
    """The likeness of two statements."""
    near = alike(left.vectors[at], right.vectors[to])
    dense = left.dense_to(at, right, to)
    return Meeting(left, at, right, to, near, dense, near + whole / 2 + weight * dense)


def cheap(met: Meeting, base: Base) -> dict[str, float]:
    """What two statements and their entries tell by themselves."""
    one, other = met.one, met.other
    groups = apart_by(one, other)
    narrow = {group.name for group in tables.load().conditions if group.narrow}
    letters = _letters(one, other, base)
    kinds = {met.left.entry.kind, met.right.entry.kind}
    return {
        "dense": met.dense,
        "dense_enough": min(met.dense, _DENSE),
        "letters": letters,
        "letters_enough": min(letters, _LETTERS),
        "title": max(_covered(met.left, met.right, base), _covered(met.right, met.left, base)),
        "ratio": _ratio(one, other),
        "unit": float(bool(one.quantity and other.quantity and one.quantity.unit != other.quantity.unit)),
        "narrow": float(bool(groups & narrow)),
        "goods": float("goods" in groups),
        "apart": float(bool(groups - narrow - {"goods"})),
        "shared": float(min(_shared(one.cases, other.cases), 3)),
        "lacking": float(min(len(one.cases.keys() ^ other.cases.keys()), 4)),
        "object": _object(one, other, base),
        "known": float(_states(met.right, one) and _states(met.left, other)),
        "kind": float(len(kinds) == 1),
        "script": float(len(kinds) == 2 and "script" in kinds),
    }


Rival = Callable[[Read, int, str, Fact], float]
"""How near the nearest of a statement is, one entry left out, and what says the same as the given statement."""


def dear(met: Meeting, equal: Iterable[Meeting], rival: Rival) -> dict[str, float]:
    """What the rest of the handbook and the words around tell: whether each is the other's nearest, whether an equal
    statement settles it, whether another number keeps the two apart."""
    near = max(met.likeness, 1e-6)
    sides = ((met.left, met.at, met.right, met.other), (met.right, met.to, met.left, met.one))
    lead = sum(
        min(met.likeness / max(rival(read, at, beside.entry.id, against), 1e-6), _LEAD)
        for read, at, beside, against in sides
    )
    settled = max((one.likeness for one in equal if (one.at == met.at) != (one.to == met.to)), default=0.0)
    return {
        "lead": lead,
        "settled": min(max(settled / near - _SETTLES, 0.0), 0.5),
        "key": float(_key(met)),
    }


def _covered(read: Read, other: Read, base: Base) -> float:
    """The share of a title, by how much its words tell, that the other entry has."""
    total = sum(base.rare(term) for term in read.titled)
    return sum(base.rare(term) for term in read.titled & other.terms) / total if total > 0 else 0.0


def _object(one: Fact, other: Fact, base: Base) -> float:
    """Of two answers, the share of what either is about that both name."""
    if one.quantity is not None or not one.object or not other.object:
        return 0.0
    both, least = (
        one.object & other.object,
        min(one.object, other.object, key=lambda terms: _told(terms, base)),
    )
    return _told(both, base) / max(_told(least, base), 1e-6)


def _states(read: Read, fact: Fact) -> bool:
    """Whether an entry states somewhere the very amount: it may stand there for another case."""
    quantity = fact.quantity
    return quantity is not None and any(
        other.quantity is not None and other.family == fact.family and other.quantity.same(quantity)
        for other in read.facts
    )


def _told(terms: Terms, base: Base) -> float:
    """How much terms tell; a single character as much as a common word."""
    return sum(base.rare(term) if len(term) > 1 else _LETTER for term in terms)


def _letters(one: Fact, other: Fact, base: Base) -> float:
    """Cosine of the characters of two statements, by how much they tell."""
    mine, theirs, both = (
        sum(base.rare(letter) ** 2 for letter in found)
        for found in (one.letters, other.letters, one.letters & other.letters)
    )
    return both / math.sqrt(mine * theirs) if mine and theirs else 0.0


def _ratio(one: Fact, other: Fact) -> float:
    mine, theirs = one.quantity, other.quantity
    if mine is None or theirs is None or mine.unit != theirs.unit or one.family in _UNSCALED:
        return 0.0
    if mine.high <= 0 or theirs.high <= 0:
        return 0.0
    return min(abs(math.log(mine.high / theirs.high)), _FARTHEST)


_UNSCALED = frozenset({"phone", "date", "clock", "hours"})


def _shared(one: Cases, other: Cases) -> int:
    return sum(1 for group, cases in one.items() if group in other and cases & other[group])


def _key(met: Meeting) -> bool:
    """Whether a later number of the same kind differs too, so that this one may be its case: 12 期 7.2%, 6 期 4.5%."""
    if not met.one.family.startswith("count"):
        return False
    mine, theirs = _later(met.left, met.one), _later(met.right, met.other)
    return any(not mine[unit] & theirs[unit] for unit in mine.keys() & theirs.keys())


def _later(read: Read, fact: Fact) -> dict[str, set[tuple[float, float]]]:
    found: dict[str, set[tuple[float, float]]] = {}
    for other in read.facts:
        quantity = other.quantity
        if quantity is not None and other.sentence == fact.sentence and other.start >= fact.end:
            found.setdefault(quantity.unit, set()).add((quantity.low, quantity.high))
    return found
