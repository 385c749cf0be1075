"""Points, redistribution, batching and the wire."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transcripts import Counting, item, talk

from nlp.quality.form import load_form, parse_form_text
from nlp.quality.result import to_json
from nlp.quality.scorer import score, score_many, violations
from nlp.transcript import ROLES, Transcript, Turn

FORM = load_form()
SMALL = parse_form_text(
    """
code = "small"
name = "小表"
version = "1"
grade = [{ code = "A", name = "好", least = 90 }, { code = "B", name = "差", least = 0 }]
dimension = [{ code = "a", name = "甲", points = 40 }, { code = "b", name = "乙", points = 60 }]
[[item]]
code = "late"
name = "首响"
dimension = "a"
points = 40
check = { kind = "first_response", limit = 60 }
[[item]]
code = "bye"
name = "结束语"
dimension = "b"
points = 20
check = { kind = "script", texts = ["祝您生活愉快，再见"], match = "fuzzy", threshold = 0.7, place = "last" }
[[item]]
code = "curt"
name = "敷衍"
dimension = "b"
points = 40
each = 15
check = { kind = "said", patterns = ["随便"] }
"""
)


def test_points_by_hand() -> None:
    """Two curt words cost 15 each; without times the 40 points of the first dimension go to the other (R121)."""
    found = score(talk("客：怎么办", "服：随便", "服：随便吧", "服：祝您生活愉快，再见！"), SMALL)
    assert item(found, "late").result == "na"
    assert item(found, "bye").points == pytest.approx(20 * 100 / 60, abs=1e-9)
    assert item(found, "curt").points == pytest.approx((40 - 30) * 100 / 60, abs=1e-9)
    assert found.score == pytest.approx(30 * 100 / 60, abs=1e-9)
    assert found.grade == "B"
    assert [one.max for one in found.dimensions] == pytest.approx([0, 100])


def test_deductions_stop_at_the_points_of_the_item() -> None:
    """Three curt words cost the item's 40 points and no more."""
    found = score(talk("客：怎么办", "服：随便", "服：随便", "服：随便"), SMALL)
    assert item(found, "curt").points == 0


@pytest.mark.parametrize(
    ("match", "said", "passes"),
    [("exact", "好的，祝您 生活愉快，再见~", True), ("exact", "祝您愉快，再见", False), ("fuzzy", "祝您生活愉快哦，再见啦", True)],
)  # fmt: skip
def test_scripts_match_exactly_or_nearly(match: str, said: str, passes: bool) -> None:
    """Exact looks at letters only; fuzzy at the share of the script's bigrams (R109)."""
    text = json.dumps({"kind": "script", "texts": ["祝您生活愉快，再见"], "match": match, "threshold": 0.7})
    from dataclasses import replace

    from nlp.quality.check_toml import inner_check

    bye = replace(SMALL.items[1], check=inner_check(json.loads(text), "check"))
    form = replace(SMALL, items=(SMALL.items[0], bye, SMALL.items[2]), digest=match)
    assert (item(score(talk("客：好", f"服：{said}"), form), "bye").result == "pass") is passes


def test_one_call_for_all_customer_turns_and_nobody_swapped() -> None:
    """A batch asks the model once, and each transcript gets its own feelings back."""
    angry, calm = "客：等了这么久没人理，真要被你们气死了啊", "客：请问几点可以送到家里来呢，谢谢"
    batch = [talk(line, "服：订单号报一下", id=str(at)) for at, line in enumerate([calm, angry] * 5)]
    analyser = Counting()
    found = score_many(batch, FORM, analyser)
    assert analyser.calls == [10]
    assert [one.transcript_id for one in found] == [str(at) for at in range(10)]
    results = [item(one, "no_empathy_after_anger").result for one in found]
    assert results == ["na", "fail"] * 5
    assert violations(found)["no_empathy_after_anger"] == 5
    assert {one.mode for one in found} == {"full"}
    assert score(batch[0], FORM).mode == "rules_only"


def test_the_wire_shape() -> None:
    """The JSON has the fields of the contract, and evidence slices are the text as sent."""
    lines = ("客：运费谁出？", "服：没办法，规则就这样", "客：我问的是运费谁出")
    value = to_json(score(talk(*lines), FORM, as_of=datetime(2026, 11, 3, tzinfo=UTC)))
    assert set(value) >= {
        "transcript_id",
        "form",
        "score",
        "grade",
        "veto",
        "dimensions",
        "items",
        "satisfaction",
        "summary",
        "mode",
    }
    assert set(value["items"][0]) >= {"code", "name", "result", "points", "max", "reason", "evidence"}
    assert 0 <= value["satisfaction"]["value"] <= 2
    for one in value["items"]:
        if one["result"] == "fail":
            assert one["evidence"], one["code"]
        for span in one["evidence"]:
            assert lines[span["turn"]][2:][span["start"] : span["end"]] == span["text"]


TEXTS = st.text(max_size=40) | st.sampled_from(
    ["没办法", "您好", "再见", "？", "气死我了！！", "13800138000", "尽快处理", ""]
)
TURNS = st.lists(st.builds(Turn, st.sampled_from(ROLES), TEXTS), max_size=12)


@settings(max_examples=150, deadline=None)
@given(TURNS)
def test_any_transcript_has_a_score(turns: list[Turn]) -> None:
    """Whatever was said: a score 0…100, evidence inside the turns, fails with evidence, JSON that encodes."""
    transcript = Transcript(id="any", turns=tuple(turns))
    found = score(transcript, FORM, Counting())
    assert 0 <= found.score <= 100
    assert json.dumps(to_json(found))
    for one in found.items:
        assert one.result != "fail" or one.evidence
        assert -1e-9 <= one.points <= one.max + 1e-9
        for span in one.evidence:
            assert 0 <= span.start <= span.end <= len(turns[span.turn].text)
            assert span.absent == (span.text == "" and span.start == span.end == 0 and span.absent)


def test_summary_sentences_stand_in_their_turns() -> None:
    """Request, steps and outcome are word for word from a turn, with its number (R125)."""
    transcript = talk(
        "客：在吗", "客：冰箱送来就有个坑，能换吗？", "服：您好，客服 A012。",
        "服：已经给您登记换新，48 小时内发出。", "服：明天上午 10 点我给您打电话确认。",
    )  # fmt: skip
    summary = to_json(score(transcript, FORM))["summary"]
    assert "能换吗" in summary["request"] or "冰箱" in summary["request"]
    assert summary["steps"] == ["已经给您登记换新，48 小时内发出。"]
    assert summary["outcome"] == "明天上午 10 点我给您打电话确认。"
    for name in ("request", "steps", "outcome"):
        texts = summary[name] if isinstance(summary[name], list) else [summary[name]]
        for text, place in zip(texts, summary["references"][name], strict=True):
            assert transcript.turns[place["turn"]].text[place["start"] : place["end"]] == text
