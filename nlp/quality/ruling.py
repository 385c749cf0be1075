"""Rulings: what people say of a result's items, and the points that follow, by the scorer's own arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from nlp.quality.items import Form
from nlp.quality.points import points_of
from nlp.quality.result import Result, Verdict, judged_json
from nlp.transcript import Span

Word = Literal["pass", "fail", "na", "review"]
"""What is said of an item; `review`: the machine's verdict stands, but takes no points until a person agrees."""
WORDS: tuple[Word, ...] = get_args(Word)
SAID: tuple[Word, ...] = ("pass", "fail", "na")
"""The words that a person may say."""
_REASONS: Mapping[Word, str] = {"pass": "人工改判为通过", "fail": "人工认定不通过", "na": "人工认定不适用"}


def merged(rulings: Iterable[Mapping[str, Word]]) -> dict[str, Word]:
    """What holds after several rulings: the last word on each item."""
    held: dict[str, Word] = {}
    for one in rulings:
        held.update(one)
    return held


def failed_of(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """Codes of the items that count as failed: those that wait for a person do not."""
    return [item["code"] for item in items if item["result"] == "fail" and not item.get("needs_review")]


def effective(form: Form, result: Mapping[str, Any], held: Mapping[str, Word]) -> dict[str, Any]:
    """A stored result as it stands under rulings, in the shape of a score.

    Nothing `held` gives the stored points. An item that a person failed without the machine has no evidence of its own.
    """
    stored = {item["code"]: item for item in result["items"]}
    verdicts = [_verdict(stored.get(item.code), held.get(item.code)) for item in form.items]
    points = points_of(form, verdicts)
    told = judged_json(points.dimensions, points.items)
    for item in told["items"]:
        before, word = stored.get(item["code"]), held.get(item["code"])
        if word == "review" and before is not None and before["result"] == "fail":
            item |= {"result": "fail", "reason": before["reason"], "needs_review": True}
        elif word is not None and before is not None and before["result"] != word:
            item["overruled"] = before["result"]
    return {
        "score": round(points.score, 2),
        "grade": points.grade,
        "grade_name": points.grade_name,
        "veto": points.veto,
        "failed": failed_of(told["items"]),
        **told,
    }


def _verdict(stored: Mapping[str, Any] | None, word: Word | None) -> Verdict:
    said: Result = stored["result"] if stored else "na"
    reason: str = stored["reason"] if stored else "质检表里没有这一项"
    evidence = tuple(_span(one) for one in stored["evidence"]) if stored else ()
    if word is None or word == said:
        told = stored or {}
        return Verdict(said, reason, evidence, told.get("answer"), told.get("share"), bool(told.get("veto")))
    if word == "review":  # weighed as passed: the doubt is the rule's, not the agent's
        return Verdict("pass" if said == "fail" else said, reason, evidence)
    return Verdict(word, _REASONS[word], ())


def _span(value: Mapping[str, Any]) -> Span:
    return Span(value["turn"], value["start"], value["end"], value["text"], bool(value.get("absent")))
