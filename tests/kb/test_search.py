"""Search: hits say why, point into the text as it stands, and stay away when unsure."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import confidence, features
from kb.knowledge import build
from kb.search import Filters, search
from tests.kb.fakes import encode, entry

ENTRIES = [
    entry(
        "return",
        "七天无理由退货怎么申请",
        "在订单页点退货，签收七天内有效。",
        similar=("我不想要了", "能退吗"),
    ),
    entry("fee", "退货运费谁出", "质量问题由商城承担运费。", kind="policy"),
    entry(
        "manual",
        "ＲX-100 路由器 说明",
        "型号R123-78：长按复位键 5 秒。" + "请勿自行拆机。" * 60,
        kind="manual",
    ),
    entry("vip", "会员专属客服", "金卡可直接进线。", audience=frozenset({"vip"})),
]
KNOWLEDGE = build(ENTRIES, "fake", encode, "V1.0")


def find(query: str, **filters: object) -> list[str]:
    return [hit.entry_id for hit in search(KNOWLEDGE, query, encode([query])[0], Filters(**filters))]  # type: ignore[arg-type]


def test_exact_and_similar_questions_come_first() -> None:
    """Each entry is found first by its title and by each similar question (R036)."""
    for one in ENTRIES[:3]:
        for question in (one.title, *one.similar):
            assert find(question)[0] == one.id


def test_a_code_is_found() -> None:
    """A product code written in full-width letters or not leads to its manual."""
    assert find("r123-78")[0] == "manual"
    assert find("Ｒ１２３-78 怎么复位")[0] == "manual"


def test_kinds_and_audience() -> None:
    """A filter by kind returns that kind alone (R037); an entry for VIPs only shows to VIPs."""
    assert find("退货", kinds=frozenset({"policy"})) == ["fee"]
    assert "vip" not in find("会员专属客服")
    assert "vip" not in find("会员专属客服", audience=frozenset({"presales"}))
    assert find("会员专属客服", audience=frozenset({"vip", "presales"}))[0] == "vip"


def test_reasons() -> None:
    """A hit names the words found and its scores; features are those of the model."""
    why = search(KNOWLEDGE, "退货运费谁出", encode(["退货运费谁出"])[0])[0].why
    assert why.matched == ("退货运费谁出",)
    assert why.dense == pytest.approx(1, abs=1e-3)
    assert why.sound == pytest.approx(1, abs=1e-3)
    assert 0 < why.keyword <= 1
    assert {name for name, _ in why.features} <= set(features.NAMES)
    assert dict(why.features)["exact"] == 1


@given(st.text(alphabet="退货运费ｒR1２-7 8，。！\n\u200b貨金卡", max_size=20))
@settings(deadline=None)
def test_highlights_point_into_the_text(query: str) -> None:
    """Spans lie inside their field, in order, without overlap; confidences are probabilities, falling."""
    hits = search(KNOWLEDGE, query, encode([query])[0])
    for hit in hits:
        assert 0 <= hit.confidence <= 1
        for name in ("title", "text"):
            spans = [(span.start, span.end) for span in hit.highlights if span.field == name]
            ends = [0, *(end for _, end in spans)]
            assert all(before <= start < end for (start, end), before in zip(spans, ends, strict=False))
            assert not spans or spans[-1][1] <= len(getattr(hit, name))
    assert [hit.confidence for hit in hits] == sorted((hit.confidence for hit in hits), reverse=True)


def test_highlight_maps_back_through_full_width() -> None:
    """A code found in a full-width title marks the full-width characters."""
    hit = search(KNOWLEDGE, "rx-100")[0]
    span = next(span for span in hit.highlights if span.field == "title")
    assert hit.title[span.start : span.end] == "ＲX-100"


def test_the_passage_is_the_one_that_answers() -> None:
    """A hit on a similar question shows that question as its passage."""
    assert search(KNOWLEDGE, "我不想要了", encode(["我不想要了"])[0])[0].passage == "我不想要了"


def test_limits() -> None:
    """A limit of zero or less returns nothing; an empty or endless query does no harm."""
    assert search(KNOWLEDGE, "退货", limit=0) == ()
    assert search(KNOWLEDGE, "", encode([""])[0], limit=-1) == ()
    assert len(search(KNOWLEDGE, "退货" * 50_000)) <= 5


def test_an_impossible_precision_is_refused_by_silence() -> None:
    """A precision that held-out answers never reached returns nothing (B08)."""
    assert search(KNOWLEDGE, "退货", encode(["退货"])[0], min_precision=1.0) == ()


@pytest.mark.parametrize("mode", ["hybrid", "keyword_only"])
def test_more_precision_takes_more_confidence(mode: str) -> None:
    """Thresholds rise with the precision asked, within 0…1 but for what was never reached."""
    model = confidence.load()[mode]
    thresholds = [model.threshold(p / 100) for p in range(50, 101)]
    assert thresholds == sorted(thresholds)
    assert model.threshold(0.8) <= 1
    assert model.threshold(1.0) > 1
