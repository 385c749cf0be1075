"""Rules of 阿里云 SCA and forms of Amazon Connect: what they say in our words, and what could not be said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transcripts import item, talk

from nlp.quality.form import FormError, parse_form
from nlp.quality.imports import imported
from nlp.quality.imports.logic import tree_of
from nlp.quality.imports.reading import Imported, Unmapped
from nlp.quality.scorer import score
from nlp.transcript import Transcript

FOLDER = Path(__file__).parent / "imports"


def read(source: str) -> Imported:
    return imported(
        source, json.loads((FOLDER / f"{source}.json").read_text(encoding="utf-8")), f"from_{source}"
    )


def results(found: Imported, talked: Transcript) -> dict[str, str]:
    scored = score(talked, parse_form(found.form))
    return {one.name: one.result for one in scored.items}


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", "a"),
        ("a&&b", {"all": ["a", "b"]}),
        ("a&&b||!c", {"any": [{"all": ["a", "b"]}, {"not": "c"}]}),
        ("!(1||2)&&3", {"all": [{"not": {"any": ["1", "2"]}}, "3"]}),
        (" 12 && !!b ", {"all": ["12", {"not": {"not": "b"}}]}),
    ],
)
def test_expressions_become_trees(text: str, tree: Any) -> None:
    """B27: not binds before and, and before or."""
    assert tree_of(text, lambda name: name) == tree


@pytest.mark.parametrize("text", ["", "a&&", "(a", "a b", "a||)", "a^b", "!" * 40 + "a"])
def test_an_expression_that_is_none_is_refused(text: str) -> None:
    """B27: what cannot be read is said, not guessed."""
    with pytest.raises(Unmapped):
        tree_of(text, lambda name: name)


GOOD = talk(
    "客：我要投诉",
    "服：您好，工号A012。非常抱歉，我理解您的心情",
    "客：什么时候能到",
    "服：今天下午到",
    "服：感谢来电，祝您生活愉快",
    seconds=[0, 30, 40, 60, 90],
)
BAD = talk(
    "客：气死我了",
    "服：说",
    "客：怎么退",
    "服：规定是这样，我也没办法",
    "客：那我怎么办",
    "服：规定是这样，我也没办法",
    "客：电话多少",
    "服：那个那个那个，13812345678",
    seconds=[0, 61, 62, 63, 64, 65, 66, 70],
)


def test_sca_rules_load_and_score() -> None:
    """B27: the documented operators judge as they say: keywords, patterns, likeness, repetition, silence, speed, entities."""
    found = read("sca")
    assert results(found, GOOD) == {
        "客户不满后没有致歉": "pass",
        "开场没有问候或报工号": "pass",
        "说了禁语": "pass",
        "反复说同一句话": "pass",
        "让客户等太久": "pass",
        "语速太快": "pass",
        "没有用标准结束语": "pass",
        "说出手机号": "pass",
        "口头禅": "pass",
    }
    assert results(found, BAD) == {
        "客户不满后没有致歉": "fail",
        "开场没有问候或报工号": "fail",
        "说了禁语": "fail",
        "反复说同一句话": "fail",
        "让客户等太久": "fail",
        "语速太快": "fail",
        "没有用标准结束语": "fail",
        "说出手机号": "fail",
        "口头禅": "fail",
    }
    form = parse_form(found.form)
    assert [round(one.points, 6) for one in form.items][:3] == [round(100 * n / 24, 6) for n in (5, 3, 10)]
    calm = talk("客：在吗", "服：您好，工号A012")
    assert results(found, calm)["客户不满后没有致歉"] == "pass"


def test_sca_names_what_it_left_out() -> None:
    """B27: a rule over sound, a pattern RE2 has no words for, a broken expression: each is listed with its reason."""
    found = read("sca")
    lost = {one.place: one.reason for one in found.left if not one.kept}
    assert set(lost) == {"rules[8]", "rules[10]", "rules[11]"}
    assert "录音" in lost["rules[8]"]
    assert "不完整" in lost["rules[10]"]
    assert "正则" in lost["rules[11]"]
    near = " ".join(one.reason for one in found.left if one.kept)
    for word in ("scoreType=1", "level", "余弦", "关键词扩展", "开始时间"):
        assert word in near
    assert "没有对应的规则" in _lost("NEW", {})
    assert "录音" in _lost("NEW", {"maxEmotionChangeValue": 3})
    silent = {
        "rules": [{"name": "x", "lambda": "a"}],
        "conditions": [{"cid": "a", "operators": [{"oid": "1", "type": "NEW"}]}],
    }
    with pytest.raises(FormError) as problem:
        imported("sca", silent, "x")
    assert "NEW" in problem.value.message


def _lost(kind: str, param: dict[str, Any]) -> str:
    operators = [{"oid": "1", "type": kind, "param": param}]
    value = {"rules": [{"name": "x", "lambda": "a"}], "conditions": [{"cid": "a", "operators": operators}]}
    with pytest.raises(FormError) as problem:
        imported("sca", value, "x")
    return problem.value.message


def test_sca_answers_of_the_service_are_read_as_well() -> None:
    """B27: GetRuleDetail wraps its lists and names its fields otherwise; they come to the same rule."""
    param = {"OperKeyWords": {"OperKeyWord": ["随便", "不管"]}, "KeywordMatchSize": 1}
    operators = {
        "OperatorBasicInfo": [{"Oid": "7", "OperName": "x", "Type": "HIT_ANY_KEYWORDS", "Param": param}]
    }
    condition = {
        "ConditionInfoCid": "9",
        "OperLambda": "7",
        "Operators": operators,
        "CheckRange": {"Role": "客服"},
    }
    rules = {"RuleBasicInfo": [{"Rid": "5", "RuleLambda": "9", "Name": "禁语"}]}
    value = {"Data": {"Conditions": {"ConditionBasicInfo": [condition]}, "Rules": rules}}
    found = imported("sca", value, "x")
    assert results(found, talk("客：在", "服：随便你")) == {"禁语": "fail"}
    assert results(found, talk("客：随便", "服：好的")) == {"禁语": "pass"}


def _call(categories: list[str], seconds: float, text: str = "您好") -> Transcript:
    return talk("客：在吗", f"服：{text}", seconds=[0, seconds], categories=categories)


def test_connect_forms_load_and_score() -> None:
    """B27: sections weigh, answers keep their share, a question waits for another's answer, an automatic fail ends it."""
    found = read("connect")
    form = parse_form(found.form)
    assert [(one.name, round(one.points, 6)) for one in form.dimensions] == [
        ("开场", 40.0), ("过程 / 时长", 30.0), ("过程 / 合规", 30.0)
    ]  # fmt: skip
    assert [(one.name, one.least) for one in form.grades] == [("EXCELLENT", 80.0), ("POOR", 0.0)]
    full = score(_call(["Greeting", "SaidName"], 200), form)
    assert (full.score, full.grade_name) == (100.0, "EXCELLENT")
    part = score(_call(["ShortGreeting"], 400), form)
    assert [(one.name, one.answer) for one in part.items] == [
        ("问候了吗", "部分"), ("报了名字吗", "否"), ("通话时长", "301 到 6.3072e+07"), ("辱骂", "没有")
    ]  # fmt: skip
    # 开场: (0.4 + 0) / 2 of 40; 时长: 1/5 of 30; 合规: 30
    assert abs(part.score - (40 * 0.4 / 2 + 30 / 5 + 30)) < 1e-9
    silent = score(_call([], 400), form)
    assert item(silent, "q_name").result == "na"
    assert abs(silent.score - (0 + 30 / 5 + 30)) < 1e-9
    rude = score(_call(["Greeting", "SaidName", "Profanity"], 200), form)
    assert (rude.score, rude.veto) == (0.0, True)


