"""What a form makes of its verdicts: weights, bonus, vetoes, conditions and several answers."""

from __future__ import annotations

from typing import Any

import pytest
from small_forms import form
from transcripts import item, talk

from nlp.quality.form import FormError
from nlp.quality.result import to_json
from nlp.quality.ruling import effective
from nlp.quality.scorer import score

WEIGHED = [
    {"code": "response", "name": "响应", "weight": 0.3},
    {"code": "wording", "name": "话术", "weight": 0.5},
    {"code": "solve", "name": "解决", "weight": 0.2},
]


def says(*words: str, **where: Any) -> dict[str, Any]:
    return {"kind": "rule", "require": {"words": list(words), **where}}


def never(*words: str) -> dict[str, Any]:
    return {"kind": "rule", "forbid": {"words": list(words)}}


def row(code: str, dimension: str, check: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"code": code, "dimension": dimension, "check": check, **more}


ITEMS = [
    row("a", "response", says("您好")),
    row("b", "response", says("再见")),
    row("c", "wording", never("随便"), points=2, each=0.5),
    row("d", "wording", never("滚")),
    row("e", "wording", says("抱歉"), when={"words": ["生气"], "role": "customer"}),
    row("f", "solve", {"kind": "record"}),
]
TALK = talk("客：在吗", "服：您好", "服：随便你")


def test_a_hand_computed_example() -> None:
    """R121: weights and points by hand, the shares of inapplicable items and dimensions passed on, to 1e-9."""
    found = score(TALK, form(*ITEMS, dimension=WEIGHED))
    assert [one.result for one in found.items] == ["pass", "fail", "fail", "pass", "na", "na"]
    # solve (20) is not judged: response has 30 of 80, wording 50 of 80. a passes and b fails of two alike;
    # wording is judged by c (2) and d (1), and c loses 0.5 of its 2 for one finding.
    response, wording = 100 * 30 / 80 / 2, 100 * 50 / 80 * 2.5 / 3
    assert abs(found.score - (response + wording)) < 1e-9
    assert abs(found.score - 70.83333333333333) < 1e-9
    assert [round(one.max, 9) for one in found.dimensions] == [37.5, 62.5, 0.0]
    assert abs(sum(one.points for one in found.items) - found.score) < 1e-9


def test_a_weighed_dimension_is_the_mean_of_its_items() -> None:
    """R121: without points of their own the items of a dimension count alike."""
    dims = [{"code": "all", "name": "全部", "weight": 1.0}]
    four = [{"code": f"i{at}", "check": says("您好" if at else "再见")} for at in range(4)]
    assert abs(score(TALK, form(*four, dimension=dims)).score - 75.0) < 1e-9


@pytest.mark.parametrize(
    ("dimensions", "field"),
    [
        ([{**WEIGHED[0]}, {**WEIGHED[1]}, {**WEIGHED[2], "weight": 0.3}], "dimension.weight"),
        ([{**WEIGHED[0]}, {**WEIGHED[1]}, {"code": "solve", "name": "解决", "points": 20}], "dimension.weight"),
        ([{"code": c, "name": c, "points": p} for c, p in (("response", 30), ("wording", 50), ("solve", 30))],
         "dimension.points"),
        ([{"code": c, "name": c, "points": p} for c, p in (("response", 2), ("wording", 4), ("solve", 94))],
         "dimension[solve].points"),
        ([*WEIGHED, {"code": "more", "name": "多", "weight": 0.0, "wieght": 1}], "dimension.3.wieght"),
    ],
)  # fmt: skip
def test_weights_must_add_up(dimensions: list[dict[str, Any]], field: str) -> None:
    """R121: weights add up to 1 and points to 100, not a mixture."""
    with pytest.raises(FormError) as problem:
        form(*ITEMS, dimension=dimensions)
    assert problem.value.field == field


