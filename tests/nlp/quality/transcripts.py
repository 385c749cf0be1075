"""Short transcripts for the tests of quality, and a sentiment anyone can compute by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from nlp.quality.result import ItemScore, Score
from nlp.transcript import Transcript, parse_transcript

START = datetime(2026, 11, 3, 10, 0, tzinfo=timezone(timedelta(hours=8)))
ROLES = {"客": "customer", "服": "agent", "机": "bot", "系": "system", "管": "supervisor"}


def talk(*lines: str, seconds: Sequence[float] | None = None, **fields: Any) -> Transcript:
    """Lines such as "客：在吗"; `seconds` after the start for each line gives them times."""
    turns: list[dict[str, Any]] = []
    for at, line in enumerate(lines):
        turn = {"role": ROLES[line[0]], "text": line[2:]}
        if seconds is not None:
            turn["at"] = (START + timedelta(seconds=seconds[at])).isoformat()
        turns.append(turn)
    return parse_transcript({"id": fields.pop("id", "t-1"), "turns": turns, **fields})


def item(score: Score, code: str) -> ItemScore:
    return next(one for one in score.items if one.code == code)


@dataclass(frozen=True)
class Feeling:
    polarity: str
    score: float
    emotion: str
    intensity: float


class Counting:
    """Angry where 气 is said, and counts how often it is asked."""

    mode = "full"
    version = "counting-1"

    def __init__(self) -> None:
        self.calls: list[int] = []

    def analyse(self, texts: Sequence[str]) -> list[Feeling]:
        self.calls.append(len(texts))
        return [
            Feeling("negative", -0.8, "angry", 0.9)
            if "气" in text
            else Feeling("neutral", 0.0, "neutral", 0.1)
            for text in texts
        ]
