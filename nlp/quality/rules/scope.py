"""Where a node looks: which roles, and in which turns of the dialogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nlp.quality.dialogue import Dialogue
from nlp.quality.rules.tree import Anchor, Range, Where

NOTHING = "范围内没有话轮"


@dataclass(frozen=True, slots=True)
class Scope:
    """`roles` empty: those the form judges. `window`: turns of the dialogue, in order. `first`: looked for early."""

    roles: tuple[str, ...]
    window: tuple[int, ...]
    first: bool = False

    @staticmethod
    def whole(dialogue: Dialogue, roles: tuple[str, ...] = ()) -> Scope:
        return Scope(roles, tuple(range(len(dialogue.texts))))

    def turns(self, dialogue: Dialogue) -> tuple[int, ...]:
        """The turns with words of the roles."""
        if not self.roles:
            judged = frozenset(dialogue.judged)
            return tuple(turn for turn in self.window if turn in judged)
        return tuple(t for t in self.window if dialogue.role(t) in self.roles and dialogue.texts[t])

    def only(self, turn: int) -> Scope:
        return replace(self, window=(turn,))

    def place(self, turns: Sequence[int]) -> int:
        """Where something that is missing was due."""
        if turns:
            return turns[0] if self.first else turns[-1]
        return self.window[-1] if self.window else 0

    def ranged(self, dialogue: Dialogue, wanted: Range) -> Scope:
        """The part of the window that a range takes."""
        among = self.window if wanted.among == "dialogue" else self.turns(dialogue)
        start = wanted.start - 1 if wanted.start > 0 else max(0, len(among) + wanted.start)
        end = wanted.end if wanted.end > 0 else len(among) + wanted.end + 1
        taken = among[start : max(end, 0)]
        if not taken:
            return replace(self, window=())
        low, high = taken[0], taken[-1]
        return replace(self, window=tuple(t for t in self.window if low <= t <= high), first=wanted.start > 0)


def narrowed(dialogue: Dialogue, where: Where, scope: Scope) -> Scope:
    """The scope of a node that says who must have spoken."""
    return replace(scope, roles=where.roles) if where.roles else scope


def around(dialogue: Dialogue, anchor: Anchor, hits: Sequence[int], scope: Scope) -> Scope:
    """The part of the window before, after or around the turns of hits; only turns of the roles are counted."""
    turns = scope.turns(dialogue)
    taken: set[int] = set()
    for hit in hits:
        low = high = hit
        if anchor.place in ("before", "around"):
            low = _far([turn for turn in reversed(turns) if turn < hit], anchor.turns, hit, 0)
        if anchor.place in ("after", "around"):
            high = _far([turn for turn in turns if turn > hit], anchor.turns, hit, len(dialogue.texts))
        taken.update(
            turn
            for turn in scope.window
            if low <= turn <= high
            and (turn != hit or anchor.place in ("around", "at"))
            and _within(dialogue, anchor, hit, turn)
        )
    return replace(scope, window=tuple(sorted(taken)), first=anchor.place != "before")


def _far(near: Sequence[int], most: int | None, hit: int, end: int) -> int:
    """The turn that the region ends at, counted from the hit outwards."""
    return end if most is None else near[:most][-1] if near else hit


def _within(dialogue: Dialogue, anchor: Anchor, hit: int, turn: int) -> bool:
    if anchor.seconds is None:
        return True
    seconds = dialogue.seconds(hit, turn)
    return seconds is None or abs(seconds) <= anchor.seconds  # without times nobody can say it was too late
