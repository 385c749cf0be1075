"""The forms people fill in: exactly their lines and choices, filled from a transcript with every sentence's place."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from nlp.quality.form import load_form
from nlp.quality.kept import keep
from nlp.quality.records import completeness, edits, filled, missing, read_records
from nlp.quality.result import to_json
from nlp.quality.scorer import score
from nlp.tables import PolicyError
from nlp.transcript import parse_transcript

RECORDS = read_records()
TALK = {
    "id": "t",
    "channel": "phone",
    "category": "after_sales",
    "customer": {"id": "c1", "tier": "vip"},
    "outcome": {"satisfaction": 2},
    "turns": [
        {"role": "customer", "text": "在吗"},
        {"role": "customer", "text": "我买的冰箱不制冷了，想换一台，电话 13800138000"},
        {"role": "agent", "text": "很抱歉给您添麻烦了。跟您核对一下，是昨天签收的那台冰箱，对吗？"},
        {"role": "customer", "text": "对"},
        {"role": "agent", "text": "已经给您登记换新，48 小时内发出，运费我们承担。"},
        {"role": "agent", "text": "明天上午 10 点我给您打电话，确认师傅到没到。"},
    ],
}


def test_the_forms_have_exactly_their_lines() -> None:
    """R122, R123, R124: lines and choices as printed."""
    lines = {code: [line.name for line in sheet.lines] for code, sheet in RECORDS.sheets.items()}
    assert lines == {
        "rectification": [
            "发现时间/渠道", "原因分类", "根因", "措施", "责任人", "计划/完成时间", "效果验证", "双签复核"
        ],
        "service": ["客户类型", "渠道", "问题", "步骤1", "步骤2", "步骤3", "结果", "满意度"],
        "feedback": [
            "反馈来源", "反馈类型", "客户期望", "责任部门", "计划/实际时间", "处理结果", "二次回访满意度"
        ],
    }  # fmt: skip
    feedback, service = RECORDS.sheets["feedback"].options, RECORDS.sheets["service"].options
    assert (len(feedback["source"]), len(feedback["type"])) == (5, 4)
    assert service["satisfaction"] == ("非常满意", "满意", "一般", "不满意", "非常不满意")


def test_a_record_is_filled_word_for_word() -> None:
    """R123, R125: every sentence stands in the transcript at the place it names, with personal data covered."""
    transcript = parse_transcript(TALK)
    result, told = to_json(score(transcript, load_form())), keep(transcript)
    found = filled(result, told, RECORDS)
    assert (found.values["customer_type"], found.values["channel"], found.values["satisfaction"]) == (
        "VIP客户", "电话", "满意"
    )  # fmt: skip
    assert "不制冷" in found.values["problem"]
    assert "13800138000" not in str(found)
    assert "换新" in found.values["result"] or "电话" in found.values["result"]
    for name, place in found.references.items():
        said = TALK["turns"][place["turn"]]["text"]  # type: ignore[index]
        slice_of = said[place["start"] : place["end"]]
        words = found.values[name].split("[")[0]
        assert slice_of.startswith(words)
        assert words
    assert set(found.references) >= {"problem", "step1", "result"}


def test_what_nobody_said_stays_empty() -> None:
    """R123: no rating and no steps leave their lines blank, and an unknown channel is 其他."""
    bare = parse_transcript({"id": "t", "channel": "pigeon", "turns": [{"role": "customer", "text": "你好"}]})
    found = filled(to_json(score(bare, load_form())), keep(bare), RECORDS)
    assert found.values == {
        "customer_type": "", "channel": "其他", "problem": "", "step1": "", "step2": "", "step3": "",
        "result": "", "satisfaction": "",
    }  # fmt: skip


def test_completeness_counts_blanks_as_empty() -> None:
    """R116: 2 of 4 records hold 诉求, 步骤 and 结果; a field of spaces is none."""
    whole = {"problem": "a", "step1": "b", "result": "c"}
    kept = [whole, {**whole, "result": "  "}, {**whole, "problem": None}, {**whole, "step2": "d"}]
    assert completeness(kept, RECORDS) == (2, 4)
    assert missing({"problem": "x"}, RECORDS) == ["step1", "result"]
    assert completeness([], RECORDS) == (0, 0)


@pytest.mark.parametrize(
    ("before", "after", "distance"),
    [
        ("kitten", "sitting", 3),
        ("退款已提交", "退款已经提交", 1),
        ("", "三个字", 3),
        ("一样", "一样", 0),
        ("ab", "ba", 2),
    ],
)
def test_edit_distance_is_the_textbooks(before: str, after: str, distance: int) -> None:
    """R125: Levenshtein's distance in characters, the same both ways."""
    assert edits(before, after) == edits(after, before) == distance


def test_edit_distance_is_a_distance() -> None:
    """R125: never over the longer text, and never over a way round."""
    chance = random.Random(5)
    words = ["".join(chance.choice("甲乙丙") for _ in range(chance.randrange(7))) for _ in range(30)]
    for a, b, c in zip(words, words[1:], words[2:], strict=False):
        assert edits(a, c) <= edits(a, b) + edits(b, c)
        assert abs(len(a) - len(b)) <= edits(a, b) <= max(len(a), len(b))


def test_a_form_that_lost_a_line_is_refused(tmp_path: Path) -> None:
    """A site may rename choices, not lose a form."""
    (tmp_path / "records.toml").write_text("", encoding="utf-8")
    with pytest.raises(PolicyError):
        read_records(tmp_path)
