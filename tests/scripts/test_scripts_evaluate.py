"""zuoxi evaluate, on small data of our own."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts.evaluation import Plan, split
from tests.scripts.running import Run

REFUND = [
    "退款什么时候到",
    "钱还没退回来",
    "退款怎么这么慢",
    "申请退款了没动静",
    "退的钱在哪里看",
    "退款进度查一下",
]
INVOICE = ["发票怎么开", "帮我开发票", "要一张电子发票", "发票抬头写错了", "专票能开吗", "发票发到邮箱"]
SHIPPING = ["快递到哪了", "怎么还没发货", "物流不动了", "什么时候送到", "发货了没有", "快递多久到"]


def _rows(suffixes: Sequence[str]) -> list[dict[str, Any]]:
    groups = {"r": REFUND, "i": INVOICE, "s": SHIPPING}
    return [
        {"text": text + suffix, "label": label, "name": {"r": "退款", "i": "发票", "s": "物流"}[label]}
        for label, texts in groups.items()
        for text in texts
        for suffix in suffixes
    ]


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    opener: Any = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opener(path, "wt", encoding="utf-8") as file:
        file.write(text)
    return path


def test_a_head_is_fitted_and_the_overlap_removed(zuoxi: Run, tmp_path: Path) -> None:
    """With --train the head is fitted first; training rows that stand in the data are removed and counted."""
    data = _write(tmp_path / "data.jsonl.gz", _rows(["？", "呢"]))
    train = _write(
        tmp_path / "train.jsonl.xz", [*_rows(["啊", "谢谢", "急"]), {"text": REFUND[0] + "！", "label": "r"}]
    )
    done = zuoxi("evaluate", "classify", "--data", data, "--train", train, "--json")
    assert done.code == 0, done.err
    figures = done.json
    assert figures["train_rows_removed"] == 1
    assert figures["rows"] == 36
    assert figures["accuracy"] > 0.9
    assert {"macro_f1", "ece", "coverage@p95"} <= figures.keys()
    assert all(isinstance(value, int | float) for value in figures.values())


def test_folds_and_holdout_score_unseen_rows(zuoxi: Run, tmp_path: Path) -> None:
    """Folds score every row once; a holdout scores its share."""
    data = _write(tmp_path / "data.jsonl", _rows(["？", "呢", "啊"]))
    assert zuoxi("evaluate", "classify", "--data", data, "--folds", "3", "--json").json["scored_rows"] == 54
    assert (
        zuoxi("evaluate", "classify", "--data", data, "--holdout", "0.2", "--json").json["scored_rows"] == 11
    )
    assert zuoxi("evaluate", "classify", "--data", data, "--folds", "3", "--holdout", "0.2").code == 2
    text = data.read_text(encoding="utf-8")
    piped = zuoxi("evaluate", "classify", "--data", "-", "--holdout", "0.2", "--json", stdin=text)
    assert piped.json["scored_rows"] == 11


def test_labels_the_model_does_not_know_are_bad_usage(zuoxi: Run, tmp_path: Path) -> None:
    """Unknown labels without --train leave with 2 and name the option."""
    done = zuoxi("evaluate", "classify", "--data", _write(tmp_path / "d.jsonl", _rows([""])), "--json")
    assert done.code == 2
    assert "--train" in done.err


def test_two_way_sentiment_drops_the_neutral_mass(zuoxi: Run, tmp_path: Path) -> None:
    """0/1 labels are scored with the shipped three-way model."""
    rows = [
        *(
            {"text": text, "label": 1}
            for text in ("非常满意，太好了", "质量很好，推荐购买", "服务热情，下次还来")
        ),
        *({"text": text, "label": 0} for text in ("太差了，再也不买", "垃圾，骗人的", "态度恶劣，非常失望")),
    ]
    figures = zuoxi("evaluate", "sentiment", "--data", _write(tmp_path / "s.jsonl", rows), "--json").json
    assert figures["accuracy"] >= 5 / 6


def test_pairs_order_by_meaning(zuoxi: Run, tmp_path: Path) -> None:
    """Pairs of one meaning come before strangers: perfect order on an easy set."""
    rows = [
        {"a": "退款多久到账", "b": "退款什么时候能到账", "label": 1},
        {"a": "怎么开发票", "b": "发票如何开具", "label": 1},
        {"a": "退款多久到账", "b": "空调多大功率", "label": 0},
        {"a": "怎么开发票", "b": "今天天气不错", "label": 0},
    ]
    figures = zuoxi("evaluate", "pairs", "--data", _write(tmp_path / "p.jsonl", rows), "--json").json
    assert figures["ap"] == 1
    assert figures["spearman"] > 0.8


def test_retrieval_tells_each_index_and_bm25(zuoxi: Run, tmp_path: Path) -> None:
    """`prepare` makes a BEIR folder; retrieval prints hybrid, every index alone and BM25 beside."""
    sections = [
        {
            "doc": "a",
            "title": "帮助",
            "heading": "怎样申请退款",
            "text": "进入订单页，点击申请退款并填写原因即可。",
        },
        {
            "doc": "b",
            "title": "帮助",
            "heading": "开具电子发票",
            "text": "确认收货后在发票页面选择抬头开具电子发票。",
        },
        {
            "doc": "c",
            "title": "帮助",
            "heading": "查询物流信息",
            "text": "订单页里可以看到快递单号与物流信息。",
        },
    ]
    made = zuoxi(
        "evaluate", "prepare", _write(tmp_path / "s.jsonl", sections), "--out", tmp_path / "beir", "--json"
    )
    assert made.json["queries"] == 3
    figures = zuoxi("evaluate", "retrieval", "--data", tmp_path / "beir", "--json").json
    assert figures["recall@5"] == 1
    assert figures["ndcg@10"] == figures["hybrid:ndcg@10"]
    assert {"keyword:ndcg@10", "dense:ndcg@10", "sound:ndcg@10", "bm25:ndcg@10"} <= figures.keys()


@pytest.mark.parametrize("content", ['{"text": "没有标签"}', "不是 JSON", ""])
def test_unreadable_data_fails(zuoxi: Run, tmp_path: Path, content: str) -> None:
    """Rows without their fields, lines that are no JSON and an empty file fail and say why."""
    path = tmp_path / "x.jsonl"
    path.write_text(content, encoding="utf-8")
    done = zuoxi("evaluate", "classify", "--data", path)
    assert done.code == 1
    assert str(path) in done.err


def test_folds_keep_groups_together() -> None:
    """Every row is scored once, and a group never stands on both sides."""
    groups = [f"g{at % 7}" for at in range(50)]
    seen: list[int] = []
    for fitted, scored in split(groups, Plan(Path(), folds=3)):
        assert {groups[at] for at in fitted}.isdisjoint(groups[at] for at in scored)
        seen += scored
    assert sorted(seen) == list(range(50))
