"""The places where one of three failings may stand, and which of them the weighed signals call one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nlp.quality import answering, signals
from nlp.quality.dialogue import Dialogue, absent
from nlp.quality.form import Item
from nlp.quality.hearing import SILENCE
from nlp.quality.result import Verdict
from nlp.quality.shipped import OWN
from nlp.quality.signals import Signals
from nlp.quality.weights import load_weights
from nlp.quality.wording import asks, still_open
from nlp.transcript import Span

Failed = Mapping[str, frozenset[int]]
PASSED_OVER, ENDED, LEFT_ALONE = "passed_over", "ended", "left_alone"
_OTHER = ("rude", "blame_customer", "forbidden_word")
_END, _FAREWELL = 0.05, 0.3  # from these probabilities on a turn may end the talk


@dataclass(frozen=True, slots=True)
class Case:
    """An agent's turn in which a failing may stand, and the customer's turn it is about."""

    turn: int
    about: int
    signals: Signals


def heard(dialogue: Dialogue, weighed: float) -> bool:
    """Whether signals decide: a form asks for it and the trained heads were asked."""
    return weighed <= 1.0 and dialogue.hearing is not SILENCE


def _none() -> frozenset[int]:
    return frozenset()


def passed_over(dialogue: Dialogue, item: Item, turns: Sequence[int], failed: Failed) -> Iterator[Case]:
    """Questions with the replies up to the customer's next turn; a vague promise is an answer of its kind."""
    judged = frozenset(turns)
    stock, vague = failed.get("template_repeat", _none()), failed.get("promise_without_time", _none())
    other = _none().union(*(failed.get(code, ()) for code in _OTHER))
    for question in dialogue.customer:
        replies = tuple(turn for turn in dialogue.replies(question) if turn in judged)
        if not replies or not vague.isdisjoint(replies):
            continue
        said = signals.breath(dialogue, question)
        if asks(said) or answering.kinds(said) or dialogue.has(item.code, "questions", question):
            yield Case(
                replies[-1],
                question,
                signals.passed_over(
                    dialogue, item.code, question, replies,
                    not other.isdisjoint(replies), not stock.isdisjoint(replies),
                ),
            )  # fmt: skip


def ended(dialogue: Dialogue, item: Item, turns: Sequence[int]) -> Iterator[Case]:
    """Turns that may end the talk."""
    for turn in turns:
        about = dialogue.previous_customer(turn)
        if about is not None and (
            dialogue.has(item.code, "said", turn)
            or signals.share(dialogue, [turn], item.code) >= _END
            or signals.share(dialogue, [turn], "closing") >= _FAREWELL
        ):
            yield Case(turn, about, signals.ended(dialogue, item.code, turn))


def left_alone(dialogue: Dialogue, item: Item, turns: Sequence[int]) -> Iterator[Case]:
    """Replies that acknowledge no feeling."""
    judged, shares = frozenset(turns), dialogue.distress()
    standing, upset = 0.0, None
    for turn in range(len(dialogue.texts)):
        if dialogue.role(turn) == "customer":
            upset = turn if dialogue.texts[turn] else upset
        elif dialogue.serving(turn) and upset is not None:
            replies = (turn, *(later for later in dialogue.replies(upset) if later > turn))
            cares = any(
                "comfort" in dialogue.stages.get(at, ()) or dialogue.has(item.code, "cares", at)
                for at in replies
            )
            if turn in judged and not cares:
                found = signals.left_alone(dialogue, item.code, upset, replies, standing, shares)
                yield Case(turn, upset, found)
            standing = 0.0 if cares else max(standing, shares.get(upset, 0.0))
            upset = None


def weigh(dialogue: Dialogue, failing: str, cases: Iterator[Case], sure: float) -> list[tuple[Case, float]]:
    """The cases that are likely enough."""
    weights = load_weights(dialogue.prepared.folder)[failing]
    found = ((case, weights.probability(case.signals)) for case in cases)
    return [(case, share) for case, share in found if share >= sure]


def sureness(shares: Sequence[float], sure: float) -> str:
    """What the weighed signals made of the findings, for people to read."""
    return f"（模型概率 {'、'.join(f'{share:.2f}' for share in shares)}，阈值 {sure:g}）"


def unheard(dialogue: Dialogue, item: Item, sure: float, turns: Sequence[int]) -> Verdict:
    """Distress that nobody acknowledges."""
    found = weigh(dialogue, LEFT_ALONE, left_alone(dialogue, item, turns), sure)
    if not found:
        upset = any(share >= sure for share in dialogue.distress().values())
        return Verdict("pass", "情绪出现后有安抚") if upset else Verdict("na", "客户没有明显情绪")
    about = "、".join(str(case.about + 1) for case, _ in found)
    told = f"第 {about} 轮客户情绪明显，回复中没有安抚"
    shares = [share for _, share in found]
    return Verdict("fail", told + sureness(shares, sure), tuple(absent(case.turn) for case, _ in found))


def unanswered(dialogue: Dialogue, item: Item, sure: float, turns: Sequence[int], failed: Failed) -> Verdict:
    """Questions that the signals call passed over, and those that ending the talk cuts off."""
    cases = list(passed_over(dialogue, item, turns, failed))
    found = {case.turn: share for case, share in weigh(dialogue, PASSED_OVER, iter(cases), sure)}
    for turn in failed.get("premature_close", _none()) & {case.turn for case in cases}:
        found.setdefault(turn, 1.0)
    if not found:
        return Verdict("pass", "客户的问题都有回应")
    order = sorted(found)
    told = f"第 {'、'.join(str(turn + 1) for turn in order)} 轮没有回答客户的问题"
    return Verdict(
        "fail", told + sureness([found[turn] for turn in order], sure), tuple(absent(turn) for turn in order)
    )


def endings(dialogue: Dialogue, item: Item, sure: float, turns: Sequence[int]) -> Verdict:
    """Turns that end the talk while something is open, with the clauses that end it."""
    found = {case.turn: share for case, share in weigh(dialogue, ENDED, ended(dialogue, item, turns), sure)}
    for turn in turns:  # a pattern of the site's own counts though the signals doubt it
        if dialogue.found(item.code, OWN, turn) and still_open(dialogue, turn):
            found.setdefault(turn, 1.0)
    if not found:
        return Verdict("pass", "未出现")
    evidence = tuple(_ending(dialogue, item, turn) for turn in sorted(found))
    told = f"出现 {len(found)} 处：“{evidence[0].text}”"
    return Verdict("fail", told + sureness([found[turn] for turn in sorted(found)], sure), evidence)


def _ending(dialogue: Dialogue, item: Item, turn: int) -> Span:
    """From the first to the last clause that sounds like an end."""
    suspects = dialogue.suspects(turn) or {}
    spans = [*dialogue.found(item.code, "said", turn), *dialogue.found(item.code, OWN, turn)]
    spans += [(a, b) for a, b, likely in suspects.get(item.code, ()) if likely >= _END]
    spans += [(a, b) for a, b, likely in suspects.get("closing", ()) if likely >= _FAREWELL]
    return dialogue.span(turn, min(a for a, _ in spans), max(b for _, b in spans))
