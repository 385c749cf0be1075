"""Satisfaction: running features, direction, fitting, figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transcripts import Counting, talk

from nlp.evaluate.dialogue import evaluate_quality
from nlp.evaluate.satisfaction import evaluate_satisfaction
from nlp.quality.satisfaction import State, advance, course, hear_reply, judge
from nlp.text import normalise


def value(*lines: str) -> float:
    transcript = talk(*lines)
    return judge(transcript, [normalise(turn.text) for turn in transcript.turns], {}).value


def test_thanks_stand_above_anger() -> None:
    """A customer who thanks is judged more satisfied than one who is angry and asks again."""
    happy = value("客：退款到哪了", "服：已退回，今天到账", "客：太好了，谢谢，真清楚")
    angry = value("客：退款到哪了", "服：请您耐心等待", "客：退款到底到哪了？？骗子！！投诉你们")
    assert 0 <= angry < happy <= 2


def test_what_is_remembered_stays_small() -> None:
    """The state after a thousand turns is as large as after four: the work of a turn does not grow."""
    state = State()
    for at in range(1000):
        state, features = advance(hear_reply(state, "您好"), f"第 {at} 次问", None)
        assert len(features) == 20
    assert len(state.recent) == 3


def test_features_of_a_turn_ignore_what_comes_later() -> None:
    """The features of a turn are the same whatever follows."""
    texts = ["退款", "您好", "还没到吗", "快了", "谢谢"]
    roles = ["customer", "agent", "customer", "agent", "customer"]
    assert list(course(roles, texts, {}))[:2] == list(course(roles[:3], texts[:3], {}))


def test_no_customer_turn_is_the_unsure_middle() -> None:
    """Without a customer there is nothing to tell."""
    assert value("服：您好") == 1.0


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    rows = []
    for at in range(40):
        good = at % 2
        said = ["谢谢，太好了", "满意，辛苦了"] if good else ["投诉你们", "骗子，气死了"]
        turns = [
            {"role": "customer", "text": f"问题{at}", "satisfaction": None},
            {"role": "agent", "text": "您好"},
        ]
        turns += [
            {"role": "customer", "text": f"{text}{at}", "satisfaction": 2 if good else 0} for text in said
        ]
        grades = [{"A": 2, "S": 2, "E": 1}] * 19 if good else [{"A": -2, "S": -1, "E": -2}] * 19
        rows.append({"id": str(at), "turns": turns, "annotations": grades})
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def test_folds_keep_dialogues_together_and_learn(labelled: Path) -> None:
    """Cross-validated by dialogue, the head learns what separates the levels."""
    figures = evaluate_satisfaction(labelled, folds=4)
    assert figures["accuracy"] > 0.9
    assert figures["turns"] == 80
    shipped = evaluate_satisfaction(labelled, analyser=Counting())
    assert 0 <= shipped["accuracy"] <= 1


def test_training_rows_that_are_scored_are_removed(labelled: Path) -> None:
    """A dialogue of --train that stands in --data is left out and counted."""
    with pytest.raises(ValueError, match="只有一种"):
        evaluate_satisfaction(labelled, train=labelled)
    other = labelled.with_name("other.jsonl")
    rows = [json.loads(line) for line in labelled.read_text(encoding="utf-8").splitlines()]
    rows += [
        {**row, "turns": [*row["turns"], {"role": "agent", "text": f"再见{at}"}]}
        for at, row in enumerate(rows)
    ]
    other.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    figures = evaluate_satisfaction(labelled, train=other)
    assert (figures["removed"], figures["train_dialogues"]) == (40, 40)


def test_dialogue_quality_beats_the_mean(labelled: Path) -> None:
    """The head's distributions are nearer to the annotators' than the mean distribution."""
    figures = evaluate_quality(labelled, holdout=0.25)
    for aspect in "ase":
        assert figures[f"rsnod_{aspect}"] < figures[f"rsnod_{aspect}_mean"]
        assert figures[f"nmd_{aspect}"] < figures[f"nmd_{aspect}_mean"]