def test_connect_names_what_it_left_out() -> None:
    """B27: what only a person can answer, or only a recording, is listed with its reason."""
    lost = {one.place: one.reason for one in read("connect").left if not one.kept}
    assert set(lost) == {"开场：备注", "时长：打断次数", "合规：态度"}
    assert "文字题" in lost["开场：备注"]
    assert "NUMBER_OF_INTERRUPTIONS" in lost["时长：打断次数"]
    assert "Automation" in lost["合规：态度"]
    without = talk("客：在吗", "服：您好")
    assert item(score(without, parse_form(read("connect").form)), "q_greet").result == "na"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("genesys", {}),
        ("sca", {"Data": {"Rules": {"a": [], "b": []}, "Conditions": {}}}),
        ("connect", {"EvaluationForm": {"Properties": {}}}),
        ("sca", []),
        ("sca", {}),
        ("sca", {"rules": "x", "conditions": 3}),
        ("sca", {"rules": [3], "conditions": [3]}),
        ("connect", {}),
        ("connect", {"Items": [{"Section": {"Items": [{"Question": 3}]}}]}),
        ("connect", {"Items": 7, "EvaluationForm": 3}),
        (
            "connect",
            {"Items": [{"Section": {"Title": "x", "Items": [{"Question": {"QuestionType": "NEW"}}]}}]},
        ),
    ],
)
def test_what_is_no_form_is_refused(source: str, value: Any) -> None:
    """B27: a document of another kind says what was expected."""
    with pytest.raises(FormError) as problem:
        imported(source, value, "x")
    assert problem.value.accepted
