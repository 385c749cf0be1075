"""A rule from TOML or JSON: one operator or atom a table, and beside it who, where and around what.

    { all = [ "angry", { not = { words = ["抱歉"], anchor = { after = "angry", turns = 2 } } } ] }

A text in place of a table names a tree of the form's `[let]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nlp.quality.problems import FormError
from nlp.quality.rules import values
from nlp.quality.rules.atoms import Breach
from nlp.quality.rules.leaves import LEAVES, bounds
from nlp.quality.rules.tree import (
    All,
    Anchor,
    AnyOf,
    Count,
    Leaf,
    Node,
    Not,
    Range,
    SameTurn,
    Sequence,
    Where,
    walk,
)
from nlp.transcript import ROLES

WHERE = ("role", "range", "anchor")
OPERATORS: Mapping[str, tuple[str, ...]] = {
    "all": (),
    "any": ("at_least",),
    "not": (),
    "turn": (),
    "sequence": ("turns", "seconds"),
    "count": ("at_least", "at_most", "over", "under"),
}
"""What a node can be, with the settings of its own."""
DEEPEST, MOST = 12, 5000
"""Levels of a rule, and nodes of a form with every name written out: names of names must not grow without end."""
SPEAKERS = (*ROLES, "any")
_RANGE_FORM = '"whole"、{ first = n }、{ last = n } 或 { turns = [a, b] }，可加 of = "role"|"dialogue"'
_PLACES = ("before", "after", "around", "at")
_ANCHOR_FORM = "{ after|before|around|at = 规则或名字, hit = 1, turns = n, seconds = 秒 }"

Kinds = Callable[[Any, str], Any]
"""Reads a table with `kind` as one of the form's other checks."""


@dataclass(slots=True)
class Names:
    """Trees of a form that others name: read when first named, so that their order does not matter."""

    given: Mapping[str, Any] = field(default_factory=dict)
    kinds: Kinds | None = None
    read: dict[str, Node] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    reading: list[str] = field(default_factory=list)
    count: int = 0

    def find(self, name: str, place: str) -> Node:
        if name in self.read:
            self._grow(self.sizes[name], place)
            return self.read[name]
        if name not in self.given:
            raise FormError(place, f"没有名为 {name!r} 的规则", "|".join(self.given) or "先在 [let] 里写出")
        if name in self.reading:
            raise FormError(f"let.{name}", "绕回了自己", "不互相引用的规则")
        self.reading.append(name)
        before = self.count
        self.read[name] = node_of(self.given[name], f"let.{name}", self, len(self.reading))
        self.sizes[name] = self.count - before
        self.reading.pop()
        return self.read[name]

    def _grow(self, nodes: int, place: str) -> None:
        self.count += nodes
        if self.count > MOST:
            raise FormError(place, "规则太大", f"一张表里连同名字展开至多 {MOST} 个节点")

    def one_more(self, place: str, depth: int) -> None:
        """Count a node. Raises FormError where a rule or the form becomes too large."""
        if depth > DEEPEST:
            raise FormError(place, "规则太深", f"至多 {DEEPEST} 层")
        self._grow(1, place)


def node_of(value: Any, place: str, names: Names, depth: int = 0) -> Node:
    """Read a tree. Raises FormError naming the place in it."""
    if isinstance(value, str):
        return names.find(value, place)
    given = values.table(value, place)
    names.one_more(place, depth)
    kind = _kind(given, place)
    where = _where(given, place, names, depth)
    own = {key: part for key, part in given.items() if key not in WHERE}
    if kind in OPERATORS:
        values.known(given, place, (kind, *OPERATORS[kind], *WHERE))
        return _joined(kind, own, where, place, names, depth)
    if kind == "kind":
        if names.kinds is None:
            raise FormError(f"{place}.kind", "这里不能用", "|".join(LEAVES))
        return Leaf(Breach(names.kinds(own, place), place), where, place)
    accepted, read = LEAVES[kind]
    values.known(given, place, (kind, *accepted, *WHERE))
    return read(own, place, where)


def _kind(given: Mapping[str, Any], place: str) -> str:
    known = (*OPERATORS, *LEAVES, "kind")
    named = [key for key in given if key in known]
    # a table may hold one word that is another's setting: `turns` beside `sequence` is no node
    if len(named) != 1:
        told = (
            f"同时有 {'、'.join(named)}"
            if named
            else f"没有认得的词（{'、'.join(map(str, given)) or '空表'}）"
        )
        raise FormError(place, told, "恰好其一：" + "|".join(known))
    return named[0]


