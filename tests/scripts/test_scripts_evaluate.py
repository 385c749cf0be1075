"""zuoxi evaluate, on small data of our own."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from nlp.evaluate.folds import number_of, parts_of
from scripts.evaluation import encoders
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

PAIRS: list[dict[str, Any]] = [
    {"a": "退款多久到账", "b": "退款什么时候能到账", "label": 1},
    {"a": "怎么开发票", "b": "发票如何开具", "label": 1},
    {"a": "退款多久到账", "b": "空调多大功率", "label": 0},
    {"a": "怎么开发票", "b": "今天天气不错", "label": 0},
]


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
    figures = zuoxi("evaluate", "pairs", "--data", _write(tmp_path / "p.jsonl", PAIRS), "--json").json
    assert -1 <= figures["tfidf_spearman"] <= 1
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


def _scored(texts: Sequence[str], **how: Any) -> list[set[str]]:
    return [{texts[at] for at in scored} for _, scored in parts_of(texts, **how)]


def test_folds_are_those_of_the_texts() -> None:
    """Every row is scored once, rows of a text stand together, and the order of the rows changes nothing."""
    texts = [f"第 {at % 17} 句" for at in range(50)]
    parts = parts_of(texts, folds=3)
    assert sorted(at for _, scored in parts for at in scored) == list(range(50))
    for fitted, scored in parts:
        assert {texts[at] for at in fitted}.isdisjoint(texts[at] for at in scored)
    assert _scored(texts, folds=3) == _scored(texts[::-1], folds=3)
    assert number_of("你 好\n") == number_of("你好") == 0x440EE085
    assert _scored(texts, folds=3) != _scored(texts, folds=3, seed=1)


def test_a_holdout_is_the_share_of_texts_asked_for() -> None:
    """Twice the rows of a text are one text of the share."""
    texts = [f"第{at}句" for at in range(40)]
    (held,) = _scored(texts * 2, holdout=0.25)
    assert len(held) == 10


def test_doubles_leave_the_fold_they_would_leak_into(zuoxi: Run, tmp_path: Path) -> None:
    """Texts that differ in punctuation alone never stand on both sides of a fold."""
    rows = [*_rows(["？", "呢", "啊"]), *_rows(["!?", "呢~", "啊…"])]
    figures = zuoxi(
        "evaluate", "classify", "--data", _write(tmp_path / "d.jsonl", rows), "--folds", "4", "--json"
    ).json
    assert figures["scored_rows"] == 108
    assert figures["fold_rows_removed"] > 0


def test_a_fitted_head_has_a_plain_one_beside_it(zuoxi: Run, tmp_path: Path) -> None:
    """With a head to fit a character SVM is fitted on the same rows; shipped models stand beside the majority."""
    data = _write(tmp_path / "d.jsonl", _rows(["？", "呢", "啊"]))
    fitted = zuoxi("evaluate", "classify", "--data", data, "--folds", "3", "--json").json
    assert 0.5 < fitted["svm_macro_f1"] <= 1
    assert 0.5 < fitted["svm_accuracy"] <= 1
    moods = [{"text": text, "label": 1} for text in ("很好", "满意")] + [{"text": "太差", "label": 0}]
    shipped = zuoxi("evaluate", "sentiment", "--data", _write(tmp_path / "s.jsonl", moods), "--json").json
    assert shipped["majority_accuracy"] == pytest.approx(2 / 3, abs=1e-4)
    assert "svm_accuracy" not in shipped


def test_an_encoder_is_chosen_by_its_version(zuoxi: Run, tmp_path: Path) -> None:
    """`--encoder` takes a version that is there, and is for tasks that only need an encoder."""
    data = _write(tmp_path / "p.jsonl", PAIRS)
    used = zuoxi("evaluate", "pairs", "--data", data, "--encoder", encoders()[0], "--json")
    assert used.json["spearman"] == zuoxi("evaluate", "pairs", "--data", data, "--json").json["spearman"]
    absent = zuoxi("evaluate", "pairs", "--data", data, "--encoder", "none-9")
    assert absent.code == 2
    assert encoders()[0] in absent.err
    assert zuoxi("evaluate", "emotion", "--data", data, "--encoder", encoders()[0]).code == 2


def test_an_encoder_is_not_scored_on_what_it_was_trained_on(zuoxi: Run, tmp_path: Path) -> None:
    """A file that the encoder's manifest names as training data is refused."""
    (tmp_path / "pairs").mkdir()
    done = zuoxi("evaluate", "pairs", "--data", _write(tmp_path / "pairs" / "atec.train.jsonl.xz", PAIRS))
    assert done.code == 2
    assert "atec.train" in done.err
