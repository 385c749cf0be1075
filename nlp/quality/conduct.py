"""Checks on conduct over several turns: empathy, repetition, questions passed over, claims, abandonment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from nlp.quality.dialogue import Dialogue, absent
from nlp.quality.form import Item
from nlp.quality.kinds import Claims, Empathy, Fatal, Repetition, Unanswered
from nlp.quality.known import CLAUSE, contradicted
from nlp.quality.result import Verdict
from nlp.quality.wording import asks, clause
from nlp.text import bigrams
from nlp.transcript import Span

_FEELINGS = frozenset({"angry", "fear"})
_FILLER = re.compile(r"[哦呢哈亲啊呀哒啦喔噢嗯的了吧\W_]+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_FEWEST_SHARED = 2


def _upset(dialogue: Dialogue, item: Item, check: Empathy, turn: int) -> bool:
    cue = bool(dialogue.found(item.code, "cues", turn))
    feeling = dialogue.sentiments.get(turn)
    if feeling is None or len(_HAN.findall(dialogue.texts[turn])) < check.shortest:
        return cue  # a number or a word thrown in is no outburst by itself
    strong = feeling.emotion in _FEELINGS and feeling.intensity >= check.intensity
    return (strong and feeling.polarity == "negative") or (cue and feeling.polarity != "positive")


def empathy(dialogue: Dialogue, item: Item, check: Empathy, turns: tuple[int, ...]) -> Verdict:
    """The reply to the first clear anger or distress comforts, unless comfort was given just before."""
    judged = set(turns)
    comforted: list[bool] = []
    upset = False
    for turn in range(len(dialogue.texts)):
        if dialogue.role(turn) == "customer":
            upset = upset or _upset(dialogue, item, check, turn)
        elif turn in judged:
            cares = "comfort" in dialogue.stages[turn] or bool(dialogue.found(item.code, "cares", turn))
            if upset and not cares and not any(comforted[-check.relief :]):
                asked = dialogue.previous_customer(turn)
                told = f"第 {(asked or 0) + 1} 轮客户情绪明显，回复中没有安抚"
                return Verdict("fail", told, (absent(turn),))
            if upset and cares:
                comforted.append(True)
                upset = False
                continue
            comforted.append(cares)
            upset = False
        elif dialogue.serving(turn):
            upset = False
    if any(_upset(dialogue, item, check, turn) for turn in dialogue.customer):
        return Verdict("pass", "情绪出现后有安抚")
    return Verdict("na", "客户没有明显情绪")


def _cores(text: str, shortest: int) -> list[tuple[str, int, int]]:
    cores = []
    for match in CLAUSE.finditer(text):
        core = _FILLER.sub("", match.group())
        if len(core) >= shortest:
            cores.append((core, match.start(), match.end()))
    return cores


def repetition(dialogue: Dialogue, item: Item, check: Repetition, turns: tuple[int, ...]) -> Verdict:
    """A clause of the agent's own comes again in a later turn."""
    seen: dict[str, int] = {}
    evidence: list[Span] = []
    for turn in turns:
        text = dialogue.texts[turn]
        ignored = dialogue.found(item.code, "ignore", turn)
        fresh: list[str] = []
        for core, start, end in _cores(text, check.shortest):
            if any(start < b and a < end for a, b in ignored):
                continue
            if _NUMBER.search(core) and len(core) < 2 * check.shortest:
                continue  # a price or a term said twice is an answer, not a formula
            before = next((old for old in seen if old in core or core in old), None)
            if before is not None and min(len(before), len(core)) * 5 >= 3 * max(len(before), len(core)):
                evidence.append(dialogue.span(turn, start, end))
            fresh.append(core)
        for core in fresh:
            seen.setdefault(core, turn)
    if not evidence:
        return Verdict("pass", "没有重复套话")
    return Verdict("fail", f"重复自己说过的话 {len(evidence)} 处：“{evidence[0].text}”", tuple(evidence))


def _again(dialogue: Dialogue, item: Item, question: int, follow: int | None) -> bool:
    if follow is None:
        return False
    text = dialogue.texts[follow]
    if not dialogue.found(item.code, "again", follow):
        return False
    replies = bigrams("".join(dialogue.texts[turn] for turn in dialogue.replies(question)))
    shared = bigrams(text) & bigrams(dialogue.texts[question])
    return len(shared) >= _FEWEST_SHARED and len(shared - replies) >= 1


