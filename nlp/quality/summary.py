"""The service record out of a transcript: request, steps, outcome, each word for word with its turn."""

from __future__ import annotations

import re

from nlp.quality.dialogue import Dialogue
from nlp.quality.result import Sentence, Summary
from nlp.text import sentences

_STEPS = 3
_LONGEST = 80
_GREETING = re.compile(r"^(?:您好|你好|在吗|在么|有人吗|hi|hello|哈喽|喂|亲)?[\W_]*$")
_WANT = re.compile(r"退|换|修|投诉|取消|改|发票|到账|物流|坏|没收到|怎么|多少|能不能|可以|吗|\?|？|要|查")


def _sentence(dialogue: Dialogue, turn: int, start: int, end: int) -> Sentence:
    end = min(end, start + _LONGEST)
    return Sentence(dialogue.shown(turn, start, end), turn, start, end)


def _best(dialogue: Dialogue, turn: int, pattern: re.Pattern[str]) -> tuple[int, int] | None:
    """The first sentence of a turn that matches, else its longest one."""
    text = dialogue.transcript.turns[turn].text
    spans = list(sentences(text))
    for start, end in spans:
        if pattern.search(text, start, end):
            return start, end
    return max(spans, key=lambda span: span[1] - span[0]) if spans else None


def _request(dialogue: Dialogue) -> Sentence | None:
    fallback: Sentence | None = None
    for turn in dialogue.customer[:6]:
        if _GREETING.match(dialogue.texts[turn]):
            continue
        span = _best(dialogue, turn, _WANT)
        if span is None:
            continue
        found = _sentence(dialogue, turn, *span)
        if _WANT.search(found.text):
            return found
        fallback = fallback or found
    return fallback


def _stage_sentence(dialogue: Dialogue, turn: int, stage: str) -> Sentence | None:
    spans = dialogue.stages.get(turn, {}).get(stage)
    if not spans:
        return None
    start, _ = dialogue.cleaned(turn).span(*spans[0])
    text = dialogue.transcript.turns[turn].text
    for first, last in sentences(text):
        if first <= start < last:
            return _sentence(dialogue, turn, first, last)
    return None


def summarise(dialogue: Dialogue) -> Summary:
    """Request from the customer's first turns, up to three steps and the outcome from the judged turns."""
    steps: list[Sentence] = []
    for turn in dialogue.judged:
        found = _stage_sentence(dialogue, turn, "solve") or _stage_sentence(dialogue, turn, "verify")
        if found:
            steps.append(found)
    outcome = None
    for turn in reversed(dialogue.judged):
        outcome = _stage_sentence(dialogue, turn, "follow_up") or _stage_sentence(dialogue, turn, "solve")
        if outcome:
            break
    return Summary(_request(dialogue), tuple(steps[:_STEPS]), outcome)
