"""The numbers a rule may hold a turn or a dialogue to; None where the transcript does not tell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

from nlp.quality.dialogue import Dialogue
from nlp.quality.rules.atoms import DIALOGUE_MEASURES, TURN_MEASURES
from nlp.quality.timing import waits
from nlp.text import key

_MINUTE = 60.0


def name_of(measure: str) -> str:
    return {**TURN_MEASURES, **DIALOGUE_MEASURES}[measure]


def of_turn(dialogue: Dialogue, turn: int, measure: str) -> float | None:
    """A number of one turn.

    `speed` counts letters a minute up to the next turn, so that a pause before it makes the turn seem slower, never
    faster.
    """
    if measure == "letters":
        return float(len(key(dialogue.texts[turn])))
    if measure == "silence":
        return dialogue.seconds(turn - 1, turn) if turn else None
    if measure == "wait":
        since = next((start for start, end in _waits(dialogue) if end == turn), None)
        return None if since is None else dialogue.seconds(since, turn)
    seconds = dialogue.seconds(turn, turn + 1) if turn + 1 < len(dialogue.texts) else None
    return len(key(dialogue.texts[turn])) / seconds * _MINUTE if seconds and seconds > 0 else None


def _waits(dialogue: Dialogue) -> list[tuple[int, int | None]]:
    return list(waits([turn.role for turn in dialogue.transcript.turns], set(dialogue.judged)))


def of_dialogue(dialogue: Dialogue, turns: Sequence[int], measure: str) -> float | None:
    """A number of the turns that were asked for."""
    if measure == "turns":
        return float(len(turns))
    if measure == "seconds":
        return dialogue.seconds(turns[0], turns[-1])
    if measure == "total_silence":
        gaps = [dialogue.seconds(one, other) for one, other in pairwise(range(len(dialogue.texts)))]
        known = [gap for gap in gaps if gap is not None]
        return sum(known) if known else None
    if measure == "talk_share":
        every = sum(len(key(text)) for text in dialogue.texts)
        return sum(len(key(dialogue.texts[turn])) for turn in turns) / every if every else None
    scores = [dialogue.moods[turn].score for turn in turns if turn in dialogue.moods]
    return fmean(scores) if scores else None
