"""The measures on examples small enough to compute by hand, and what stands around them."""

from __future__ import annotations

import json
import lzma
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.evaluate import metrics
from nlp.evaluate.pairs import evaluate_pairs
from nlp.evaluate.prepare import prepare
from nlp.evaluate.retrieval import evaluate_retrieval, read_collection
from nlp.evaluate.rows import RowsError, read_rows, without_overlap


class Axes:
    """An encoder by hand: the vector of a text is the axis of its first letter, a to d."""

    dim = 4
    version = "axes"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.eye(4, dtype=np.float32)[["abcd".index(text[0]) for text in texts]].reshape(-1, 4)


def test_ranking_measures() -> None:
    """One relevant document in third place of ten: 1/log2(4), 1/3, and recall from 5 on."""
    ranked, gains = list("xyazbcdefg"), {"a": 1.0}
    assert metrics.ndcg(ranked, gains) == pytest.approx(0.5)
    assert metrics.mrr(ranked, gains) == pytest.approx(1 / 3)
    assert [metrics.recall(ranked, gains, k) for k in (1, 5)] == [0, 1]
    assert metrics.ndcg(["a", "b"], {"a": 1.0, "b": 3.0}) == pytest.approx(
        (1 + 3 / np.log2(3)) / (3 + 1 / np.log2(3))
    )


