"""One conversation a row in every file, and what a changed form moved."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from nlp.batch.columns import COLUMNS, cells_of
from nlp.batch.differ import Difference, compare, difference, write_difference
from nlp.batch.plan import Setting
from nlp.batch.score import score_files
from nlp.readers import ReadError

ROOT = Path(__file__).parents[3]


def source(path: Path) -> Path:
    rows = [
        {
            "id": f"=cmd|'{at}",
            "turns": [
                {"role": "customer", "text": "+运费谁出？", "at": "2026-11-03T10:00:00+08:00"},
                {"role": "agent", "text": "没办法", "at": "2026-11-03T10:00:40+08:00"},
            ],
            "agent": {"id": "@A012", "name": "-小禾", "team": "\t一组"},
            "channel": "=chat",
            "started_at": "2026-11-03T10:00:00+08:00",
            "outcome": {"resolved": False, "satisfaction": 1},
        }
        for at in range(3)
    ]
    path.write_text(
        "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n{\n", encoding="utf-8"
    )
    return path


def test_every_file_tells_the_same_rows(tmp_path: Path) -> None:
    """R176: CSV, XLSX and Parquet hold one row a conversation with the same cells, times and outcome included."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="extra parquet")
    out = tmp_path / "out"
    score_files(
        [source(tmp_path / "a.jsonl")], out, Setting(rules_only=True), workers=1, formats=("csv", "parquet")
    )
    table = parquet.read_table(out / "results.parquet")
    assert table.column_names == [column.code for column in COLUMNS]
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [list(row.values()) for row in table.to_pylist()] == [cells_of(row) for row in rows]
    first = table.to_pylist()[0]
    seen = {
        name: first[name]
        for name in ("transcript_id", "agent", "turns", "first_response_s", "resolved", "rated")
    }
    assert seen == {
        "transcript_id": "=cmd|'0", "agent": "@A012", "turns": 2, "first_response_s": 40.0, "resolved": False, "rated": 1.0
    }  # fmt: skip
    with (out / "results.csv").open(encoding="utf-8-sig", newline="") as stream:
        commas = list(csv.reader(stream))
    sheet = CalamineWorkbook.from_path(str(out / "results.xlsx")).get_sheet_by_index(0).to_python()
    assert commas[0] == sheet[0] == [column.heading for column in COLUMNS]
    assert (len(commas), len(sheet), table.num_rows) == (4, 4, 3)
    place = {column.code: at for at, column in enumerate(COLUMNS)}
    assert sheet[1][place["score"]] == first["score"] == float(commas[1][place["score"]])
    for code in ("transcript_id", "agent", "agent_name", "channel", "request"):
        assert sheet[1][place[code]] == first[code]
        assert commas[1][place[code]] == f"'{first[code]}"
    assert not any(cell[:1] in "=+-@\t\r" for row in commas for cell in row if cell)


def test_the_columns_are_told() -> None:
    """R176: the schema of the exports stands in the README, column by column."""
    told = (ROOT / "nlp/README.md").read_text(encoding="utf-8")
    for column in COLUMNS:
        assert f"| `{column.code}` | {column.heading} |" in told


def test_unwanted_files_of_an_earlier_run_are_gone(tmp_path: Path) -> None:
    """A folder holds no table of results that are no longer its own."""
    path, out = source(tmp_path / "a.jsonl"), tmp_path / "out"
    score_files([path], out, Setting(rules_only=True), workers=1, formats=("csv",))
    assert (out / "results.csv").is_file()
    score_files([path], out, Setting(rules_only=True), workers=1)
    assert not (out / "results.csv").exists()


def result(identity: str, grade: str, score: float, version: str, **items: str) -> dict[str, Any]:
    rows = [{"code": code, "name": code.upper(), "result": told} for code, told in items.items()]
    form = {"code": "standard", "version": version}
    return {"transcript_id": identity, "form": form, "grade": grade, "score": score, "items": rows}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


OLD = (
    result("t1", "A", 100, "1", rude="pass", slow="pass"),
    result("t2", "B", 85, "1", rude="fail", slow="pass"),
    result("t3", "A", 95, "1", rude="pass", slow="na"),
    result("gone", "A", 100, "1", rude="pass"),
)
NEW = (
    result("t3", "A", 95, "2", rude="pass", slow="na"),
    result("t1", "B", 80, "2", rude="fail", slow="pass"),
    result("t2", "B", 90, "2", rude="fail", slow="fail", extra="pass"),
    result("new", "A", 100, "2", rude="pass"),
)


def test_a_changed_form_is_told_item_by_item(tmp_path: Path) -> None:
    """R104: the difference counts from → to for each item and names the transcripts whose grade changed."""
    found = difference(write(tmp_path / "a.jsonl", *OLD), write(tmp_path / "b.jsonl", *NEW))
    told = found.to_json()
    assert (told["compared"], told["only_old"], told["only_new"]) == (3, 1, 1)
    assert told["forms"] == {"old": ["standard 1"], "new": ["standard 2"]}
    assert told["mean"] == {"from": 93.33, "to": 88.33}
    assert [(one["code"], one["from"], one["to"], one["count"]) for one in told["items"]] == [
        ("extra", "none", "pass", 1), ("rude", "pass", "fail", 1), ("slow", "pass", "fail", 1)
    ]  # fmt: skip
    assert told["grades"] == [
        {"from": "A", "to": "A", "count": 1}, {"from": "A", "to": "B", "count": 1}, {"from": "B", "to": "B", "count": 1}
    ]  # fmt: skip
    assert [one["transcript_id"] for one in told["regraded"]] == ["t1"]
    write_difference(found, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "diff.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(told)
    )
    book = CalamineWorkbook.from_path(str(tmp_path / "out" / "diff.xlsx"))
    assert book.sheet_names == ["各项变化", "等级变化", "变了的会话"]
    assert book.get_sheet_by_index(2).to_python()[1] == ["t1", "A", "B", 100.0, 80.0, "RUDE：符合→扣分"]


def test_the_same_results_differ_in_nothing(tmp_path: Path) -> None:
    """Results set against themselves move nothing; a file of something else is refused."""
    path = write(tmp_path / "a.jsonl", *OLD)
    told = difference(path, path).to_json()
    assert (told["compared"], told["items"], told["regraded"]) == (4, [], [])
    with pytest.raises(ReadError, match="第 1 行"):
        difference(path, write(tmp_path / "b.jsonl", {"id": "x"}))


def test_an_item_of_which_only_the_points_moved_is_named() -> None:
    """Still failed, 5 points then 2: the item stands with its points, from → to."""
    item = {"code": "rude", "name": "粗鲁", "result": "fail", "points": 5.0}
    row = {
        "transcript_id": "t", "form": {"code": "s", "version": "1"}, "grade": "A", "score": 95.0, "items": [item]
    }  # fmt: skip
    found = Difference()
    compare(found, row, {**row, "score": 92.0, "items": [{**item, "points": 2.0}]})
    assert found.moved[0].points == {"rude": (5.0, 2.0)}
    assert found.repointed == {"rude": 1}
