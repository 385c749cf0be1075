"""zuoxi train repair and next."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from scripts.console import group
from scripts.train_labels import register

SAID = {"退款": ["退款没到", "钱没退回", "退款多久"], "发票": ["发票没开", "抬头错了", "要开专票"]}


@pytest.fixture
def app() -> typer.Typer:
    made = group("训练")
    register(made)
    return made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Forty rows with an order column; row 6 (line 7 of the file) carries the wrong label."""
    path = tmp_path / "工单.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("渠道", "文本", "类别"))
        for at in range(40):
            label = list(SAID)[at % 2]
            given = "退款" if at == 5 else label
            writer.writerow(("app", f"{SAID[label][at % 3]}{at}，电话13800138000", given))
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def test_repair_finds_and_corrects(app: typer.Typer, data: Path, tmp_path: Path) -> None:
    """The wrong row is named with its line, masked, with evidence; the corrected file loses nothing."""
    report, fixed = tmp_path / "report.csv", tmp_path / "fixed.csv"
    args = ["repair", "--data", str(data), "--out", str(report), "--apply", str(fixed), "--json"]
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)["suspects"]
    assert (found["row"], found["given"], found["likely"]) == (7, "退款", "发票")
    assert "13800138000" not in done.stdout + report.read_text(encoding="utf-8-sig")
    assert "发票" in found["why"]
    before, after = read(data), read(fixed)
    assert [row["原类别"] for row in after] == [row["类别"] for row in before]
    assert [at for at, (a, b) in enumerate(zip(before, after, strict=True)) if a["类别"] != b["类别"]] == [5]
    assert [(row["渠道"], row["文本"]) for row in after] == [(row["渠道"], row["文本"]) for row in before]


def test_repair_tells_people(app: typer.Typer, data: Path) -> None:
    """Without --json there is a table of rows and one of confused labels."""
    done = CliRunner().invoke(app, ["repair", "--data", str(data)])
    assert done.exit_code == 0
    assert "1 行的类别可疑" in done.stdout
    assert "常被混淆的类别" in done.stdout


def test_next_chooses_new_texts(app: typer.Typer, data: Path, tmp_path: Path) -> None:
    """Chosen texts come from the pool, masked, never one that is labelled already, ready to be labelled."""
    pool, out = tmp_path / "pool.csv", tmp_path / "next.csv"
    known = read(data)[0]["文本"]
    pool.write_text(
        "文本\n" + known + "\n会员积分13800138000怎么换\n退款没到啊\n物流到哪了\n", encoding="utf-8"
    )
    args = ["next", "--data", str(data), "--pool", str(pool), "--count", "2", "--out", str(out), "--json"]
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["pool"] == 3
    rows = read(out)
    assert len(rows) == len(told["chosen"]) == 2
    assert all(row["label"] == "" and "13800138000" not in row["text"] for row in rows)
