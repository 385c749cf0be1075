"""Checks on conduct over several turns: empathy, repetition, questions passed over, claims, abandonment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from nlp.quality import weighing
from nlp.quality.dialogue import Dialogue, absent
from nlp.quality.form import Item
from nlp.quality.kinds import Claims, Empathy, Fatal, Repetition, Unanswered
from nlp.quality.known import CLAUSE, contradicted
from nlp.quality.result import Verdict
from nlp.quality.wording import asks, clause, sureness
from nlp.text import bigrams
from nlp.transcript import Span

_REPLIES = ("promise_without_time", "rude", "blame_customer", "forbidden_word")
_ANSWERING = frozenset({"solve", "verify", "follow_up", "comfort"})
_FEELINGS = frozenset({"angry", "fear"})
_FILLER = re.compile(r"[哦呢哈亲啊呀哒啦喔噢嗯的了吧\W_]+")
_WONDERING = re.compile(
    r"多少|怎么[^能这]|什么时候|几[点天号时个]|哪[天里个]|多久|谁|能不能|是不是|有没有|行不行|可不可以|[^了]吗"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_FEWEST_SHARED = 2


def _upset(
    dialogue: Dialogue, item: Item, check: Empathy, turn: int, share: float | None, still: bool
) -> bool:
    if share is not None:
        return share >= (check.still if still else check.sure)
    cue = dialogue.has(item.code, "cues", turn)
    feeling = dialogue.sentiments.get(turn)
    if feeling is None or len(_HAN.findall(dialogue.texts[turn])) < check.shortest:
        return cue  # a number or a word thrown in is no outburst by itself
    strong = feeling.emotion in _FEELINGS and feeling.intensity >= check.intensity
    return (strong and feeling.polarity == "negative") or (cue and feeling.polarity != "positive")


def empathy(dialogue: Dialogue, item: Item, check: Empathy, turns: tuple[int, ...]) -> Verdict:
    """Each reply that comes next after clear anger or distress acknowledges it."""
    if weighing.heard(dialogue, check.weighed):
        return weighing.unheard(dialogue, item, check.weighed, turns)
    judged, shares = set(turns), dialogue.distress()
    evidence: list[Span] = []
    asked: list[int] = []
    upset: int | None = None
    seen = still = False
    for turn in range(len(dialogue.texts)):
        if dialogue.role(turn) == "customer":
            if _upset(dialogue, item, check, turn, shares.get(turn), still):
                upset, seen = turn, True
        elif dialogue.serving(turn):
            reply = _reply(dialogue, turn)
            cares = any(
                "comfort" in dialogue.stages.get(at, ()) or dialogue.has(item.code, "cares", at)
                for at in reply
            )
            if upset is not None and turn in judged and not cares:
                evidence.append(absent(turn))
                asked.append(upset)
            still = bool(upset is not None or still) and not cares
            upset = None
    if evidence:
        return Verdict("fail", _unheard(check, asked, shares), tuple(evidence))
    return Verdict("pass", "情绪出现后有安抚") if seen else Verdict("na", "客户没有明显情绪")


def _reply(dialogue: Dialogue, turn: int) -> range:
    """The service turns from this one to the customer's next: a reply is often sent in pieces."""
    end = turn
    while end < len(dialogue.texts) and dialogue.serving(end):
        end += 1
    return range(turn, end)


def _unheard(check: Empathy, asked: list[int], shares: Mapping[int, float]) -> str:
    told = f"第 {'、'.join(str(turn + 1) for turn in asked)} 轮客户情绪明显，回复中没有安抚"
    known = [f"{shares[turn]:.2f}" for turn in asked if turn in shares]
    return told + (f"（模型概率 {'、'.join(known)}，阈值 {check.sure:g}）" if known else "")


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


def _again(dialogue: Dialogue, item: Item, question: int, follow: int | None, answered: bool) -> bool:
    """Whether the customer has to come back to the question; after a reply without any answer less shows it."""
    if follow is None:
        return False
    text = dialogue.texts[follow]
    pressed = dialogue.has(item.code, "again", follow)
    replies = bigrams("".join(dialogue.texts[turn] for turn in dialogue.replies(question)))
    shared = bigrams(text) & bigrams(dialogue.texts[question])
    kept = len(shared) >= _FEWEST_SHARED and len(shared - replies) >= 1
    wondered = _WONDERING.search(dialogue.texts[question]) is not None
    return pressed and (kept or (not answered and wondered))


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
    if weighing.heard(dialogue, check.weighed):
        return weighing.unanswered(dialogue, item, check.weighed, turns, failed)
    stock = failed.get("template_repeat", frozenset()) - failed.get("rude", frozenset())
    # A refusal, a reproach or a vague promise is an answer of its kind, and found as what it is.
    other = frozenset[int]().union(*(failed.get(code, ()) for code in _REPLIES))
    for turn in turns:
        question = dialogue.previous_customer(turn)
        if question is None or turn not in dialogue.replies(question):
            continue
        text = dialogue.texts[question]
        if not (asks(text) or dialogue.has(item.code, "questions", question)):
            continue
        answered = not _ANSWERING.isdisjoint(dialogue.stages[turn])
        last = turn == dialogue.replies(question)[-1]
        missed = (
            turn in closing
            or dialogue.has(item.code, "deflections", turn)
            or (turn in stock and not answered)
            or (
                last
                and turn not in other
                and _again(dialogue, item, question, dialogue.next_customer(turn), answered)
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
        if dialogue.has(item.code, "retractions", earlier):
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
    found: dict[tuple[int, int, int], float] = {}
    facts = tuple(dialogue.facts(as_of)) if dialogue.facts else ()
    for turn in turns:
        text = dialogue.texts[turn]
        for (start, end), share in dialogue.told(item.code, turn, check.trust).items():
            found[(turn, *clause(text, start, end))] = share
        if dialogue.has(item.code, "retractions", turn):
            taken_back = _retracted(dialogue, item, turns, turn)
            if taken_back:
                found[taken_back] = 1.0
        for match in CLAUSE.finditer(text) if facts else ():
            if contradicted(match.group(), facts):
                found[(turn, *match.span())] = 1.0
    if not found:
        return Verdict("pass", "没有绝对化或与事实不符的说法")
    evidence = tuple(dialogue.span(*place) for place in sorted(found))
    told = f"绝对化或未经核实的说法 {len(evidence)} 处：“{evidence[0].text}”"
    return Verdict("fail", told + sureness([found[place] for place in sorted(found)], check.trust), evidence)


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
    endangered = [turn for turn in dialogue.customer if dialogue.has(item.code, "danger", turn)]
    if endangered:
        after = [turn for turn in turns if turn > endangered[0]]
        helped = any(dialogue.has(item.code, "help", turn) for turn in after)
        left = [turn for turn in after if dialogue.has(item.code, "abandoning", turn)]
        if not helped and (left or not after):
            evidence.extend([dialogue.whole(turn) for turn in left] or [absent(endangered[0])])
    if not evidence:
        return Verdict("pass", "没有一票否决的情形")
    return Verdict("fail", f"一票否决：{len(evidence)} 处", tuple(evidence))
