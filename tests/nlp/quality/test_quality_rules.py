"""The rule language: atoms, where they look, how they are joined, and what is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from small_forms import form, judged, spans
from transcripts import Counting, talk

from nlp.quality.ports import Fact
from nlp.quality.scorer import score

ANGRY = {"words": ["气死"], "role": "customer"}
SORRY = {"words": ["抱歉", "对不起"]}
TALK = talk(
    "客：等了三天，气死我了",
    "服：订单号报一下",
    "客：订单 ZX202611030012",
    "服：非常抱歉，让您久等了",
    "客：快点",
    "服：今天 18 点前给您回电",
    seconds=[0, 20, 40, 100, 110, 400],
)


@pytest.mark.parametrize(
    ("rule", "hits"),
    [
        ({"words": ["抱歉", "回电"]}, [(3, "抱歉"), (5, "回电")]),
        ({"words": ["抱歉", "回电"], "match": "all"}, [(3, "抱歉"), (5, "回电")]),
        ({"words": ["抱歉", "没说过"], "match": "all"}, []),
        ({"words": ["没说过", "也没说过"], "match": "none"}, [(5, "")]),
        ({"words": ["抱歉"], "match": "none"}, []),
        ({"words": ["1.5"]}, []),
        ({"pattern": r"\d+ ?点"}, [(5, "18 点")]),
        ({"pattern": r"\d+ ?点", "unless": ["今天"]}, [(5, "18 点")]),
        ({"pattern": r"\d+ ?点", "unless": ["18 ?点前"]}, []),
        ({"similar": ["非常抱歉让您久等了"]}, [(3, "非常抱歉，让您久等了")]),
        ({"entity": ["order_no"], "role": "customer"}, [(2, "[订单号]")]),
        ({"entity": "date", "role": "any"}, [(5, "今天")]),
        ({"entity": "amount", "role": "any"}, []),
        ({"measure": "letters", "at_least": 10}, [(5, "今天 18 点前给您回电")]),
        ({"measure": "silence", "over": 60}, [(5, "今天 18 点前给您回电")]),
        ({"measure": "silence", "at_least": 60}, [(3, "非常抱歉，让您久等了"), (5, "今天 18 点前给您回电")]),
        ({"measure": "wait", "over": 60}, [(5, "今天 18 点前给您回电")]),
        ({"measure": "turns", "at_least": 3}, [(5, "今天 18 点前给您回电")]),
        ({"measure": "seconds", "over": 400, "role": "any"}, []),
        ({"measure": "reply", "over": 60, "role": "any"}, [(5, "今天 18 点前给您回电")]),
        ({"measure": "mean_speed", "under": 31}, [(5, "今天 18 点前给您回电")]),
        ({"words": ["订单号", "抱歉", "没说过"], "match": 2}, [(1, "订单号"), (3, "抱歉")]),
        ({"words": ["订单号", "没说过", "也没说"], "match": 2}, []),
        ({"measure": "speed", "over": 20, "role": "customer"}, [(0, "等了三天，气死我了")]),
        ({"kind": "longest_gap", "limit": 200}, [(5, "今天 18 点前给您回电")]),
        ({"kind": "said", "patterns": ["报一下"], "excused_by": ["请"]}, [(1, "报一下")]),
    ],
)  # fmt: skip
def test_an_atom_hits_where_it_should(rule: dict[str, Any], hits: list[tuple[int, str]]) -> None:
    """R104, R109: each atom finds its places, with the words said there."""
    found = judged(TALK, forbid=rule)
    assert found.result == ("fail" if hits else "pass"), found.reason
    assert spans(found) == hits


def test_stages_are_atoms_with_an_order() -> None:
    """R045, R108: a stage hits where it is reached, and a sequence of stages says in which order."""
    assert {span.turn for span in judged(TALK, forbid={"stage": "comfort"}).evidence} == {3}
    assert judged(TALK, forbid={"stage": "comfort", "range": {"first": 1}}).result == "pass"
    steps = talk(
        "客：冰箱坏了", "服：非常抱歉给您添麻烦了", "服：已经给您登记换新，48 小时内发出，运费我们承担"
    )
    order = {"sequence": [{"stage": "comfort"}, {"stage": "solve"}]}
    assert judged(steps, require=order).result == "pass"
    turned = talk("客：冰箱坏了", f"服：{steps.turns[2].text}", "服：非常抱歉给您添麻烦了")
    assert judged(turned, require=order).result == "fail"


@pytest.mark.parametrize(
    ("where", "turns"),
    [
        ({}, [1, 3, 5]),
        ({"role": "customer"}, [0, 2, 4]),
        ({"role": ["customer", "agent"]}, [0, 1, 2, 3, 4, 5]),
        ({"role": "any"}, [0, 1, 2, 3, 4, 5]),
        ({"range": {"first": 2}}, [1, 3]),
        ({"range": {"last": 2}}, [3, 5]),
        ({"range": {"turns": [2, 2]}}, [3]),
        ({"range": {"turns": [-2, -1]}}, [3, 5]),
        ({"range": {"first": 2, "of": "dialogue"}}, [1]),
        ({"range": "whole"}, [1, 3, 5]),
        ({"anchor": {"after": ANGRY}}, [1, 3, 5]),
        ({"anchor": {"after": ANGRY, "turns": 1}}, [1]),
        ({"anchor": {"after": ANGRY, "turns": 2}}, [1, 3]),
        ({"anchor": {"after": ANGRY, "seconds": 60}}, [1]),
        ({"anchor": {"before": {"words": ["回电"]}, "turns": 1}}, [3]),
        ({"anchor": {"around": {"words": ["抱歉"]}, "turns": 1}}, [1, 3, 5]),
        ({"anchor": {"around": {"words": ["快点"], "role": "customer"}, "turns": 1}}, [3, 5]),
        ({"anchor": {"after": {"pattern": "..", "role": "customer"}, "hit": 2}}, [3, 5]),
        ({"anchor": {"after": {"pattern": "..", "role": "customer"}, "hit": -1}}, [5]),
        ({"anchor": {"after": {"pattern": "..", "role": "customer"}, "hit": "every", "turns": 1}}, [1, 3, 5]),
        ({"role": "any", "anchor": {"after": ANGRY, "turns": 2}}, [1, 2]),
        ({"anchor": {"at": {"words": ["抱歉", "回电"]}, "hit": -1}}, [5]),
        ({"anchor": {"at": {"words": ["抱歉", "回电"]}, "hit": "every"}}, [3, 5]),
        ({"range": {"last": 1}, "anchor": {"after": ANGRY, "turns": 2}}, [3]),
    ],
)  # fmt: skip
def test_where_a_rule_looks(where: dict[str, Any], turns: list[int]) -> None:
    """R104: role, range and anchor choose the turns that are looked at."""
    found = judged(TALK, forbid={"measure": "letters", "at_least": 1, **where})
    assert [span.turn for span in found.evidence] == turns


ONE, TWO, NEVER = {"words": ["订单号"]}, {"words": ["抱歉"]}, {"words": ["没说过"]}
NOBODY = {"words": ["好"], "role": "supervisor"}


@pytest.mark.parametrize(
    ("rule", "result"),
    [
        ({"all": [ONE, TWO]}, "fail"),
        ({"all": [ONE, NEVER]}, "pass"),
        ({"any": [NEVER, TWO]}, "fail"),
        ({"any": [NEVER, NEVER]}, "pass"),
        ({"not": NEVER}, "fail"),
        ({"not": ONE}, "pass"),
        ({"not": {"not": ONE}}, "fail"),
        ({"all": [NOBODY, ONE]}, "na"),
        ({"all": [NOBODY, NEVER]}, "pass"),
        ({"any": [NOBODY, ONE]}, "fail"),
        ({"any": [NOBODY, NEVER]}, "na"),
        ({"any": [ONE, TWO, NEVER], "at_least": 2}, "fail"),
        ({"any": [ONE, NEVER, NEVER], "at_least": 2}, "pass"),
        ({"any": [ONE, NEVER, NOBODY], "at_least": 2}, "na"),
        ({"any": [NEVER, NEVER, NOBODY], "at_least": 2}, "pass"),
        ({"not": NOBODY}, "na"),
        ({"sequence": [ONE, TWO]}, "fail"),
        ({"sequence": [TWO, ONE]}, "pass"),
        ({"sequence": [ONE, TWO], "turns": 2}, "fail"),
        ({"sequence": [ONE, TWO], "turns": 1}, "pass"),
        ({"sequence": [ONE, TWO], "seconds": 80}, "fail"),
        ({"sequence": [ONE, TWO], "seconds": 79}, "pass"),
        ({"sequence": [ANGRY, ONE, TWO]}, "fail"),
        ({"count": {"pattern": "您"}, "at_least": 2}, "fail"),
        ({"count": {"pattern": "您"}, "at_least": 3}, "pass"),
        ({"count": NEVER, "at_most": 0}, "fail"),
        ({"turn": {"all": [{"words": ["今天"]}, {"words": ["回电"]}]}}, "fail"),
        ({"turn": {"all": [ONE, TWO]}}, "pass"),
        ({"turn": {**TWO, "anchor": {"after": ANGRY, "turns": 1}}}, "pass"),
        ({"turn": {**TWO, "anchor": {"after": ANGRY, "turns": 2}}}, "fail"),
        ({"turn": {"all": [{**TWO, "range": {"first": 1}}, {"words": ["您"]}]}}, "pass"),
        ({"turn": {"all": [{**TWO, "range": {"turns": [2, 2]}}, {"words": ["您"]}]}}, "fail"),
        ({**TWO, "anchor": {"after": ANGRY, "hit": 2}}, "na"),
        ({"words": ["订单号"], "anchor": {"after": NEVER}}, "na"),
        ({"measure": "speed", "over": 1, "range": {"last": 1}}, "na"),
    ],
)
def test_how_rules_are_joined(rule: dict[str, Any], result: str) -> None:
    """R104: and, or, not, sequence, count and one turn; where there is nothing to judge, nobody is judged."""
    found = judged(TALK, forbid=rule)
    assert found.result == result, found.reason
    assert found.reason


def test_a_sequence_shows_both_ends() -> None:
    """R099: asking again for what the customer has given is flagged with both spans."""
    given = {"entity": "order_no", "role": "customer"}
    rule = {
        "sequence": [given, {"pattern": "(?:报|提供|说)[^,。]{0,6}订单号|订单号[^,。]{0,6}(?:报|提供|多少)"}]
    }
    again = talk("客：订单 ZX202611030012 没到", "服：我看看", "服：麻烦您提供一下订单号")
    found = judged(again, forbid=rule)
    assert spans(found) == [(0, "[订单号]"), (2, "提供一下订单号")]
    assert again.turns[0].text[found.evidence[0].start : found.evidence[0].end] == "ZX202611030012"
    once = talk("客：东西没到", "服：麻烦您提供一下订单号", "客：ZX202611030012", "服：查到了")
    assert judged(once, forbid=rule).result == "pass"


def test_what_is_missing_has_a_place() -> None:
    """R104: a requirement that is not met points at the turn where it was due."""
    early = judged(TALK, require={"words": ["您好"], "range": {"first": 1}})
    late = judged(TALK, require={"words": ["再见"], "range": {"last": 2}})
    after = judged(TALK, require={**SORRY, "anchor": {"after": ANGRY, "turns": 1}})
    assert [(one.turn, one.absent) for one in early.evidence] == [(1, True)]
    assert [(one.turn, one.absent) for one in late.evidence] == [(5, True)]
    assert [(one.turn, one.absent) for one in after.evidence] == [(1, True)]
    assert judged(TALK, require={**SORRY, "anchor": {"after": ANGRY, "turns": 2}}).result == "pass"
    calm = talk("客：在吗", "服：在的")
    assert judged(calm, require={**SORRY, "anchor": {"after": ANGRY}}).result == "na"


LET = {
    "promise": {"pattern": "(?:给您|给你)(?:回电|回复|处理)"},
    "time": {"pattern": r"\d+ ?(?:点|小时|分钟)|今天|明天"},
    "untimed": {"turn": {"all": ["promise", {"not": "time"}]}},
}


@pytest.mark.parametrize(
    ("said", "result"), [("稍后给您回电", "fail"), ("2 小时内给您回电", "pass"), ("2 小时后再看", "pass")]
)
def test_a_promise_without_a_time(said: str, result: str) -> None:
    """R047: a promise must name its time in the same turn; the evidence is the promise."""
    found = judged(talk("客：什么时候好", f"服：{said}"), forbid="untimed", let=LET)
    assert found.result == result
    assert [words for _, words in spans(found)] == (["给您回电"] if result == "fail" else [])


ESCALATED = {
    "asked": {"pattern": "(?:转给|上报|升级到|反馈给)[^,。]{0,6}(?:部门|主管|专员|技术)"},
    "when": {"pattern": r"\d+ ?(?:小时|分钟)(?:之?内)|今天|明天"},
    "who": {"pattern": "由[^,。]{1,6}(?:跟进|处理|联系|回复)?"},
    "committed": {"turn": {"all": ["when", "who"]}},
}


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ("我帮您转给技术部门", "fail"),
        ("我帮您转给技术部门，2小时内处理", "fail"),
        ("我帮您转给技术部门，2小时内由张工联系您", "pass"),
        ("稍等，我看看", "na"),
    ],
)
def test_an_escalation_commits_to_a_time_and_a_person(said: str, result: str) -> None:
    """R047: what cannot be solved at once is promised with its time and its owner; otherwise it is a violation."""
    rule = {"turn": {"all": ["when", "who"]}, "anchor": {"at": "asked"}}
    assert judged(talk("客：修不好", f"服：{said}"), require=rule, let=ESCALATED).result == result


def test_moods_are_asked_for_whose_they_are() -> None:
    """A mood is that of the roles a rule names; without a model it cannot be told."""
    lines = talk("客：没事", "服：你气什么", "客：气死了")
    theirs, ours = {"emotion": "angry", "role": "customer"}, {"emotion": "angry", "at_least": 0.5}
    assert spans(judged(lines, forbid=theirs, analyser=Counting())) == [(2, "气死了")]
    assert spans(judged(lines, forbid=ours, analyser=Counting())) == [(1, "你气什么")]
    mean = {"measure": "sentiment", "under": -0.3, "role": "customer"}
    assert judged(lines, forbid=mean, analyser=Counting()).result == "fail"  # (0 - 0.8) / 2
    assert judged(lines, forbid={**mean, "under": -0.4}, analyser=Counting()).result == "pass"
    assert judged(lines, forbid=ours).result == "na"
    asked = Counting()
    score(lines, form({"code": "it", "check": {"kind": "rule", "forbid": theirs}}), asked)
    assert asked.calls == [2]


def test_facts_are_those_of_the_day() -> None:
    """B01: a claim is held against what the handbook knew on the day of the dialogue."""

    def facts(at: datetime) -> list[Fact]:
        return [Fact("退款 3 天内到账", "faq") if at.month == 11 else Fact("退款 7 天内到账", "faq")]

    rule = {"facts": "contradicted"}
    for month, result in ((11, "pass"), (12, "fail")):
        spoken = talk("客：多久", "服：退款 3 天内到账", started_at=f"2026-{month}-05T10:00:00+08:00")
        assert judged(spoken, forbid=rule, facts=facts).result == result
    assert judged(spoken, forbid=rule).result == "na"


def test_copies_are_counted() -> None:
    """R098: an agent who copies has a higher share of template turns than one who says it in other words."""
    copied = talk(*["客：还没到", "服：亲，请您耐心等待，我们会尽快处理的"] * 4)
    worded = talk(
        "客：还没到", "服：亲，请您耐心等待，我们会尽快处理的", "客：还没到", "服：查到了，包裹在杭州转运中心",
        "客：还没到", "服：已经催了快递员，他下午送", "客：还没到", "服：今天不到我给您补发一件",
    )  # fmt: skip
    rule = {"template": 0.5}
    one, other = judged(copied, forbid=rule), judged(worded, forbid=rule)
    assert (one.result, other.result) == ("fail", "pass")
    assert "75%" in one.reason
    assert "0%" in other.reason
    assert [span.turn for span in one.evidence] == [3, 5, 7]
    scripts = {"template": 1.0, "scripts": ["亲，请您耐心等待，我们会尽快处理的哦"]}
    assert judged(copied, forbid=scripts).result == "fail"
    assert [span.turn for span in judged(copied, forbid={"repeats": 3}).evidence] == [5, 7]
