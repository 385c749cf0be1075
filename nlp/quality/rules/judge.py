"""A tree over one dialogue. Three-valued: where there is nothing to judge, nothing is held against anybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nlp.quality.dialogue import Dialogue
from nlp.quality.rules import chains
from nlp.quality.rules.finding import Breaches, Looking, find
from nlp.quality.rules.outcome import ABSENT, Hit, Outcome, both, either, merged, missing, unknown
from nlp.quality.rules.scope import NOTHING, Scope, around, narrowed
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

    def outcome(self, node: Node, scope: Scope) -> Outcome:
        """What a node comes to in a scope."""
        found = self._placed(node, scope)
        if self.watch is not None:
            self.watch(node, found)
        return found

    def _placed(self, node: Node, scope: Scope) -> Outcome:
        inside = narrowed(self.dialogue, node.where, scope)
        if node.where.anchor is not None:
            anchored = self._anchored(node.where.anchor, inside)
            if isinstance(anchored, Outcome):
                return anchored
            inside = anchored
        if node.where.range is not None:
            inside = inside.ranged(self.dialogue, node.where.range)
        return self._judged(node, inside)

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

    def _anchored(self, anchor: Anchor, scope: Scope) -> Scope | Outcome:
        found = self.outcome(anchor.node, self.base)
        if found.state is not True:
            return unknown(found.reason or "没有出现前提")
        turns = sorted({hit.turn for hit in found.hits})
        if anchor.hit:
            at = anchor.hit - 1 if anchor.hit > 0 else anchor.hit
            turns = turns[at : at + 1 or None]
        return around(self.dialogue, anchor, turns, scope)

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
