"""Polarity, emotion and intensity of texts, and their course over a conversation."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.cues import POLARITIES, load_cues
from nlp.sentiment import FULL, RULES_ONLY, Sentiment, SentimentAnalyser, Trajectory, advance, load_analyser
from nlp.tables import PolicyError


@pytest.fixture(scope="module")
def analyser() -> SentimentAnalyser:
    return load_analyser()


@pytest.fixture(scope="module")
def rules() -> SentimentAnalyser:
    return SentimentAnalyser(load_cues())


@pytest.mark.parametrize(
    ("text", "polarity", "emotion"),
    [
        ("你们这群骗子，去死吧！！！", "negative", "angry"),
        ("太感谢了，客服很耐心，给你们点赞👍", "positive", "happy"),
        ("请问这个有几种颜色", "neutral", "neutral"),
        ("怎么办啊，插座一直冒烟，我好害怕", "negative", "fear"),
    ],
)
def test_plain_moods_are_heard(analyser: SentimentAnalyser, text: str, polarity: str, emotion: str) -> None:
    """What any reader hears, the analyser hears."""
    (said,) = analyser.analyse([text])
    assert (said.polarity, said.emotion) == (polarity, emotion)


def test_without_models_a_lexicon_answers(tmp_path: Path) -> None:
    """No models: the service goes on and says so in its mode."""
    rules = load_analyser(root=tmp_path)
    assert rules.mode == RULES_ONLY
    moods = [said.polarity for said in rules.analyse(["很好用，谢谢", "太差劲了，坏了", "几点上班"])]
    assert moods == ["positive", "negative", "neutral"]


def test_with_models_the_mode_is_full(analyser: SentimentAnalyser) -> None:
    """The version names both models and the digest of the cues."""
    assert analyser.mode == FULL
    assert analyser.version.startswith("sentiment/")
    assert "cues/" in analyser.version


def test_a_negation_turns_a_word(rules: SentimentAnalyser) -> None:
    """不好用 is not 好用."""
    good, bad = rules.analyse(["好用", "不好用"])
    assert good.polarity == "positive"
    assert bad.score < 0


def test_latin_insults_stand_alone(rules: SentimentAnalyser) -> None:
    """usb holds no insult; sb does."""
    socket, insult = rules.analyse(["usb接口在哪", "客服是sb吧"])
    assert socket.cues == ()
    assert insult.cues == ("insult",)


def test_shouting_raises_intensity_not_polarity(analyser: SentimentAnalyser) -> None:
    """Marks make a complaint stronger and leave praise praise."""
    calm, loud = analyser.analyse(["客服态度太恶劣了", "客服态度太恶劣了！！！"])
    assert loud.intensity > calm.intensity
    assert analyser.analyse(["非常满意，谢谢！！！"])[0].polarity == "positive"


def test_many_marks_are_one_shout(rules: SentimentAnalyser) -> None:
    """A cue counts once: a wall of marks is no different from a few."""
    few, wall = rules.analyse(["坏了！！！", "坏了" + "！" * 500])
    assert few.score == wall.score


def test_nothing_said_is_neutral(analyser: SentimentAnalyser) -> None:
    """Empty and blank texts have no mood."""
    assert analyser.analyse(["", " \n"]) == (Sentiment("neutral", 0.0, "neutral", 0.0),) * 2
    assert analyser.analyse([]) == ()


@given(texts=st.lists(st.text(max_size=30), max_size=5))
def test_values_stay_in_their_ranges(analyser: SentimentAnalyser, texts: list[str]) -> None:
    """Any text gets one answer, score in -1…1 and intensity in 0…1."""
    answers = analyser.analyse(texts)
    assert len(answers) == len(texts)
    assert all(-1 <= said.score <= 1 and 0 <= said.intensity <= 1 for said in answers)


def test_a_batch_answers_as_one_by_one(analyser: SentimentAnalyser) -> None:
    """No customer gets another's mood."""
    texts = ["谢谢", "骗子", "在吗", "退款怎么还没到！！", "😡", ""]
    assert analyser.analyse(texts) == tuple(analyser.analyse([text])[0] for text in texts)


