"""One verdict per item: who is judged, whether the item applies, and which check decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from nlp.quality import conduct, timing, weighing, wording
from nlp.quality.dialogue import Dialogue, absent
from nlp.quality.items import After, Applies, Item
from nlp.quality.kinds import (
    Check,
    Claims,
    Empathy,
    Fatal,
    FirstResponse,
    Leaks,
    LongestGap,
    Record,
    Repetition,
    Required,
    Said,
    Script,
    StageOrder,
    StageReached,
    Unanswered,
)  # fmt: skip
from nlp.quality.result import Verdict
from nlp.quality.rules.atoms import Breach
from nlp.quality.rules.finding import Looking
from nlp.quality.rules.judge import Judge, Watch
from nlp.quality.rules.outcome import ABSENT, Hit, Outcome, missing, unknown
from nlp.quality.rules.scope import Scope
from nlp.quality.rules.tree import Choice, Rule
from nlp.quality.rules.verdicts import condition, of_choice, of_rule
from nlp.transcript import Span

_FIELDS = {
    "request": ("request", "诉求", "客户诉求", "问题"),
    "steps": ("steps", "步骤", "处理步骤", "过程"),
    "outcome": ("outcome", "result", "结果", "处理结果"),
}
_FIELD_NAMES = {"request": "客户诉求", "steps": "处理步骤", "outcome": "处理结果"}


def inapplicable(dialogue: Dialogue, applies: Applies) -> str | None:
    """Why an item is not for this dialogue, or nothing."""
    transcript = dialogue.transcript
    if applies.categories:
        if transcript.category is None:
            return "会话没有类别，无法判断是否适用"
        if dialogue.category not in applies.categories:
            return "不适用于该类别"
    if applies.channels and transcript.channel not in applies.channels:
        return "不适用于该渠道"
    if applies.tiers and transcript.customer.tier not in applies.tiers:
        return "不适用于该客户等级"
    return None


def _record(dialogue: Dialogue, check: Record) -> Verdict:
    extra = dialogue.transcript.extra
    record = next((extra[name] for name in ("record", "summary", "服务记录") if name in extra), None)
    if not isinstance(record, Mapping):
        return Verdict("na", "没有服务记录")
    outcome = dialogue.transcript.outcome
    missing = []
    for name in check.fields:
        value = next((record[k] for k in _FIELDS.get(name, (name,)) if record.get(k)), None)
        if name == "outcome" and value is None and outcome is not None and outcome.resolved is not None:
            continue
        if value is None or (isinstance(value, str) and not value.strip()):
            missing.append(_FIELD_NAMES.get(name, name))
    if not missing:
        return Verdict("pass", "诉求、步骤、结果齐全")
    return Verdict("fail", f"服务记录缺少：{'、'.join(missing)}", (absent(len(dialogue.texts) - 1),))


def _turns(dialogue: Dialogue, item: Item) -> tuple[int, ...]:
    if not item.roles:
        return dialogue.judged
    return tuple(i for i, text in enumerate(dialogue.texts) if text and dialogue.role(i) in item.roles)


def verdict(
    dialogue: Dialogue,
    item: Item,
    earlier: Mapping[str, Verdict],
    as_of: datetime,
    watch: Watch | None = None,
) -> Verdict:
    """Judge one item; `earlier` holds the verdicts of the items before it in the form, `watch` hears of its rules."""
    reason = inapplicable(dialogue, item.applies)
    if reason:
        return Verdict("na", reason)
    for after in item.after:
        if not _follows(after, earlier[after.item]):
            told = "、".join(after.answers) or after.result
            return Verdict("na", f"只在“{after.item}”{'不' if after.unlike else ''}为 {told} 时评")
    check = item.check
    if item.when is None and not isinstance(check, Rule | Choice):  # most items: no tree to judge
        found = _of_check(dialogue, item, check, _turns(dialogue, item), earlier, as_of)
    else:
        found = _by_rules(_judge(dialogue, item, as_of, watch), item, earlier)
    if item.bonus and found.result == "fail":
        return Verdict("na", f"未获加分：{found.reason}")  # nothing was asked, so nothing was failed
    return found


def _by_rules(judge: Judge, item: Item, earlier: Mapping[str, Verdict]) -> Verdict:
    if item.when is not None and (reason := condition(judge, item.when)):
        return Verdict("na", reason)
    if isinstance(item.check, Rule):
        return of_rule(judge, item.check)
    if isinstance(item.check, Choice):
        return of_choice(judge, item.check)
    turns = _turns(judge.dialogue, item)
    return _of_check(judge.dialogue, item, item.check, turns, earlier, judge.as_of)


def _follows(after: After, found: Verdict) -> bool:
    came = found.answer in after.answers if after.answers else found.result == after.result
    return came is not after.unlike


def _judge(dialogue: Dialogue, item: Item, as_of: datetime, watch: Watch | None = None) -> Judge:
    def breach(looking: Looking, atom: Breach) -> Outcome:
        inner = replace(item, code=atom.code)
        found = _of_check(dialogue, inner, atom.check, looking.turns, {}, as_of)
        if found.result == "na":
            return unknown(found.reason)
        if found.result == "pass":
            return Outcome(False, (missing(looking.place),), found.reason)
        return Outcome(True, tuple(map(_hit, found.evidence)), found.reason)

    return Judge(dialogue, as_of, Scope.whole(dialogue, item.roles), breach, watch)


def _hit(span: Span) -> Hit:
    return Hit(span.turn, span.start, ABSENT if span.absent else span.end, span)


def _of_check(
    dialogue: Dialogue,
    item: Item,
    check: Check,
    turns: tuple[int, ...],
    earlier: Mapping[str, Verdict],
    as_of: datetime,
) -> Verdict:
    match check:
        case FirstResponse():
            return timing.first_response(dialogue, check)
        case LongestGap():
            return timing.longest_gap(dialogue, check)
        case Record():
            return _record(dialogue, check) if dialogue.texts else Verdict("na", "会话为空")
    if not turns:
        return Verdict("na", "没有客服话轮")
    return _on_words(dialogue, item, check, turns, earlier, as_of)


def _on_words(
    dialogue: Dialogue,
    item: Item,
    check: Check,
    turns: tuple[int, ...],
    earlier: Mapping[str, Verdict],
    as_of: datetime,
) -> Verdict:
    match check:
        case StageReached():
            return wording.stage_reached(dialogue, check)
        case Script():
            return wording.script(dialogue, check)
        case StageOrder():
            return wording.stage_order(dialogue, check)
        case Said() if check.context == "open" and weighing.heard(dialogue, check.weighed):
            return weighing.endings(dialogue, item, check.weighed, turns)
        case Said():
            return wording.said(dialogue, item, check, turns)
        case Required():
            return wording.required(dialogue, item, check, turns)
        case Leaks():
            return wording.leaks(dialogue, item, check, turns)
        case Claims():
            return conduct.claims(dialogue, item, check, turns, as_of)
        case Empathy():
            return conduct.empathy(dialogue, item, check, turns)
        case Repetition():
            return conduct.repetition(dialogue, item, check, turns)
        case Unanswered():
            places = {
                code: frozenset(span.turn for span in spans) for code, spans in _failed(earlier).items()
            }
            return conduct.unanswered(dialogue, item, check, turns, places)
        case Fatal():
            return conduct.fatal(dialogue, item, check, turns, _failed(earlier))
    raise TypeError(type(check).__name__)


def _failed(earlier: Mapping[str, Verdict]) -> dict[str, tuple[Span, ...]]:
    return {code: found.evidence for code, found in earlier.items() if found.result == "fail"}
