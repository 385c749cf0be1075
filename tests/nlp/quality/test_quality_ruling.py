"""Rulings: the points that follow from people's words, added up as the scorer adds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.quality.form import Form, load_form, parse_form_text
from nlp.quality.result import to_json
from nlp.quality.ruling import SAID, Word, effective, merged
from nlp.quality.scorer import score
from nlp.transcript import parse_transcript

FORM = """
code = "hand"
name = "手算"
version = "1"
[[grade]]
code = "A"
name = "合格"
least = 60
[[grade]]
code = "D"
name = "不合格"
least = 0
[[dimension]]
code = "a"
name = "甲"
points = 40
[[dimension]]
code = "b"
name = "乙"
points = 60
[[item]]
code = "a1"
name = "甲一"
dimension = "a"
points = 30
check = { kind = "said", patterns = ["苹果"] }
[[item]]
code = "a2"
name = "甲二"
dimension = "a"
points = 10
check = { kind = "said", patterns = ["香蕉"] }
[[item]]
code = "b1"
name = "乙一"
dimension = "b"
points = 60
each = 20
check = { kind = "said", patterns = ["葡萄"] }
[[item]]
code = "zero"
name = "否决"
dimension = "b"
points = 0
veto = true
check = { kind = "said", patterns = ["西瓜"] }
"""


@pytest.fixture(scope="module")
def form() -> Form:
    return parse_form_text(FORM)


def judged(form: Form, *said: str) -> dict[str, object]:
    turns = [{"role": "agent", "text": text} for text in said]
    return to_json(score(parse_transcript({"id": "t", "turns": turns}), form))


@pytest.mark.parametrize(
    ("held", "points", "grade", "failed"),
    [
        ({}, 30.0, "D", ["a1", "b1"]),  # 100 − 30 − 2 × 20
        ({"a1": "pass"}, 60.0, "A", ["b1"]),  # 100 − 40
        ({"b1": "na"}, 25.0, "D", ["a1"]),  # only 甲 is left: 100 × 10 / 40
        ({"b1": "na", "a1": "pass"}, 100.0, "A", []),
        ({"a1": "na"}, 60.0, "A", ["b1"]),  # 甲 stands on 甲二 alone: 40 + 60 − 40
        ({"a2": "fail"}, 20.0, "D", ["a1", "a2", "b1"]),
        ({"zero": "fail"}, 0.0, "D", ["a1", "b1", "zero"]),
        ({"a1": "review"}, 60.0, "A", ["b1"]),  # the doubt is the rule's: no points are taken
    ],
)
def test_points_follow_the_words(
    form: Form, held: dict[str, object], points: float, grade: str, failed: list[str]
) -> None:
    """A ruling redistributes points as the scorer does, worked out by hand (B23, R138)."""
    found = effective(form, judged(form, "苹果", "葡萄和葡萄"), held)  # type: ignore[arg-type]
    assert (found["score"], found["grade"], found["failed"]) == (points, grade, failed)
    assert found["veto"] == ("zero" in failed)


def test_a_rule_under_doubt_keeps_its_verdict_in_sight(form: Form) -> None:
    """An item that needs a person still says fail, with a mark and with its evidence (B23)."""
    found = effective(form, judged(form, "苹果"), {"a1": "review"})
    item = next(one for one in found["items"] if one["code"] == "a1")
    assert (item["result"], item["needs_review"], item["points"]) == ("fail", True, 30.0)
    assert item["evidence"][0]["text"] == "苹果"
    said = effective(form, judged(form, "苹果"), merged([{"a1": "review"}, {"a1": "fail"}]))
    assert said["score"] == 70.0  # a person agreed


@pytest.mark.parametrize("said", [(), ("苹果",), ("苹果", "香蕉，葡萄"), ("西瓜",), ("葡萄葡萄葡萄葡萄",)])
def test_no_ruling_changes_nothing(form: Form, said: tuple[str, ...]) -> None:
    """Without a word of people a result reads exactly as it was scored."""
    result = judged(form, *said)
    found = effective(form, result, {})
    for name in ("score", "grade", "grade_name", "veto", "dimensions", "items"):
        assert found[name] == result[name]


def test_no_ruling_changes_nothing_on_the_standard_form() -> None:
    """The same with the shipped form, whose inapplicable items pass their points on."""
    turns = [
        {"role": "customer", "text": "我的手机还没到，什么时候能到？"},
        {"role": "agent", "text": "这个不归我管，您再等等，我们会尽快处理。"},
    ]
    form = load_form()
    result = to_json(score(parse_transcript({"id": "t", "category": "complaint", "turns": turns}), form))
    found = effective(form, result, {})
    assert {name: found[name] for name in ("score", "items", "dimensions")} == {
        name: result[name] for name in ("score", "items", "dimensions")
    }


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["苹果", "香蕉", "葡萄", "葡萄葡萄", "西瓜", "梨"]), max_size=6),
    st.dictionaries(st.sampled_from(["a1", "a2", "b1", "zero"]), st.sampled_from(SAID), max_size=4),
)
def test_rulings_keep_the_arithmetic(said: list[str], held: dict[str, Word]) -> None:
    """Any words on any result: points stay within 0 and 100, sum to the score, and clearing a failure takes none away."""
    form = parse_form_text(FORM)
    result = judged(form, *said)
    found = effective(form, result, held)
    assert 0 <= found["score"] <= 100
    if not found["veto"] and any(item["max"] for item in found["items"]):
        assert found["score"] == pytest.approx(sum(item["points"] for item in found["items"]), abs=0.05)
    for code in found["failed"]:
        assert effective(form, result, {**held, code: "pass"})["score"] >= found["score"]
    every = effective(form, result, dict.fromkeys(("a1", "a2", "b1", "zero"), "pass"))
    assert (every["score"], every["failed"], every["veto"]) == (100.0, [], False)
