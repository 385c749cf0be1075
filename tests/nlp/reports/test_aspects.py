"""Aspects of complaints: what, in which words, how judged; figures on the marked sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp.reports.aspects import load_aspects
from nlp.tables import PolicyError
from scripts.evaluate_aspects import f1, main, measured, rows

ASPECTS = load_aspects()


def _told(text: str) -> list[tuple[str, str, str]]:
    return [(one.aspect, one.polarity, one.opinion) for one in ASPECTS.mine(text)]


def test_R168_aspect_opinion_polarity() -> None:
    """Each judgement of a sentence has its aspect, the words as sent and its polarity, in order."""
    assert _told("退款都半个月了还没到账，客服还不耐烦") == [
        ("refund", "negative", "都半个月了还没到账"),
        ("attitude", "negative", "不耐烦"),
    ]
    assert _told("东西不錯，可快遞員 態度恶劣") == [
        ("quality", "positive", "不錯"),
        ("courier", "negative", "態度恶劣"),
    ]
    text = "包装　很严实，一点没坏"
    (found,) = ASPECTS.mine(text)
    assert text[found.start : found.end] == found.opinion


def test_R168_questions_and_denials_judge_nothing() -> None:
    """Asking for a thing, or saying that it is not at fault, is no complaint."""
    for text in ("请问退款一般几天到账", "发票可以开吗", "我没说你们态度差", "", "物流到哪了？"):
        assert _told(text) == []


def test_R168_figures_on_the_marked_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 150 sentences, half of them held out; the figures are printed and hold their floor."""
    assert len(rows("open")) + len(rows("blind")) >= 150
    for half, floor in (("open", 0.9), ("blind", 0.85)):
        found = measured(half)
        assert f1(found["aspect+polarity"]) >= floor
        assert f1(found["opinion"]) >= floor - 0.05
    main(["open"])
    assert "aspect+polarity" in capsys.readouterr().out


def test_R168_a_site_has_its_own_lists(tmp_path: Path) -> None:
    """A site's file replaces the lists; a pattern that cannot be used is named."""
    own = 'version = "1"\nasking = []\n[general]\nnegative = ["坏"]\n[[aspect]]\ncode = "door"\nname = "门锁"\ntargets = ["门锁"]\n'
    (tmp_path / "aspects.toml").write_text(own, encoding="utf-8")
    (found,) = load_aspects(tmp_path).mine("门锁坏了")
    assert (found.aspect, found.opinion) == ("door", "坏")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "aspects.toml").write_text(own.replace('["坏"]', '["(?=坏)"]'), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"general\.negative"):
        load_aspects(broken)
