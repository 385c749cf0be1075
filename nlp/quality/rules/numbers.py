"""The numbers a rule may hold a turn or a dialogue to; None where the transcript does not tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from nlp.quality.dialogue import Dialogue
from nlp.quality.rules.atoms import DIALOGUE_MEASURES, TURN_MEASURES
from nlp.quality.timing import waits
from nlp.text import key

_MINUTE = 60.0


def name_of(measure: str) -> str:
    return {**TURN_MEASURES, **DIALOGUE_MEASURES}[measure]


def of_turns(dialogue: Dialogue, turns: Sequence[int], measure: str) -> Iterator[tuple[int, float]]:
    """The turns that tell a number, with it."""
    waited = _waited(dialogue) if measure == "wait" else {}
    for turn in turns:
        value = waited.get(turn) if measure == "wait" else _of_turn(dialogue, turn, measure)
        if value is not None:
            yield turn, value


def _waited(dialogue: Dialogue) -> dict[int, float]:
    """Seconds the customer waited at each reply."""
    roles = [turn.role for turn in dialogue.transcript.turns]
    found = {
        end: dialogue.seconds(start, end) for start, end in waits(roles, dialogue.judging) if end is not None
    }
    return {turn: seconds for turn, seconds in found.items() if seconds is not None}


def _of_turn(dialogue: Dialogue, turn: int, measure: str) -> float | None:
    """A number of one turn.

    `speed` counts letters a minute up to the next turn, so that a pause before it makes the turn seem slower, never
    faster.
    """
    if measure == "letters":
        return float(len(key(dialogue.texts[turn])))
    if measure in ("silence", "reply"):
        own = turn and measure == "reply" and dialogue.role(turn) == dialogue.role(turn - 1)
        return dialogue.seconds(turn - 1, turn) if turn and not own else None
    seconds = _spoken(dialogue, turn)
    return len(key(dialogue.texts[turn])) / seconds * _MINUTE if seconds and seconds > 0 else None


def _spoken(dialogue: Dialogue, turn: int) -> float | None:
    """Seconds up to the next turn, the nearest to how long this one took that a transcript tells."""
    return dialogue.seconds(turn, turn + 1) if turn + 1 < len(dialogue.texts) else None


def of_dialogue(dialogue: Dialogue, turns: Sequence[int], measure: str) -> float | None:
    """A number of the turns that were asked for."""
    if measure == "turns":
        return float(len(turns))
    if measure == "seconds":
        return dialogue.seconds(turns[0], turns[-1])
    if measure == "mean_speed":
        timed = [(turn, seconds) for turn in turns if (seconds := _spoken(dialogue, turn))]
        letters = sum(len(key(dialogue.texts[turn])) for turn, _ in timed)
        whole = sum(seconds for _, seconds in timed)
        return letters / whole * _MINUTE if whole > 0 else None
    if measure == "talk_share":
        every = sum(len(key(text)) for text in dialogue.texts)
        return sum(len(key(dialogue.texts[turn])) for turn in turns) / every if every else None
    scores = [dialogue.moods[turn].score for turn in turns if turn in dialogue.moods]
    return fmean(scores) if scores else None
