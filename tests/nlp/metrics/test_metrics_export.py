"""Facts as tables: one row a fact, masked, no formula alive, the same cells in every format."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import python_calamine

from nlp.metrics import export
from nlp.metrics.observation import load_kinds
from tests.nlp.metrics.facts import fact

KIND = load_kinds().kinds["conversation"]
FACTS = [
    fact("conversation", id="c1", subject="t-1", customer="13812345678", score=88.5, veto=False, turns=7,
         failed=["rude", "closing"], quote="=HYPERLINK(\"x\") 打13912345678", mood={"a": 1}),
    fact("conversation", id="c2", subject="t-2", resolved=True),
]  # fmt: skip


def test_R176_a_row_is_a_conversation_and_the_schema_tells_its_columns(tmp_path: Path) -> None:
    """Two conversations, two rows; every column is in the schema, with type and title."""
    path = tmp_path / "a.csv"
    assert export.write("csv", path, KIND, FACTS) == 2
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    told = export.schema(KIND)["columns"]
    assert [one["name"] for one in told] == list(rows[0])
    assert all(one["type"] in ("text", "number", "whole", "flag") and one["title"] for one in told)
    first, second = rows
    assert (first["score"], first["veto"], first["turns"], first["failed"]) == (
        "88.5",
        "否",
        "7",
        "rude|closing",
    )
    assert (first["customer"], json.loads(first["more"])) == ("[手机号]", {"mood": {"a": 1}})
    assert (second["subject"], second["resolved"], second["score"]) == ("t-2", "是", "")


def test_R176_no_formula_is_alive_and_no_number_of_a_person(tmp_path: Path) -> None:
    """What begins like a formula is a text in every format, masked."""
    paths = {form: tmp_path / f"a.{form}" for form in ("csv", "xlsx", "jsonl")}
    for form, path in paths.items():
        export.write(form, path, KIND, FACTS)  # type: ignore[arg-type]
    with paths["csv"].open(encoding="utf-8-sig", newline="") as stream:
        assert next(csv.DictReader(stream))["quote"].startswith("'=")
    sheet = python_calamine.CalamineWorkbook.from_path(paths["xlsx"]).get_sheet_by_index(0).to_python()
    cells = dict(zip(sheet[0], sheet[1], strict=True))
    assert cells["客户原话（已脱敏）"] == '=HYPERLINK("x") 打[手机号]'
    assert (cells["质检得分"], cells["话轮数"]) == (88.5, 7)
    first = json.loads(paths["jsonl"].read_text(encoding="utf-8").splitlines()[0])
    assert (first["quote"], first["veto"], first["turns"]) == ('=HYPERLINK("x") 打[手机号]', False, 7)
    assert all(b"139123" not in path.read_bytes() for path in paths.values())


def test_R176_parquet_keeps_types(tmp_path: Path) -> None:
    """Numbers are numbers, flags are flags, what is missing is null."""
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    export.write("parquet", path, KIND, FACTS)
    rows = parquet.read_table(path).to_pylist()
    assert [(one["score"], one["turns"], one["veto"], one["resolved"]) for one in rows] == [
        (88.5, 7, False, None), (None, None, None, True),
    ]  # fmt: skip


def test_a_sheet_says_when_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather refused than cut."""
    monkeypatch.setattr(export, "SHEET_ROWS", 1)
    with pytest.raises(export.TooMany):
        export.write("xlsx", tmp_path / "a.xlsx", KIND, FACTS)
