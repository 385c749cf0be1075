"""A tree over one dialogue. Three-valued: where there is nothing to judge, nothing is held against anybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from nlp.quality.dialogue import Dialogue
from nlp.quality.rules import chains
from nlp.quality.rules.finding import Breaches, Looking, find
from nlp.quality.rules.outcome import ABSENT, Hit, Outcome, both, either, merged, missing, unknown
from nlp.quality.rules.scope import NOTHING, Scope, Turns, around, narrowed, ranged
from nlp.quality.rules.tree import All, Anchor, AnyOf, Count, Leaf, Node, Not, SameTurn, Sequence

Watch = Callable[[Node, Outcome], None]


@dataclass(slots=True)
class Judge:
    """Judges the nodes of one item; `watch` is told of every node that was judged."""

    dialogue: Dialogue
    as_of: datetime
    base: Scope
    breach: Breaches
    watch: Watch | None = None
    _anchors: dict[int, Outcome] = field(default_factory=dict)
    _regions: dict[tuple[int, tuple[str, ...], int], tuple[Turns, Turns]] = field(default_factory=dict)

    def outcome(self, node: Node, scope: Scope) -> Outcome:
        """What a node comes to in a scope."""
        found = self._placed(node, scope)
        if self.watch is not None:
            self.watch(node, found)
        return found

    def _placed(self, node: Node, scope: Scope) -> Outcome:
        inside = narrowed(node.where, scope)
        anchor, wanted = node.where.anchor, node.where.range
        if anchor is not None:
            found = self._anchor(anchor)
            if found.state is not True:
                return unknown(found.reason or "没有出现前提")
            turns = _chosen(found, anchor.hit)
            region = self._region(
                anchor, inside, lambda roles, counted: around(self.dialogue, anchor, turns, roles, counted)
            )
            inside = inside.within(region, anchor.place != "before")
        if wanted is not None:
            region = self._region(
                wanted, inside, lambda roles, counted: ranged(self.dialogue, wanted, roles, counted)
            )
            inside = inside.within(region, wanted.start > 0)
        return self._judged(node, inside)

    def _anchor(self, anchor: Anchor) -> Outcome:
        """What an anchor's node comes to: the same wherever it is asked from."""
        known = self._anchors.get(id(anchor.node))
        if known is None:
            known = self._anchors[id(anchor.node)] = self.outcome(anchor.node, self.base)
        return known

    def _region(self, wanted: object, scope: Scope, made: Callable[[tuple[str, ...], Turns], Turns]) -> Turns:
        """A region of what the scope counts in, made once: turn by turn it is asked for again and again."""
        key = (id(wanted), scope.roles, id(scope.counted))
        if key not in self._regions:
            # what was counted in is kept with it, so that its id stays its own
            self._regions[key] = (scope.counted, made(scope.roles, scope.counted))
        return self._regions[key][1]

    def _judged(self, node: Node, scope: Scope) -> Outcome:
        match node:
            case Leaf():
                turns = scope.turns(self.dialogue)
                if not turns:
                    return unknown(NOTHING)
                looking = Looking(self.dialogue, turns, scope.place(turns), self.as_of)
                return find(node, looking, self.breach)
            case All():
                return both([self.outcome(part, scope) for part in node.parts])
            case AnyOf():
                return either([self.outcome(part, scope) for part in node.parts], node.least)
            case Not():
                return self.outcome(node.part, scope).flipped()
            case SameTurn():
                return self._same_turn(node, scope)
            case Sequence():
                return self._sequence(node, scope)
            case Count():
                return self._count(node, scope)

    def _same_turn(self, node: SameTurn, scope: Scope) -> Outcome:
        turns = scope.turns(self.dialogue)
        if not turns:
            return unknown(NOTHING)
        found = [self.outcome(node.part, scope.only(turn)) for turn in turns]
        if any(one.state is True for one in found):
            # only what was said counts: that something else was not said there is no place of its own
            kept = merged([one for one in found if one.state is True])
            said = tuple(hit for hit in kept if hit.end != ABSENT)
            return Outcome(True, said or kept)
        judged = any(one.state is False for one in found)
        return Outcome(False, (missing(scope.place(turns)),)) if judged else found[0]

    def _sequence(self, node: Sequence, scope: Scope) -> Outcome:
        parts = [self.outcome(part, scope) for part in node.parts]
        whole = both(parts)
        if whole.state is not True:
            return whole
        chain = chains.of([part.hits for part in parts], self.dialogue.transcript.turns, node)
        if chain:
            return Outcome(True, chain)
        return Outcome(False, (missing(parts[-1].hits[0].turn),))

    def _count(self, node: Count, scope: Scope) -> Outcome:
        found = self.outcome(node.part, scope)
        if found.state is None:
            return found
        hits: tuple[Hit, ...] = found.hits if found.state else ()
        turns = scope.turns(self.dialogue)
        if node.bounds.hold(len(hits)):
            return Outcome(True, hits or found.hits)
        return Outcome(False, hits or (missing(scope.place(turns)),))


def _chosen(found: Outcome, hit: int) -> list[int]:
    """The turns of the hits that an anchor stands at."""
    turns = sorted({one.turn for one in found.hits})
    return (
        turns
        if not hit
        else turns[hit - 1 : hit]
        if hit > 0
        else turns[hit:][:1]
        if -hit <= len(turns)
        else []
    )
