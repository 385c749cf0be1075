"""The questions of an Amazon Connect evaluation form as checks of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nlp.quality.imports.reading import Fields, Json, Left, Unmapped, slug

_SENTIMENT = 5.0
"""Their sentiment scores go from -5 to 5, ours from -1 to 1."""
_LABELS: Mapping[str, tuple[Json, float]] = {
    "OVERALL_CUSTOMER_SENTIMENT_SCORE": ({"measure": "sentiment", "role": "customer"}, _SENTIMENT),
    "OVERALL_AGENT_SENTIMENT_SCORE": ({"measure": "sentiment"}, _SENTIMENT),
    "CONTACT_DURATION": ({"measure": "seconds", "role": "any"}, 1.0),
    "AGENT_INTERACTION_DURATION": ({"measure": "seconds"}, 1.0),
}
_NO_END = "会话记录没有话轮的结束时间"


def question(fields: Fields, let: Json, left: list[Left], place: str) -> tuple[Json, dict[str, str]]:
    """The check of a question, and the names of its answers by their identifier. Raises Unmapped."""
    kind = str(fields.get("question_type") or "")
    properties = fields.child("question_type_properties")
    if kind == "SINGLESELECT":
        return _select(properties.child("single_select"), let, left, place)
    if kind == "NUMERIC":
        return _numeric(properties.child("numeric"), left, place), {}
    if kind == "TEXT":
        raise Unmapped("文字题不计分，由人填写")
    raise Unmapped(f"题型 {kind or '（无）'} 没有对应")


def _names(options: list[Fields]) -> dict[str, str]:
    """Each answer's name; a text that stands twice has its identifier beside it."""
    texts = [str(option.get("text") or option.get("ref_id")) for option in options]
    refs = [str(option.get("ref_id")) for option in options]
    return {
        ref: text if texts.count(text) == 1 else f"{text}（{ref}）"
        for ref, text in zip(refs, texts, strict=True)
    }


def _select(given: Fields, let: Json, left: list[Left], place: str) -> tuple[Json, dict[str, str]]:
    options = [Fields(one, "Options") for one in given.rows("options")]
    automation = given.child("automation")
    rules = [Fields(one, "Automation.Options").child("rule_category") for one in automation.rows("options")]
    default = str(automation.get("default_option_ref_id") or "")
    if not rules and not default:
        raise Unmapped("没有自动作答（Automation），要由人回答")
    names = _names(options)
    by_ref = {str(option.get("ref_id")): option for option in options}
    most = _most(options)
    answers = [_ruled(rule, by_ref, names, most, let) for rule in rules]
    if default:
        if default not in by_ref:
            raise Unmapped(f"默认答案 {default!r} 不在选项里")
        answers.append(_answer(by_ref[default], names[default], most))
    given.get("display_as")
    if automation.get("answer_source"):
        left.append(Left(place, "生成式作答（AnswerSource）没有导入：只按规则类别作答", True))
    never = [names[ref] for ref in by_ref if names[ref] not in {one["name"] for one in answers}]
    if never:
        left.append(Left(place, f"没有规则会选到的答案：{'、'.join(never)}", True))
    if len(answers) == 1:
        answers.append({"name": "未作答", "na": True})
    return {"kind": "choice", "answers": answers}, names


def _most(options: list[Fields]) -> float:
    most = max((option.number("score") or 0.0 for option in options), default=0.0)
    if most <= 0:
        raise Unmapped("选项没有大于 0 的分数")
    return most


def _answer(option: Fields, name: str, most: float) -> Json:
    share = max(option.number("score") or 0.0, 0.0) / most
    return {"name": name, "share": share, **({"veto": True} if option.get("automatic_fail") else {})}


def _ruled(
    rule: Fields, by_ref: Mapping[str, Fields], names: Mapping[str, str], most: float, let: Json
) -> Json:
    """An answer taken where the dialogue came with a category, or without it."""
    category, ref = str(rule.get("category") or ""), str(rule.get("option_ref_id") or "")
    if not category or ref not in by_ref:
        raise Unmapped("自动作答没有类别，或指向不存在的选项")
    known = next((name for name, tree in let.items() if tree == {"tag": [category]}), None)
    if known is None:
        known = slug(f"category_{category}", set(let), "category")
        let[known] = {"tag": [category]}
    when: Any = {"not": known} if str(rule.get("condition")) == "NOT_PRESENT" else {"all": [known]}
    return {**_answer(by_ref[ref], names[ref], most), "when": when}


def _numeric(given: Fields, left: list[Left], place: str) -> Json:
    options = [Fields(one, "Options") for one in given.rows("options")]
    label = str(given.child("automation").child("property_value").get("label") or "")
    if not label:
        raise Unmapped("没有自动取值（Automation），要由人填写")
    if label not in _LABELS:
        raise Unmapped(f"数值 {label}：{_NO_END}")
    measure, unit = _LABELS[label]
    most = _most(options)
    answers = []
    for option in options:
        low, high = option.number("min_value"), option.number("max_value")
        bounds = {"at_least": low, "at_most": high}
        when = {**measure, **{name: value / unit for name, value in bounds.items() if value is not None}}
        told = f"{low if low is not None else '…':g}" if low is not None else "…"
        upper = f"{high:g}" if high is not None else "…"
        answers.append({**_answer(option, f"{told} 到 {upper}", most), "when": when})
    answers.append({"name": "不在任何范围内", "na": True})
    given.get("min_value", "max_value")
    if unit == 1.0:
        left.append(Left(place, f"{label} 按第一句到最后一句开始的时间计算", True))
    return {"kind": "choice", "answers": answers}
