"""Stages of an agent's turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp.stages import StagesError, load_stages, parse_stages, stages_of


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("您好，客服 A012 为您服务，请问有什么可以帮您？", "greeting"),
        ("有什么问题我可以帮您处理或解决呢？", "greeting"),
        ("让您等了这么久，真心跟您道歉。", "comfort"),
        ("跟您核对一下，收货在广州天河，手机尾号 6677，对吗？", "verify"),
        ("已经给您登记换新，运费我们承担。", "solve"),
        ("明天上午 10 點我給您打電話確認。", "follow_up"),
        ("感谢您的来电，祝您生活愉快，再见！", "closing"),
    ],
)
def test_the_wording_of_a_stage(text: str, stage: str) -> None:
    """A turn reaches the stage its wording shows, traditional characters included."""
    assert stage in stages_of(text)


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("我会跟进的。", "follow_up"),
        ("这单可以退款吗？", "solve"),
        ("请问有什么可以帮您？", "verify"),
        ("辛苦您提供一下订单号。", "comfort"),
        ("他说“对不起”。", "comfort"),
        ("", "greeting"),
    ],
)
def test_what_is_not_the_stage(text: str, stage: str) -> None:
    """A promise without time is no follow-up, a question no solution, a request no comfort, a quotation nothing."""
    assert stage not in stages_of(text)


def test_a_site_edits_its_own_list(tmp_path: Path) -> None:
    """The site's stages.toml replaces the preset; a broken one names its key."""
    lists = "".join(
        f"[{code}]\npatterns = ['{code}']\n"
        for code in ("greeting", "comfort", "verify", "solve", "follow_up", "closing")
    )
    (tmp_path / "stages.toml").write_text(f'version = "own"\n{lists}', encoding="utf-8")
    own = load_stages(tmp_path)
    assert own.version == "own"
    assert own.of("say greeting") == {"greeting"}
    with pytest.raises(StagesError, match="comfort"):
        parse_stages({"greeting": {"patterns": ["a"]}})


def test_quotation_marks_and_broken_characters() -> None:
    """A lone surrogate in a quoted text neither crashes nor shifts the spans."""
    found = load_stages().find("\ud800“再见”他说，\ud83d再见")
    assert found["closing"] == ((9, 11),)
