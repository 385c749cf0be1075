"""A rule as a tree: atoms with a place to look in, joined by operators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nlp.quality.rules.atoms import Atom, Bounds


@dataclass(frozen=True, slots=True)
class Range:
    """Turns `start` to `end`, counted from 1, both included; negative numbers count from the end.

    `among`: the turns of the roles asked for, or every turn of the dialogue.
    """

    start: int
    end: int
    among: str = "role"


@dataclass(frozen=True, slots=True)
class Anchor:
    """Turns `before`, `after`, `around` or `at` a hit of another node: at most `turns` of them, within `seconds`.

    `hit` is which of its hits: 1 the first, -1 the last, 0 every one.
    """

    place: str
    node: Node
    hit: int = 1
    turns: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """Who must have spoken, and where; what is not said is taken from the node above."""

    roles: tuple[str, ...] = ()
    range: Range | None = None
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    atom: Atom
    where: Where
    path: str


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Node, ...]
    where: Where
    path: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least `least` of the parts."""

    parts: tuple[Node, ...]
    where: Where
    path: str
    least: int = 1


@dataclass(frozen=True, slots=True)
class Not:
    part: Node
    where: Where
    path: str


@dataclass(frozen=True, slots=True)
class SameTurn:
    """`part` holds within one turn."""

    part: Node
    where: Where
    path: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """The parts hit in this order, each at most `turns` turns and `seconds` seconds after the one before."""

    parts: tuple[Node, ...]
    turns: int | None
    seconds: float | None
    where: Where
    path: str


@dataclass(frozen=True, slots=True)
class Count:
    """How often `part` hits."""

    part: Node
    bounds: Bounds
    where: Where
    path: str


Node = Leaf | All | AnyOf | Not | SameTurn | Sequence | Count


@dataclass(frozen=True, slots=True)
class Rule:
    """A check of an item: what must not be found (`forbid`) or what must (`require`)."""

    forbid: Node | None = None
    require: Node | None = None

    @property
    def node(self) -> Node:
        node = self.forbid or self.require
        assert node is not None
        return node


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a choice: the `share` of the points it keeps, once `when` holds (None: otherwise)."""

    name: str
    share: float
    when: Node | None = None
    veto: bool = False
    na: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A check with several answers: the first that holds is taken."""

    answers: tuple[Answer, ...]


def below(node: Node) -> tuple[Node, ...]:
    """The parts of a node, not its anchor."""
    match node:
        case All() | AnyOf() | Sequence():
            return node.parts
        case Not() | SameTurn() | Count():
            return (node.part,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """A node and all it is made of, anchors too."""
    yield node
    if node.where.anchor is not None:
        yield from walk(node.where.anchor.node)
    for part in below(node):
        yield from walk(part)


def trees(check: object) -> tuple[Node, ...]:
    """The trees a check is made of."""
    if isinstance(check, Rule):
        return (check.node,)
    if isinstance(check, Choice):
        return tuple(answer.when for answer in check.answers if answer.when is not None)
    return ()
