"""Forms of one or a few items, for tests that look at one thing."""

from __future__ import annotations

from typing import Any

from transcripts import item

from nlp.quality.form import Form, parse_form
from nlp.quality.result import ItemScore
from nlp.quality.scorer import score
from nlp.transcript import Transcript

GRADES = [{"code": "A", "name": "好", "least": 60}, {"code": "D", "name": "差", "least": 0}]


def form(*items: dict[str, Any], **more: Any) -> Form:
    """A form of one dimension that its items share."""
    rows = [{"name": f"第 {at} 项", "dimension": "all", "points": 1, **row} for at, row in enumerate(items)]
    return parse_form(
        {
            "code": "small",
            "name": "小表",
            "version": "1",
            "grade": GRADES,
            "dimension": [{"code": "all", "name": "全部", "weight": 1}],
            "item": rows,
            **more,
        }
    )


def judged(talked: Transcript, forbid: Any = None, require: Any = None, **more: Any) -> ItemScore:
    """What one rule says of a dialogue; `more` goes to the scorer."""
    let = more.pop("let", {})
    rule = {"forbid": forbid} if require is None else {"require": require}
    one = form({"code": "it", "check": {"kind": "rule", **rule}}, let=let)
    return item(score(talked, one, **more), "it")


def spans(found: ItemScore) -> list[tuple[int, str]]:
    """Turn and words of the evidence; an absence has none."""
    return [(span.turn, span.text) for span in found.evidence]
