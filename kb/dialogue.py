"""What a conversation asks for: the question to search with, and the stage that comes next."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from kb.entries import STAGES
from nlp import text as texts

_NUMBERS = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{0,4}-?\d{6,}(?![0-9A-Za-z])|\[[^\[\]]{1,6}\]")
"""Order numbers, telephone numbers and the marks of masked ones: they identify, they don't ask."""
_MARK = re.compile(r"\[[^\[\]]{1,6}\]")
JOINED = 200
"""Characters of one question that are read, the latest."""


class Said(Protocol):
    """A turn: who (`customer`, `agent`, `bot`, …) said what."""

    @property
    def role(self) -> str: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Question:
    """`text` to search with ("" when nothing was asked), earlier texts with weights, and what the last turn is."""

    text: str
    context: tuple[tuple[str, float], ...] = ()
    greeting: bool = False
    farewell: bool = False


@lru_cache(maxsize=1)
def policy() -> dict[str, Any]:
    """The numbers and phrases of `suggest.toml`."""
    return tomllib.loads((Path(__file__).parent / "suggest.toml").read_text("utf-8"))


@lru_cache(maxsize=2)
def _only(section: str) -> re.Pattern[str]:
    phrases = sorted(policy()[section]["phrases"].split(), key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(map(re.escape, phrases))}|[吗呢啊呀哦嗯吧了])+")


def asks_nothing(text: str) -> bool:
    """Greetings, nods, bare numbers and signs: a turn that says nothing to search for."""
    letters = re.sub(r"\d", "", texts.key(text))
    return len(letters) < 2 or _only("empty").fullmatch(letters) is not None


def unmasked(text: str) -> str:
    """A text without the marks that stand for masked data: they say nothing to search for."""
    return _MARK.sub("", text).strip() if "[" in text else text


def question_of(turns: Sequence[Said]) -> Question:
    """The last thing the customer asked, with what was asked before it as context.

    Messages the customer sends in a row are one question; greetings and nods among them are left out.
    """
    runs = _runs(turns)
    if not runs:
        return Question("")
    last = texts.key(runs[-1][-1])
    if _only("farewell").fullmatch(last) is not None and any(c in last for c in "谢拜再没辛不"):
        return Question(runs[-1][-1], farewell=True)
    asked = [_joined(run) for run in runs]
    asked = [text for text in asked if text]
    if not asked:
        return Question(runs[-1][-1] if last else "", greeting=True)
    weights: list[float] = policy()["context"]
    if len(texts.key(asked[-1])) < policy()["short"]:
        weights = [min(weight * policy()["lean"], 0.9) for weight in weights]
    earlier = zip(reversed(asked[:-1]), weights, strict=False)
    return Question(asked[-1], tuple((text, weight) for text, weight in earlier if text != asked[-1]))


def _joined(run: Sequence[str]) -> str:
    said = [_NUMBERS.sub("", text).strip() for text in run if not asks_nothing(text)]
    return "，".join(text for text in said if not asks_nothing(text))[-JOINED:]


def _runs(turns: Sequence[Said]) -> list[list[str]]:
    """What the customer said, a list for each run of turns that nobody answered."""
    runs: list[list[str]] = []
    answered = True
    for turn in turns:
        if turn.role != "customer":
            answered = answered or turn.role != "system"
        elif turn.text.strip():
            if answered:
                runs.append([])
            runs[-1].append(turn.text)
            answered = False
    return runs


def needed_stage(question: Question, done: frozenset[str] | None, mood: float | None) -> str | None:
    """The stage that should come next; None when nothing is known of what was done.

    `mood` is the customer's −1…1. An upset customer is comforted first; who only greets is greeted.
    """
    if question.farewell:
        return "closing"
    if mood is not None and mood <= policy()["upset"] and "comfort" not in (done or ()):
        return "comfort"
    if question.greeting and "greeting" not in (done or ()):
        return "greeting"
    if done is None:
        return None
    passed = {"greeting", "comfort", *done}
    return next((stage for stage in STAGES if stage not in passed), "closing")


def stage_bonus(stage: str | None, needed: str | None, done: frozenset[str] | None) -> float:
    """What a script's stage adds to its ranking score; nothing for entries without a stage."""
    if stage is None or needed is None:
        return 0.0
    bonus: dict[str, float] = policy()["stage"]
    if stage == needed:
        return bonus["needed"]
    if stage in (done or ()):
        return bonus["done"]
    order: tuple[str, ...] = STAGES
    return bonus["next"] if order.index(stage) == order.index(needed) + 1 else bonus["other"]
