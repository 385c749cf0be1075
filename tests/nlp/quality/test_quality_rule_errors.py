"""Rules that cannot be read: each is refused with its place and the accepted form."""

from __future__ import annotations

from typing import Any

import pytest
from small_forms import form, judged
from transcripts import talk

from nlp.quality.form import FormError

TALK = talk("客：在吗", "服：订单号报一下")
ONE, NEVER = {"words": ["订单号"]}, {"words": ["没说过"]}


@pytest.mark.parametrize(
    ("rule", "field", "accepted"),
    [
        ({"wrods": ["a"]}, "item[it].check.forbid", "words"),
        ({"words": ["a"], "pattern": "b"}, "item[it].check.forbid", "恰好其一"),
        ({"words": ["a"], "roel": "agent"}, "item[it].check.forbid.roel", "role"),
        ({"words": []}, "item[it].check.forbid.words", "["),
        ({"words": ["a"], "match": "some"}, "item[it].check.forbid.match", "any|all|none|1 到 1 的数"),
        ({"words": ["a"], "role": "boss"}, "item[it].check.forbid.role", "customer"),
        ({"words": ["a"], "range": {"first": 0}}, "item[it].check.forbid.range.first", "正整数"),
        ({"words": ["a"], "range": {"middle": 1}}, "item[it].check.forbid.range.middle", "first"),
        ({"words": ["a"], "range": {"turns": [3, 1]}}, "item[it].check.forbid.range.turns", "[a, b]"),
        ({"words": ["a"], "anchor": {"turns": 2}}, "item[it].check.forbid.anchor", "after"),
        ({"words": ["a"], "anchor": {"after": "x"}}, "item[it].check.forbid.anchor.after", "let"),
        ({"words": ["a"], "anchor": {"after": {"words": ["b"]}, "hit": 0}}, "item[it].check.forbid.anchor.hit", "every"),
        ({"pattern": "(?=a)"}, "item[it].check.forbid.pattern", "RE2"),
        ({"pattern": "a*"}, "item[it].check.forbid.pattern", "RE2"),
        ({"all": [{"words": ["a"]}, {"emotion": "cross"}]}, "item[it].check.forbid.all[1].emotion", "angry"),
        ({"entity": "soul"}, "item[it].check.forbid.entity", "order_no"),
        ({"measure": "noise", "over": 1}, "item[it].check.forbid.measure", "silence"),
        ({"measure": "wait"}, "item[it].check.forbid", "at_least"),
        ({"count": {"words": ["a"]}}, "item[it].check.forbid", "at_least"),
        ({"sequence": [{"words": ["a"]}, {"not": {"words": ["b"]}}]}, "item[it].check.forbid.sequence[1]", "anchor"),
        ({"kind": "fatal"}, "item[it].check.forbid.kind", "said"),
        ({"kind": "said", "patterns": ["("]}, "item[it].check.forbid.patterns", "RE2"),
        ({"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not":
            {"words": ["a"]}}}}}}}}}}}}}}, "item[it].check.forbid.not.not.not.not.not.not.not.not.not.not.not.not.not", "12"),
        (["words"], "item[it].check.forbid", "表"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_read_says_where(rule: Any, field: str, accepted: str) -> None:
    """R104: an unknown word is refused with its place and the accepted forms."""
    with pytest.raises(FormError) as problem:
        form({"code": "it", "check": {"kind": "rule", "forbid": rule}})
    assert problem.value.field == field
    assert accepted in problem.value.accepted


def test_names_do_not_go_round() -> None:
    """A named rule may name others, in any order, but not itself."""
    with pytest.raises(FormError) as problem:
        judged(TALK, forbid="a", let={"a": {"not": "b"}, "b": {"all": ["a"]}})
    assert problem.value.field.startswith("let.")
    assert judged(TALK, forbid="a", let={"a": {"not": "b"}, "b": NEVER}).result == "fail"
    with pytest.raises(FormError):
        judged(TALK, forbid=ONE, let={"unused": {"wrods": ["x"]}})
    laughs = {"a0": {"all": [ONE] * 10}, **{f"a{n}": {"all": [f"a{n - 1}"] * 10} for n in range(1, 9)}}
    with pytest.raises(FormError) as problem:
        judged(TALK, forbid="a8", let=laughs)
    assert "5000" in problem.value.accepted
