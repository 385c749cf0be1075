"""Sparse index: tokens of the text, BM25 as the reference library computes it, a bounded walk."""

from __future__ import annotations

import bm25s
import numpy as np
import pytest

from kb import keywords, postings
from nlp.text import normalise

DOCUMENTS = ["我想退货退款", "退货运费谁出", "运费险怎么赔", "发票抬头怎么改", "退款多久到账，退款慢"]


def indexed(documents: list[str]) -> postings.Postings:
    return postings.invert(*keywords.tokens(documents, [keywords.words(text) for text in documents]))


def test_same_scores_as_the_reference() -> None:
    """Scores equal bm25s (Lucene's BM25) times k1 + 1, which it leaves out."""
    tokens, lengths = keywords.tokens(DOCUMENTS, [keywords.words(text) for text in DOCUMENTS])
    bounds = np.cumsum(lengths)[:-1]
    rows = [[str(token) for token in part] for part in np.split(tokens, bounds)]
    reference = bm25s.BM25(k1=postings.K1, b=postings.B, method="lucene")
    reference.index(rows, show_progress=False)
    ours = postings.invert(tokens, lengths)
    asked, _ = keywords.query_tokens(["退货", "运费"], "退货运费")
    wanted = np.array(asked, np.uint32)
    idf = postings.inverse_frequency(ours.frequency(wanted), ours.size)
    expected = reference.get_scores([str(token) for token in asked]) * (postings.K1 + 1)
    assert ours.score(wanted, idf) == pytest.approx(expected, rel=1e-4)


def test_codes_stay_whole() -> None:
    """A product code is one word, found as such."""
    assert "r123-78" in keywords.words(normalise("型号Ｒ123-78的说明书"))


def test_site_words_are_private() -> None:
    """A site's word is kept whole for that site and unknown to the next."""
    assert "知夏甄选" in keywords.words("知夏甄选怎么加入", ("知夏甄选",))
    assert "知夏甄选" not in keywords.words("知夏甄选怎么加入")


def test_forward_lists_mirror_the_inverted_ones() -> None:
    """Row by row, the held tokens are those whose lists name the row."""
    found = indexed(DOCUMENTS)
    for row in range(found.size):
        held = set(found.held[found.held_starts[row] : found.held_starts[row + 1]].tolist())
        listed = {
            key
            for key in range(len(found.keys))
            if row in found.rows[found.starts[key] : found.starts[key + 1]].tolist()
        }
        assert held == listed


def test_a_query_of_common_words_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the budget the commonest tokens are skipped; the rarest is always walked."""
    found = indexed(["退货"] * 50 + ["退货发票"])
    wanted = np.array([keywords.token("退货"), keywords.token("发票")], np.uint32)
    idf = postings.inverse_frequency(found.frequency(wanted), found.size)
    monkeypatch.setattr(postings, "BUDGET", 10)
    assert np.flatnonzero(found.score(wanted, idf)).tolist() == [50]


def test_no_rows() -> None:
    """An empty index answers with nothing."""
    found = postings.invert(np.empty(0, np.uint32), np.empty(0, np.int64))
    assert found.score(np.array([1], np.uint32), np.ones(1, np.float32)).shape == (0,)