def test_thousands_of_texts_a_second(analyser: SentimentAnalyser) -> None:
    """A batch of short turns is quick; the bound is loose, for a busy machine."""
    texts = ["退款怎么还没到账，都三天了", "好的谢谢", "请问什么时候发货"] * 2000
    start = time.perf_counter()
    analyser.analyse(texts)
    assert len(texts) / (time.perf_counter() - start) > 3000


def test_a_site_changes_cues_by_file(tmp_path: Path) -> None:
    """A site's own word is heard; a misspelt key is refused by name."""
    shipped = (Path(__file__).parents[2] / "nlp" / "presets" / "sentiment.toml").read_text(encoding="utf-8")
    path = tmp_path / "sentiment.toml"
    path.write_text(shipped.replace('"骗钱"', '"铁公鸡"'), encoding="utf-8")
    (said,) = SentimentAnalyser(load_cues(tmp_path)).analyse(["真是铁公鸡"])
    assert said.cues == ("insult",)
    path.write_text(shipped.replace("neutral_prior", "neutral_priro"), encoding="utf-8")
    with pytest.raises(PolicyError, match="neutral_priro"):
        load_cues(tmp_path)


def _said(score: float) -> Sentiment:
    return Sentiment("negative" if score < 0 else "positive", score, "neutral", abs(score))


def test_a_trajectory_follows_and_leans(analyser: SentimentAnalyser) -> None:
    """A souring customer has a falling value and a negative slope."""
    course, policy = Trajectory(), analyser.trajectory_policy
    values = []
    for score in (0.5, 0.2, -0.3, -0.8):
        course = advance(course, _said(score), policy)
        values.append(course.value)
    assert values[0] == 0.5
    assert values == sorted(values, reverse=True)
    assert course.slope < 0
    assert course.n == 4


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40))
def test_a_trajectory_stays_within_what_was_said(analyser: SentimentAnalyser, scores: list[float]) -> None:
    """Smoothing never goes beyond the lowest and highest score."""
    course = Trajectory()
    for score in scores:
        course = advance(course, _said(score), analyser.trajectory_policy)
    assert min(scores) - 1e-9 <= course.value <= max(scores) + 1e-9


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("真是谢谢你们了，让我在家白等一天", "negative"),
        ("好一个“极速退款”，极速了半个月", "negative"),
        ("打开一看，🤮", "negative"),
        ("收到啦🥳", "positive"),
    ],
)
def test_tone_is_heard_beside_the_words(analyser: SentimentAnalyser, text: str, polarity: str) -> None:
    """Thanks that are none, irony between quotation marks, faces."""
    assert analyser.analyse([text])[0].polarity == polarity


def test_a_stretched_word_is_louder(analyser: SentimentAnalyser) -> None:
    """啊啊啊 raises the intensity of what was felt anyway."""
    calm, loud = analyser.analyse(["怎么这么慢，气死我了", "怎么这么慢啊啊啊啊，气死我了"])
    assert "loud" in loud.cues
    assert loud.intensity >= calm.intensity


def test_shares_are_what_is_said(analyser: SentimentAnalyser) -> None:
    """The probabilities behind the answers: rows sum to one, the best is the one named."""
    texts = ["谢谢", "骗子", "在吗", "😡"]
    polarity, emotion = analyser.shares(texts)
    assert polarity.sum(axis=1) == pytest.approx([1.0] * 4)
    assert emotion.sum(axis=1) == pytest.approx([1.0] * 4)
    names = [POLARITIES[at] for at in polarity.argmax(axis=1)]
    assert names == [said.polarity for said in analyser.analyse(texts)]
    assert analyser.shares([])[0].shape == (0, 3)
