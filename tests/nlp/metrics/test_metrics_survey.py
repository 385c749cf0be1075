"""Questionnaires as data: which one is asked, what answers count as, what is refused by question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nlp.metrics.observation import ObservationError
from nlp.metrics.survey import load_surveys, values_of
from nlp.tables import PolicyError

SURVEYS = load_surveys()
SERVICE = SURVEYS.surveys[-1]
ANSWERS = {"csat": 4, "solved": 5, "professional": 5, "attitude": 3}


def test_R101_the_questionnaire_suits_the_scenario() -> None:
    """A complaint is asked about its handling, a quarter about the whole, all else about the service."""
    assert SURVEYS.suiting({"category": ("complaint", "complaint_attitude")}).code == "complaint"
    assert SURVEYS.suiting({"scenario": ("quarterly",)}).code == "quarterly"
    assert SURVEYS.suiting({"category": ("refund",)}).code == "service"


def test_R101_answers_count_by_dimension() -> None:
    """Scores by name, dimensions beside them, words masked, an optional question left out."""
    assert values_of(SERVICE, ANSWERS, "打 13812345678 找我") == {
        "scenario": "service", "csat": 4, "comment": "打 [手机号] 找我",
        "dimensions": {"solved": 5, "professional": 5, "attitude": 3},
    }  # fmt: skip
    assert values_of(SERVICE, {**ANSWERS, "nps": 9})["nps"] == 9


@pytest.mark.parametrize(
    ("change", "field"),
    [({"csat": 6}, "csat"), ({"csat": None}, "csat"), ({"csat": "4"}, "csat"), ({"joy": 1}, "joy"), ({"nps": 11}, "nps")],
)  # fmt: skip
def test_R101_an_answer_off_the_scale_is_refused_by_question(change: dict[str, Any], field: str) -> None:
    """Which question, and its scale."""
    with pytest.raises(ObservationError) as caught:
        values_of(SERVICE, {**ANSWERS, **change})
    assert caught.value.field == f"answers.{field}"


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ('scale = "5..1"', "survey.0.question.0.scale"),
        ('scale = "0..100", gives = "nps"', "survey.0.question.0.scale"),
        ('gives = "joy"', "survey.0.question.0.gives"),
    ],
)
def test_a_questionnaire_s_mistake_names_its_place(tmp_path: Path, question: str, key: str) -> None:
    """A scale that is none, or none of the score's."""
    text = f'[[survey]]\ncode = "a"\nname = "甲"\nquestion = [{{ code = "q", text = "问", {question} }}]\n'
    (tmp_path / "surveys.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_surveys(tmp_path)
    assert caught.value.key == key


def test_the_last_questionnaire_suits_everything(tmp_path: Path) -> None:
    """Nobody may be left without one."""
    text = '[[survey]]\ncode = "a"\nname = "甲"\nquestion = []\n[survey.when]\nchannel = ["chat"]\n'
    (tmp_path / "surveys.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match="最后一份"):
        load_surveys(tmp_path)