def unanswered(
    dialogue: Dialogue,
    item: Item,
    check: Unanswered,
    turns: tuple[int, ...],
    failed: Mapping[str, frozenset[int]],
) -> Verdict:
    """A question the reply passes over: asked again, deflected, refused, or cut off by ending the chat."""
    evidence: list[Span] = []
    closing = failed.get("premature_close", frozenset())
    stock = failed.get("template_repeat", frozenset()) - failed.get("rude", frozenset())
    for turn in turns:
        question = dialogue.previous_customer(turn)
        if question is None or turn not in dialogue.replies(question):
            continue
        text = dialogue.texts[question]
        if not (asks(text) or dialogue.found(item.code, "questions", question)):
            continue
        answered = "solve" in dialogue.stages[turn]
        missed = (
            turn in closing
            or bool(dialogue.found(item.code, "deflections", turn))
            or (turn in stock and not answered)
            or (
                turn == dialogue.replies(question)[-1]
                and _again(dialogue, item, question, dialogue.next_customer(turn))
            )
        )
        if missed:
            evidence.append(absent(turn))
    if not evidence:
        return Verdict("pass", "客户的问题都有回应")
    told = "、".join(str(span.turn + 1) for span in evidence)
    return Verdict("fail", f"第 {told} 轮没有回答客户的问题", tuple(evidence))


def _retracted(
    dialogue: Dialogue, item: Item, turns: tuple[int, ...], turn: int
) -> tuple[int, int, int] | None:
    """The earlier claim that a retraction in `turn` takes back: (turn, start, end)."""
    retraction = bigrams(dialogue.texts[turn])
    for other in range(dialogue.previous_customer(turn) or 0, max(-1, turn - 7), -1):
        retraction |= bigrams(dialogue.texts[other]) if dialogue.role(other) == "customer" else frozenset()
    best: tuple[int, int, int, int] | None = None
    for earlier in turns:
        if earlier >= turn:
            break
        if dialogue.found(item.code, "retractions", earlier):
            continue
        text = dialogue.texts[earlier]
        for start, end in dialogue.found(item.code, "assertions", earlier):
            whole = clause(text, start, end)
            shared = len(bigrams(text[slice(*whole)]) & retraction)
            if shared >= _FEWEST_SHARED and (best is None or shared > best[0]):
                best = (shared, earlier, *whole)
    return best[1:] if best else None


def claims(dialogue: Dialogue, item: Item, check: Claims, turns: tuple[int, ...], as_of: datetime) -> Verdict:
    """Absolute words, claims taken back later, and sentences with other numbers than the facts."""
    found: dict[tuple[int, int, int], None] = {}
    facts = tuple(dialogue.facts(as_of)) if dialogue.facts else ()
    for turn in turns:
        text = dialogue.texts[turn]
        for start, end in dialogue.found(item.code, "said", turn):
            found[(turn, *clause(text, start, end))] = None
        if dialogue.found(item.code, "retractions", turn):
            taken_back = _retracted(dialogue, item, turns, turn)
            if taken_back:
                found[taken_back] = None
        for match in CLAUSE.finditer(text) if facts else ():
            if contradicted(match.group(), facts):
                found[(turn, *match.span())] = None
    if not found:
        return Verdict("pass", "没有绝对化或与事实不符的说法")
    evidence = tuple(dialogue.span(*place) for place in sorted(found))
    return Verdict("fail", f"绝对化或未经核实的说法 {len(evidence)} 处：“{evidence[0].text}”", evidence)


def fatal(
    dialogue: Dialogue,
    item: Item,
    check: Fatal,
    turns: tuple[int, ...],
    failed: Mapping[str, tuple[Span, ...]],
) -> Verdict:
    """Leaks, insults, threats, or leaving someone in danger alone."""
    evidence: list[Span] = [span for code in check.items for span in failed.get(code, ())]
    for turn in turns:
        evidence.extend(dialogue.span(turn, *span) for span in dialogue.found(item.code, "said", turn))
    endangered = [turn for turn in dialogue.customer if dialogue.found(item.code, "danger", turn)]
    if endangered:
        after = [turn for turn in turns if turn > endangered[0]]
        helped = any(dialogue.found(item.code, "help", turn) for turn in after)
        left = [turn for turn in after if dialogue.found(item.code, "abandoning", turn)]
        if not helped and (left or not after):
            evidence.extend([dialogue.whole(turn) for turn in left] or [absent(endangered[0])])
    if not evidence:
        return Verdict("pass", "没有一票否决的情形")
    return Verdict("fail", f"一票否决：{len(evidence)} 处", tuple(evidence))