def test_correlation_and_precision() -> None:
    """Ties share their rank; a perfect order is one, a constant is nothing."""
    assert metrics.ranks([10, 20, 20, 30]).tolist() == [1, 2.5, 2.5, 4]
    assert metrics.spearman([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert metrics.spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert metrics.spearman([1, 1], [1, 2]) == 0
    assert metrics.average_precision([0.9, 0.8, 0.7], [1, 0, 1]) == pytest.approx((1 + 2 / 3) / 2)


def test_classification_measures() -> None:
    """Macro F1 and UAR over the true labels; calibration by the gap of sure and right."""
    truth, guess = list("aabb"), list("abbb")
    assert metrics.accuracy(truth, guess) == 0.75
    assert metrics.macro_f1(truth, guess) == pytest.approx((2 / 3 + 0.8) / 2)
    assert metrics.uar(truth, guess) == pytest.approx(0.75)
    assert metrics.ece([0.9, 0.9], [1, 0]) == pytest.approx(0.4)
    assert metrics.coverage_at_precision([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1], 0.75) == 1.0
    assert metrics.threshold_at_precision([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 0], 0.95) == (0.8, 0.5)
    assert metrics.threshold_at_precision([0.5], [0], 0.95) == (float("inf"), 0.0)


def test_distribution_measures() -> None:
    """All mass at one end against the other is the largest match distance; equal ones have none."""
    ends = [1, 0, 0, 0, 0], [0, 0, 0, 0, 1]
    assert metrics.nmd(*ends) == pytest.approx(1)
    assert metrics.nmd(ends[0], ends[0]) == metrics.rsnod(ends[0], ends[0]) == 0
    assert metrics.rsnod(*ends) == pytest.approx(np.sqrt((4 + 4 + 4 + 4 + 4) / 5 / 4))


@given(
    st.lists(st.floats(0.01, 1), min_size=5, max_size=5), st.lists(st.floats(0.01, 1), min_size=5, max_size=5)
)
def test_distances_are_symmetric(p: list[float], q: list[float]) -> None:
    """RSNOD and NMD do not care which side is which."""
    a, b = np.array(p) / sum(p), np.array(q) / sum(q)
    assert metrics.nmd(a, b) == pytest.approx(metrics.nmd(b, a))
    assert metrics.rsnod(a, b) == pytest.approx(metrics.rsnod(b, a))


def test_pairs_are_scored_from_a_compressed_file(tmp_path: Path) -> None:
    """Like texts have cosine one and unlike ones nought; the overlap with `train` is counted."""
    rows = [("a1", "a2", 1), ("b1", "c1", 0), ("c2", "c3", 1)]
    path = tmp_path / "pairs.jsonl.xz"
    with lzma.open(path, "wt") as lines:
        lines.writelines(json.dumps({"a": a, "b": b, "label": label}) + "\n" for a, b, label in rows)
    (tmp_path / "train.jsonl").write_text('{"a": "C1!", "b": "b1", "label": 0}\n', encoding="utf-8")
    figures = evaluate_pairs(path, Axes(), tmp_path / "train.jsonl")
    assert figures == {
        "rows": 3,
        "spearman": pytest.approx(1),
        "ap": pytest.approx(1),
        "train_rows_removed": 1,
    }


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    """A missing file, a line that is no JSON, a missing field: each with its place."""
    path = tmp_path / "rows.jsonl"
    with pytest.raises(RowsError, match="找不到"):
        list(read_rows(path))
    path.write_text('{"a": 1}\n\n{"b"', encoding="utf-8")
    with pytest.raises(RowsError, match="第 3 行"):
        list(read_rows(path))
    with pytest.raises(RowsError, match=r"第 1 行缺少字段 b"):
        list(read_rows(path, ["a", "b"]))


def test_overlap_ignores_order_and_punctuation() -> None:
    """A training row that stands in the scored rows leaves, and is counted."""
    kept, removed = without_overlap([{"t": "你好！"}, {"t": "再见"}], [{"t": "你 好"}], ["t"])
    assert (kept, removed) == ([{"t": "再见"}], 1)


def test_sections_become_a_collection_that_search_is_measured_on(tmp_path: Path) -> None:
    """Headings used three times ask nothing, the heading leaves its section, and each way has its figures."""
    rows = [("示例", f"无关内容 {at}") for at in range(3)]
    rows += [("如何退款", "如何退款 打开订单页申请"), ("发票抬头", "在设置里修改开票信息")]
    path = tmp_path / "sections.jsonl"
    path.write_text(
        "".join(json.dumps({"heading": heading, "text": text}) + "\n" for heading, text in rows),
        encoding="utf-8",
    )
    assert prepare(path, tmp_path / "beir") == {"documents": 5, "queries": 2, "headings_dropped": 1}
    collection = read_collection(tmp_path / "beir")
    assert collection.documents["s3"] == "打开订单页申请"

    def oracle(queries: Sequence[str]) -> list[list[str]]:
        return [["s3"] if "退款" in query else ["s0", "s4"] for query in queries]

    figures = evaluate_retrieval(collection, None, {"hybrid": oracle})
    assert figures["mrr@10"] == figures["hybrid:mrr@10"] == 0.75
    assert figures["queries"] == 2
    assert 0 <= figures["bm25:ndcg@10"] <= 1


def test_bm25_finds_shared_letters(tmp_path: Path) -> None:
    """The document that shares the query's rare letters comes first."""
    from nlp.evaluate.retrieval import bm25

    rank = bm25({"d1": "退款多久到账", "d2": "修改收货地址", "d3": "退货地址"})
    assert rank(["收货地址怎么改"])[0][0] == "d2"
    assert rank(["多久到账", "zz"])[0][0] == "d1"


def test_every_door_to_training_rows_knows_a_text_by_one_key(tmp_path: Path) -> None:
    """What the recipes hold out and what an evaluation takes out agree: one key, and a pair in either order."""
    from nlp.train.corpus import held_out

    (tmp_path / "pairs").mkdir()
    with lzma.open(tmp_path / "pairs" / "x.dev.jsonl.xz", "wt") as lines:
        lines.write(json.dumps({"a": "ＡＢ 退款！", "b": "多久", "label": 1}))
    held = held_out(tmp_path, ["pairs/x.dev"])
    scored = [{"a": "ＡＢ 退款！", "b": "多久"}]
    for a, b in (("ab退款", "多久？"), ("多久", "AB 退款"), ("多久", "别的"), ("ab退款", "ab退款")):
        _, removed = without_overlap([{"a": a, "b": b}], scored, ("a", "b"))
        assert bool(removed) == held.holds(a, b)
    assert held.holds("ab退款")
    assert without_overlap([{"a": "ab退款"}], scored, ("a",))[1] == 1
