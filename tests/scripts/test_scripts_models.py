"""zuoxi models and zuoxi train: what is shipped is verified, what a site trains is its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp.classify import load_classifier
from scripts.console import Misused
from scripts.train import read_labelled
from tests.scripts.running import Run

TICKETS = "文本,类别\n" + "\n".join(
    f"{text}{tail},{label}"
    for label, texts in {"退款": ("退款到哪了", "钱没退回来"), "发票": ("开发票", "发票抬头错了")}.items()
    for text in texts
    for tail in ("", "啊", "呢", "，急", "，谢谢", "？？")
)


def test_shipped_models_verify(zuoxi: Run) -> None:
    """Every shipped model agrees with its manifest, and each task has one in use."""
    done = zuoxi("models", "verify", "--json")
    assert done.code == 0, done.err
    assert done.json["ok"] is True
    in_use = {one["task"] for one in zuoxi("models", "list", "--json").json["models"] if one["current"]}
    assert {"encoder", "intent", "sentiment", "emotion"} <= in_use


def test_an_empty_models_folder_fails(zuoxi: Run, tmp_path: Path) -> None:
    """A folder without models is told and leaves with 1."""
    assert zuoxi("models", "verify", "--models", tmp_path).code == 1


def test_a_site_trains_its_own_intents(zuoxi: Run, tmp_path: Path) -> None:
    """Own tickets on standard input become a verified classifier beside copies of the other models."""
    root = tmp_path / "models"
    done = zuoxi(
        "train", "intent", "--data", "-", "--models", root, "--version", "own-1", "--json", stdin=TICKETS
    )
    assert done.code == 0, done.err
    assert done.json["rows"] == 24
    own = load_classifier("intent", root)
    assert own.labels == ("发票", "退款")
    shares = own.probabilities(["退款怎么还不到"])[0]
    assert own.labels[int(shares.argmax())] == "退款"
    assert zuoxi("models", "verify", "--models", root).code == 0


def test_too_few_rows_and_missing_columns(zuoxi: Run) -> None:
    """Two rows are not enough to learn from, and a file without a label column names what it needs."""
    assert zuoxi("train", "intent", "--data", "-", stdin="text,label\n甲,a\n乙,b\n").code == 1
    with pytest.raises(Misused, match="label"):
        read_labelled("x.csv", "内容\n你好\n".encode())
