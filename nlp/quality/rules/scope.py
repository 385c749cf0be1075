"""Where a node looks: which roles, and in which turns of the dialogue."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nlp.quality.dialogue import Dialogue
from nlp.quality.rules.tree import Anchor, Range, Where

NOTHING = "范围内没有话轮"
Turns = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """`roles` empty: those the form judges. `window`: turns to look in, in order; `counted`: turns that a range and an
    anchor count in, which are more where a node is judged turn by turn. `first`: what is missing was due early.
    """

    roles: tuple[str, ...]
    window: Turns
    counted: Turns
    first: bool = False

    @staticmethod
    def whole(dialogue: Dialogue, roles: tuple[str, ...] = ()) -> Scope:
        every = tuple(range(len(dialogue.texts)))
        return Scope(roles, every, every)

    def turns(self, dialogue: Dialogue) -> Turns:
        """The turns with words of the roles that are looked in."""
        return spoken(dialogue, self.roles, self.window)

    def only(self, turn: int) -> Scope:
        return replace(self, window=(turn,))

    def within(self, region: Turns, first: bool) -> Scope:
        """The part of the scope in a region of what it counts in."""
        if self.window is self.counted:
            return replace(self, window=region, counted=region, first=first)
        window = tuple(turn for turn in self.window if _has(region, turn))
        return replace(self, window=window, counted=region, first=first)

    def place(self, turns: Sequence[int]) -> int:
        """Where something that is missing was due."""
        if turns:
            return turns[0] if self.first else turns[-1]
        return self.window[-1] if self.window else 0


def spoken(dialogue: Dialogue, roles: tuple[str, ...], turns: Turns) -> Turns:
    """Those of the turns that have words of the roles."""
    if not roles:
        return tuple(turn for turn in turns if turn in dialogue.judging)
    return tuple(turn for turn in turns if dialogue.role(turn) in roles and dialogue.texts[turn])


def _has(region: Turns, turn: int) -> bool:
    at = bisect_left(region, turn)
    return at < len(region) and region[at] == turn


def narrowed(where: Where, scope: Scope) -> Scope:
    """The scope of a node that says who must have spoken."""
    return replace(scope, roles=where.roles) if where.roles else scope


def ranged(dialogue: Dialogue, wanted: Range, roles: tuple[str, ...], counted: Turns) -> Turns:
    """The turns from the first to the last that a range takes."""
    among = counted if wanted.among == "dialogue" else spoken(dialogue, roles, counted)
    start = wanted.start - 1 if wanted.start > 0 else max(0, len(among) + wanted.start)
    end = wanted.end if wanted.end > 0 else len(among) + wanted.end + 1
    taken = among[start : max(end, 0)]
    return counted[bisect_left(counted, taken[0]) : bisect_right(counted, taken[-1])] if taken else ()


def around(
    dialogue: Dialogue, anchor: Anchor, hits: Sequence[int], roles: tuple[str, ...], counted: Turns
) -> Turns:
    """The turns before, after, around or at the turns of hits; only turns of the roles are counted."""
    turns = spoken(dialogue, roles, counted)
    taken: set[int] = set()
    for hit in hits:
        low = high = hit
        if anchor.place in ("before", "around"):
            low = _far(turns[: bisect_left(turns, hit)][::-1], anchor.turns, hit, 0)
        if anchor.place in ("after", "around"):
            high = _far(turns[bisect_right(turns, hit) :], anchor.turns, hit, len(dialogue.texts))
        near = counted[bisect_left(counted, low) : bisect_right(counted, high)]
        taken.update(
            turn
            for turn in near
            if (turn != hit or anchor.place in ("around", "at")) and _within(dialogue, anchor, hit, turn)
        )
        if len(taken) == len(counted):
            break
    return tuple(sorted(taken))


def _far(near: Sequence[int], most: int | None, hit: int, end: int) -> int:
    """The turn that the region ends at, counted from the hit outwards."""
    return end if most is None else near[:most][-1] if near else hit


def _within(dialogue: Dialogue, anchor: Anchor, hit: int, turn: int) -> bool:
    if anchor.seconds is None:
        return True
    seconds = dialogue.seconds(hit, turn)
    return seconds is None or abs(seconds) <= anchor.seconds  # without times nobody can say it was too late