def _joined(kind: str, own: Mapping[str, Any], where: Where, place: str, names: Names, depth: int) -> Node:
    name = f"{place}.{kind}"
    if kind in ("not", "turn", "count"):
        part = node_of(own[kind], name, names, depth + 1)
        if kind == "not":
            return Not(part, where, place)
        return (
            SameTurn(part, where, place) if kind == "turn" else Count(part, bounds(own, place), where, place)
        )
    given = own[kind]
    if not isinstance(given, list) or not given:
        raise FormError(name, "不是列表或为空", "[ 规则, 规则 ]")
    parts = tuple(node_of(part, f"{name}[{at}]", names, depth + 1) for at, part in enumerate(given))
    if kind == "all":
        return All(parts, where, place)
    if kind == "any":
        least = values.whole(own.get("at_least", 1), f"{place}.at_least")
        if least > len(parts):
            raise FormError(f"{place}.at_least", f"多于 {len(parts)} 个规则", f"1 到 {len(parts)}")
        return AnyOf(parts, where, place, least)
    for at, part in enumerate(parts):
        if any(isinstance(inner, Not) for inner in walk(part)):
            raise FormError(
                f"{name}[{at}]", "没有发生的事没有先后", "不含 not 的规则；不该出现的用 anchor 写"
            )
    turns = values.whole(own["turns"], f"{place}.turns") if "turns" in own else None
    seconds = values.number(own["seconds"], f"{place}.seconds") if "seconds" in own else None
    return Sequence(parts, turns, seconds, where, place)


def _where(given: Mapping[str, Any], place: str, names: Names, depth: int) -> Where:
    roles: tuple[str, ...] = ()
    if "role" in given:
        roles = values.listed(given["role"], f"{place}.role")
        for role in roles:
            values.choice(role, f"{place}.role", SPEAKERS)
    return Where(
        tuple(ROLES) if "any" in roles else roles,
        _range(given["range"], f"{place}.range") if "range" in given else None,
        _anchor(given["anchor"], f"{place}.anchor", names, depth) if "anchor" in given else None,
    )


def _range(value: Any, place: str) -> Range | None:
    if value == "whole":
        return None
    given = values.table(value, place)
    values.known(given, place, ("first", "last", "turns", "of"))
    among = values.choice(given.get("of", "role"), f"{place}.of", ("role", "dialogue"))
    if len([key for key in given if key != "of"]) != 1:
        raise FormError(place, "恰好要一种范围", _RANGE_FORM)
    if "first" in given:
        return Range(1, values.whole(given["first"], f"{place}.first"), among)
    if "last" in given:
        return Range(-values.whole(given["last"], f"{place}.last"), -1, among)
    pair = given["turns"]
    sound = isinstance(pair, list) and len(pair) == 2 and all(type(n) is int and n for n in pair)
    if not sound or (pair[0] > pair[1] and pair[0] * pair[1] > 0):
        raise FormError(f"{place}.turns", f"不是范围 {pair!r}", "[a, b]，从 1 数起，负数从末尾数")
    return Range(pair[0], pair[1], among)


def _anchor(value: Any, place: str, names: Names, depth: int) -> Anchor:
    given = values.table(value, place)
    values.known(given, place, (*_PLACES, "hit", "turns", "seconds"))
    places = [key for key in _PLACES if key in given]
    if len(places) != 1:
        raise FormError(place, "恰好要一个 after、before、around 或 at", _ANCHOR_FORM)
    hit = given.get("hit", 1)
    if hit == "every":
        hit = 0
    elif type(hit) is not int or hit == 0:
        raise FormError(f"{place}.hit", f"不是第几次 {hit!r}", '1 为第一次，-1 为最后一次，"every" 为每一次')
    node = node_of(given[places[0]], f"{place}.{places[0]}", names, depth + 1)
    return Anchor(
        places[0],
        node,
        hit,
        values.whole(given["turns"], f"{place}.turns") if "turns" in given else None,
        values.number(given["seconds"], f"{place}.seconds") if "seconds" in given else None,
    )
