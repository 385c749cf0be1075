"""Normalised text, and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.text import bigrams, clean, key, normalise, overlap, sentences

TEXTS = st.text(st.characters(codec=None), max_size=40)


@given(TEXTS)
def test_normalising_twice_changes_nothing(text: str) -> None:
    """Normalisation is idempotent, for any code points."""
    assert normalise(normalise(text)) == normalise(text)


@given(TEXTS)
def test_a_span_of_the_clean_text_leads_back_into_the_source(text: str) -> None:
    """Every character of the clean text has an origin inside the source, in order."""
    found = clean(text)
    assert len(found.text) == len(found.origin)
    assert list(found.origin) == sorted(found.origin)
    start, end = found.span(0, len(found.text))
    assert 0 <= start <= end <= len(text)


def test_the_slice_is_what_was_written() -> None:
    """A word found in the clean text is cut out of the source as it was sent."""
    source = "  您好，我要退　貨！ＶＩＰ"
    found = clean(source)
    at = found.text.index("退 货")
    start, end = found.span(at, at + 3)
    assert source[start:end] == "退　貨"


@pytest.mark.parametrize(
    ("raw", "plain"),
    [("退貨，ＡＢＣ", "退货,abc"), ("a\u200bb", "ab"), ("x\n\n y", "x y"), ("退\ud800货", "退货")],
)
def test_normal_forms(raw: str, plain: str) -> None:
    """Width, case, script, invisible and broken characters."""
    assert normalise(raw) == plain


def test_keys_and_overlap() -> None:
    """Two spellings of one text share a key; overlap is 1 for the same text and 0 for strangers."""
    assert key("怎么，退货？") == key("怎么退货")
    assert overlap("怎么退货", "怎么退货！") == 1
    assert overlap("怎么退货", "发票抬头") == 0
    assert bigrams("好") == {"好"}
    assert overlap("", "好") == 0


def test_sentences_cover_what_is_said() -> None:
    """Sentences are trimmed spans that end with their mark."""
    text = "您好。 在吗？\n退款呢"
    assert [text[a:b] for a, b in sentences(text)] == ["您好。", "在吗？", "退款呢"]
