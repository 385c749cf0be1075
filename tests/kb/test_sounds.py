"""B07, R041, R042: what sounds or looks alike is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import sounds
from kb.knowledge import Knowledge, build
from kb.search import search
from kb.segment import Lexicon
from tests.kb.fakes import encode, entry

ENTRIES = [
    entry("return", "退货流程是怎样的", "在订单页提交退货申请。"),
    entry("region", "浙江可以次日达吗", "江浙沪次日达。"),
    entry("invoice", "发票抬头怎么修改", "联系客服修改发票。"),
    entry("points", "积分什么时候过期", "积分每年清零。"),
    entry("login", "忘记密码怎么登录", "用手机验证码登录。"),
]


@pytest.fixture(scope="module", params=["hybrid", "keyword_only"])
def knowledge(request: pytest.FixtureRequest) -> Knowledge:
    return build(ENTRIES, "fake", encode if request.param == "hybrid" else None, "V1.0")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tuihuo", "return"),
        ("tui huo", "return"),
        ("退貨", "return"),
        ("推货", "return"),
        ("退贷", "return"),
        ("退货款式 错字", "return"),
        ("浙将", "region"),
        ("zhejiang", "region"),
        ("zejiang", "region"),
        ("fapiao", "invoice"),
        ("發票", "invoice"),
        ("ji fen", "points"),
        ("denglu", "login"),
        ("thlc", "return"),
    ],
)
def test_found_by_sound_or_shape(knowledge: Knowledge, query: str, expected: str) -> None:
    """Pinyin, homophones, accents, initials, traditional and look-alike characters find the entry first."""
    vector = encode([query])[0] if knowledge.has_vectors else None
    assert search(knowledge, query, vector, limit=3)[0].entry_id == expected


def test_what_was_heard_is_highlighted() -> None:
    """A hit found by pinyin marks the characters that were meant."""
    hit = search(build(ENTRIES, "", None, "V1.0"), "tuihuo")[0]
    marked = {getattr(hit, span.field)[span.start : span.end] for span in hit.highlights}
    assert marked == {"退货"}


def test_synonyms_work_both_ways() -> None:
    """A site's synonyms lead from either word to the other."""
    lexicon = Lexicon(synonyms=(("发票", "税票"), ("积分", "金豆")))
    knowledge = build([*ENTRIES, entry("beans", "金豆有什么用")], "", None, "V1.0", lexicon)
    assert search(knowledge, "税票抬头")[0].entry_id == "invoice"
    assert {hit.entry_id for hit in search(knowledge, "金豆", limit=2)} == {"points", "beans"}


@pytest.mark.parametrize(
    ("letters", "expected"), [("tuihuo", ("tui", "huo")), ("xi'an", ("xi", "an")), ("qq", ())]
)
def test_letters_are_read_as_syllables(letters: str, expected: tuple[str, ...]) -> None:
    """Letters spell syllables, or none."""
    assert sounds.read_letters(letters) == expected


def test_chinese_is_not_letters() -> None:
    """A text with Chinese characters is not read as pinyin."""
    assert sounds.read_letters("退huo") is None


@given(st.lists(st.sampled_from(sorted(sounds.table().syllables)), min_size=1, max_size=5))
def test_spelled_syllables_spell_the_letters(parts: list[str]) -> None:
    """Whatever the split, the syllables joined are the letters."""
    letters = "".join(parts)
    assert "".join(sounds.read_letters(letters) or ()) == letters