def test_a_bonus_adds_up_to_its_most() -> None:
    """A bonus item adds where it is earned, up to the form's most and never above 100; unearned it takes nothing."""
    extra = [
        row("kind", "response", says("慢走"), points=3, bonus=True),
        row("warm", "response", says("您好"), points=4, bonus=True),
        row("more", "response", says("随便"), points=4, bonus=True),
    ]
    found = score(TALK, form(*ITEMS, *extra, dimension=WEIGHED, bonus_most=5))
    assert [item(found, code).result for code in ("kind", "warm", "more")] == ["na", "pass", "pass"]
    assert abs(found.score - (70.83333333333333 + 5)) < 1e-9
    assert [round(one.max, 9) for one in found.dimensions] == [37.5, 62.5, 0.0]
    full = score(
        TALK,
        form(
            row("a", "all", says("您好")), row("w", "all", says("您好"), points=4, bonus=True), bonus_most=5
        ),
    )
    assert full.score == 100.0
    with pytest.raises(FormError) as problem:
        form(*ITEMS, *extra, dimension=WEIGHED)
    assert problem.value.field == "bonus_most"


def test_a_veto_closes_a_section_or_the_whole() -> None:
    """A veto of a dimension takes the points of that dimension alone; a veto of the form takes all, bonus too."""
    closing = [{**one, "veto": "dimension"} if one["code"] == "c" else one for one in ITEMS]
    found = score(TALK, form(*closing, dimension=WEIGHED))
    assert abs(found.score - 100 * 30 / 80 / 2) < 1e-9
    assert not found.veto
    assert [round(one.points, 6) for one in found.dimensions] == [18.75, 0.0, 0.0]
    ending = [{**one, "veto": True} if one["code"] == "c" else one for one in ITEMS]
    bonus = row("warm", "response", says("您好"), points=4, bonus=True)
    whole = score(TALK, form(*ending, bonus, dimension=WEIGHED, bonus_most=5))
    assert (whole.score, whole.veto) == (0.0, True)


def test_an_item_may_hang_on_a_condition_or_on_another() -> None:
    """An item is judged only where its `when` holds, or where an earlier item came out as `after` says."""
    items = [
        row("greet", "all", says("您好")),
        row("sorry", "all", says("抱歉"), when={"words": ["投诉"], "role": "customer"}),
        row("name", "all", says("客服"), after={"item": "greet"}),
        row("late", "all", says("见谅"), after={"item": "greet", "result": "fail"}),
    ]
    calm = score(talk("客：在吗", "服：您好"), form(*items))
    assert [one.result for one in calm.items] == ["pass", "na", "fail", "na"]
    cross = score(talk("客：我要投诉", "服：说"), form(*items))
    assert [one.result for one in cross.items] == ["fail", "fail", "na", "fail"]
    with pytest.raises(FormError) as problem:
        form(row("one", "all", says("a"), after={"item": "two"}), row("two", "all", says("b")))
    assert problem.value.field == "item[one].after.item"


ANSWERS = {
    "kind": "choice",
    "answers": [
        {"name": "说明原因和时间", "share": 1, "when": {"words": ["因为", "小时"], "match": "all"}},
        {"name": "只说明时间", "share": 0.6, "when": {"words": ["小时"]}},
        {"name": "辱骂", "share": 0, "veto": True, "when": {"words": ["滚"]}},
        {"name": "客户没有问", "na": True, "when": {"not": {"words": ["为什么"], "role": "customer"}}},
        {"name": "都没有说明", "share": 0},
    ],
}


@pytest.mark.parametrize(
    ("said", "asked", "answer", "result", "points"),
    [
        ("因为缺货，48 小时内发", "为什么", "说明原因和时间", "pass", 100.0),
        ("48 小时内发", "为什么", "只说明时间", "fail", 60.0),
        ("滚", "为什么", "辱骂", "fail", 0.0),
        ("不知道", "在吗", None, "na", 100.0),
        ("不知道", "为什么", "都没有说明", "fail", 0.0),
    ],
)
def test_the_first_answer_that_holds_is_taken(
    said: str, asked: str, answer: str | None, result: str, points: float
) -> None:
    """An item with several answers keeps the share of its points that the answer is worth; one may end it all."""
    one = form(row("why", "all", ANSWERS))
    found = score(talk(f"客：{asked}", f"服：{said}"), one)
    assert (item(found, "why").answer, item(found, "why").result) == (answer, result)
    assert abs(found.score - points) < 1e-9
    assert found.veto is (answer == "辱骂")
    told = to_json(found)
    again = effective(one, told, {})
    assert [again[name] for name in ("score", "veto", "items")] == [
        told[name] for name in ("score", "veto", "items")
    ]
