"""What a rule says of an item: a verdict with its evidence."""

from __future__ import annotations

from nlp.quality.dialogue import Dialogue
from nlp.quality.result import Result, Verdict
from nlp.quality.rules.judge import Judge
from nlp.quality.rules.outcome import Outcome, evidence
from nlp.quality.rules.told import told
from nlp.quality.rules.tree import Choice, Node, Rule
from nlp.transcript import Span

MOST = 50
"""Places shown of one rule: a word said in every turn of a long dialogue needs no more."""


def _spans(dialogue: Dialogue, found: Outcome) -> tuple[Span, ...]:
    return tuple(evidence(dialogue, hit) for hit in found.hits[:MOST])


def _where(spans: tuple[Span, ...]) -> str:
    said = next((span for span in spans if span.text), None)
    if said is not None:
        return f"：“{said.text[:40]}”"
    return f"（第 {spans[0].turn + 1} 轮）" if spans else ""


def of_rule(judge: Judge, check: Rule) -> Verdict:
    """`forbid` fails where it holds, `require` where it does not; what cannot be told is not judged."""
    found = judge.outcome(check.node, judge.base)
    if found.state is None:
        return Verdict("na", found.reason)
    spans = _spans(judge.dialogue, found)
    more = f"，{found.reason}" if found.reason else ""
    if check.forbid is not None:
        if found.state:
            return Verdict("fail", f"出现 {len(spans)} 处：{told(check.forbid)}{_where(spans)}{more}", spans)
        return Verdict("pass", f"未出现{more}")
    if found.state:
        return Verdict("pass", f"已做到{more}", spans)
    return Verdict("fail", f"没有做到：{told(check.node)}{_where(spans)}{more}", spans)


def of_choice(judge: Judge, check: Choice) -> Verdict:
    """The first answer whose rule holds; the last one needs none.

    An answer that cannot be told might have been the first: the item is then not judged.
    """
    for answer in check.answers:
        found = Outcome(True) if answer.when is None else judge.outcome(answer.when, judge.base)
        if found.state is None:
            return Verdict("na", f"无法判断是否“{answer.name}”：{found.reason}")
        if not found.state:
            continue
        spans = _spans(judge.dialogue, found)
        if answer.na:
            return Verdict("na", answer.name, spans)
        result: Result = "pass" if answer.share == 1.0 and not answer.veto else "fail"
        return Verdict(result, answer.name, spans, answer=answer.name, share=answer.share, veto=answer.veto)
    return Verdict("na", "没有一个答案成立")


def condition(judge: Judge, when: Node) -> str | None:
    """Why an item is not judged, or nothing where its condition holds."""
    found = judge.outcome(when, judge.base)
    if found.state is True:
        return None
    return f"不具备条件：{told(when)}" + (f"（{found.reason}）" if found.reason else "")
