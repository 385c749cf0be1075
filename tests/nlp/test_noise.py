"""R041, R042: noise for measuring is repeatable, and what it costs is printed beside BM25's cost."""

from __future__ import annotations

import pytest

from nlp.evaluate.noise import KINDS, noisy
from nlp.evaluate.retrieval import Collection, bm25, evaluate_retrieval

TEXTS = ["退款多久到账", "怎么开发票", "空调安装收费吗"]
KNOWN = [*TEXTS, "退换货推或过开"]


@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_the_same_for_the_same_seed(kind: str) -> None:
    """Every text that can be changed is, and the same seed changes it alike."""
    made = noisy(TEXTS, KNOWN, kind, 0.1, seed=3)
    assert made == noisy(TEXTS, KNOWN, kind, 0.1, seed=3)
    assert len(made) == len(TEXTS)
    assert made[0] != TEXTS[0]
    assert noisy(["", "？"], [], kind, 0.5) == ["", "？"]


def test_a_noise_nobody_knows_is_refused() -> None:
    """An unknown kind names those there are."""
    with pytest.raises(ValueError, match="homophone"):
        noisy(TEXTS, KNOWN, "rain", 0.1)


def test_the_loss_is_printed() -> None:
    """The loss of the first way and of BM25 is the difference to the clean figures."""
    documents = {str(at): text for at, text in enumerate(TEXTS)}
    collection = Collection(documents, documents, {name: {name: 1.0} for name in documents})
    figures = evaluate_retrieval(collection, None, {"own": bm25(documents)}, noise=0.3)
    for kind in KINDS:
        clean, lost = figures["own:ndcg@10"], figures[f"noise:{kind}:own:loss"]
        assert lost == pytest.approx(clean - figures[f"noise:{kind}:own:ndcg@10"])
    assert figures["noise:ratio"] in (0.0, pytest.approx(1.0))
    assert not any("noise" in name for name in evaluate_retrieval(collection, None))


def test_the_baseline_does_not_fold_traditional_characters() -> None:
    """BM25 stands there as published: characters as typed, so that traditional spelling costs it what it costs."""
    rank = bm25({"d1": "退货与退款", "d2": "无关的话"})
    assert rank(["退货"])[0][0] == "d1"
    assert rank(["ＴＥＳＴ", "test"])[0] == rank(["test"])[0]
    assert bm25({"d1": "貨", "d2": "货"})(["貨"])[0][0] == "d1"
    assert bm25({"d1": "货", "d2": "貨"})(["貨"])[0][0] == "d2"
