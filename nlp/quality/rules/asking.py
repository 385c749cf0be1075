"""What a form asks of the models before its rules are judged: whose moods, and vectors of which turns."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from nlp.quality.checks import inapplicable
from nlp.quality.dialogue import Dialogue
from nlp.quality.items import Form, Item
from nlp.quality.kinds import Script
from nlp.quality.rules.atoms import Measure, Mood, Similar, Untrue
from nlp.quality.rules.scope import Scope, narrowed, ranged
from nlp.quality.rules.tree import Choice, Leaf, Node, below, trees, walk
from nlp.quality.scripts import pieces, plain
from nlp.quality.wording import place


@lru_cache(maxsize=64)
def moods_of(form: Form) -> frozenset[str]:
    """Roles whose turns go to the model: the customer's always, others where a rule asks for them."""
    roles = {"customer"}
    for item in form.items:
        for tree in item.trees:
            roles.update(_moods(tree, item.roles or (*form.roles, *form.otherwise)))
    return frozenset(roles)


def _moods(node: Node, roles: tuple[str, ...]) -> Iterator[str]:
    own = node.where.roles or roles
    if isinstance(node, Leaf) and (
        isinstance(node.atom, Mood) or (isinstance(node.atom, Measure) and node.atom.name == "sentiment")
    ):
        yield from own
    for part in below(node):
        yield from _moods(part, own)
    if node.where.anchor is not None:
        yield from _moods(node.where.anchor.node, roles)


@lru_cache(maxsize=64)
def wants_facts(form: Form) -> bool:
    """Whether a rule asks for the facts themselves: whether there are any decides it too."""
    nodes = (node for item in form.items for tree in item.trees for node in walk(tree))
    return any(isinstance(node, Leaf) and isinstance(node.atom, Untrue) for node in nodes)


def wants_encoder(form: Form) -> bool:
    """Whether any item compares sentences by their meaning."""
    semantic = any(isinstance(item.check, Script) and item.check.match == "semantic" for item in form.items)
    return semantic or any(
        isinstance(node, Leaf) and isinstance(node.atom, Similar)
        for item in form.items
        for tree in item.trees
        for node in walk(tree)
    )


def asked(dialogue: Dialogue) -> Iterator[str]:
    """Texts whose vectors the items of a form are sure to ask for: a batch encodes them together.

    What hangs on a condition or an anchor is asked for when it comes to that.
    """
    for item in dialogue.form.items:
        if item.when is None and not item.after and not inapplicable(dialogue, item.applies):
            yield from _by_item(dialogue, item)


def _by_item(dialogue: Dialogue, item: Item) -> Iterator[str]:
    check = item.check
    if isinstance(check, Script) and check.match == "semantic":
        yield from map(plain, check.texts)
        for turn in place(dialogue, check.place, check.within):
            yield from (dialogue.texts[turn][start:end] for start, end in pieces(dialogue.texts[turn]))
    first = trees(check)[:1] if isinstance(check, Choice) else trees(check)
    for tree in first:
        yield from _by_node(dialogue, tree, Scope.whole(dialogue, item.roles))


def _by_node(dialogue: Dialogue, node: Node, scope: Scope) -> Iterator[str]:
    if node.where.anchor is not None:
        return
    inside = narrowed(node.where, scope)
    if node.where.range is not None:
        region = ranged(dialogue, node.where.range, inside.roles, inside.counted)
        inside = inside.within(region, False)
    if isinstance(node, Leaf) and isinstance(node.atom, Similar):
        turns = inside.turns(dialogue)
        if turns:
            yield from map(plain, node.atom.texts)
        for turn in turns:
            text = dialogue.texts[turn]
            yield from (text[start:end] for start, end in pieces(text))
    for part in below(node):
        yield from _by_node(dialogue, part, inside)
