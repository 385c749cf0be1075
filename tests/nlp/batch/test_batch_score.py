"""Files scored in shards: nothing twice, nothing lost, whatever happens."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from nlp.batch import run as running
from nlp.batch.columns import safe_cell, write_csv
from nlp.batch.plan import Setting, plan
from nlp.batch.score import BusyError, score_files
from nlp.readers import ReadError
from scripts.drills.ray_kill import SCORING, below, command_of

ROOT = Path(__file__).parents[3]
RULES = Setting(rules_only=True)


def transcripts(path: Path, count: int, text: str = "没办法") -> Path:
    rows = [
        {
            "id": f"t{at}",
            "turns": [
                {"role": "customer", "text": f"=运费{at}谁出？"},
                {"role": "agent", "text": f"{text}{at}"},
            ],
            "agent": {"id": "A012", "team": "一组"},
            "started_at": "2026-11-03T10:00:00+08:00",
        }
        for at in range(count)
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_results_in_input_order_with_figures(tmp_path: Path) -> None:
    """Results keep the input's order, carry no time taken, and the summary counts them (R104)."""
    source = transcripts(tmp_path / "a.jsonl", 25)
    with source.open("a", encoding="utf-8") as stream:
        stream.write("{broken\n")
    seen: list[tuple[int, int | None]] = []
    summary = score_files(
        [source], tmp_path / "out", RULES, workers=1, rows=10, progress=lambda *at: seen.append(at)
    )
    results = lines(tmp_path / "out" / "results.jsonl")
    assert [row["transcript_id"] for row in results] == [f"t{at}" for at in range(25)]
    assert all("took_ms" not in row and row["versions"]["policy"] for row in results)
    assert len({row["id"] for row in results}) == 25
    assert results[0]["agent"]["id"] == "A012"
    assert (summary.total, summary.scored, summary.refused) == (26, 25, 1)
    assert summary.violations["forbidden_word"]["failed"] == 25
    assert summary.violations["forbidden_word"]["rate"] == 1.0
    assert json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(summary.to_json())
    )
    (problem,) = lines(tmp_path / "out" / "problems.jsonl")
    assert (problem["source"], problem["line"]) == ("a.jsonl", 26)
    assert seen[-1] == (26, 26)
    for row in results:
        for item in row["items"]:
            assert item["result"] != "fail" or item["evidence"]


def test_a_rerun_scores_nothing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished shards are skipped by digest; a changed line, form date or damaged shard is scored again."""
    source, out = transcripts(tmp_path / "a.jsonl", 30), tmp_path / "out"
    score_files([source], out, RULES, workers=1, rows=10)
    before = (out / "results.jsonl").read_bytes()
    scored: list[int] = []
    original = running.score_shard
    monkeypatch.setattr(running, "score_shard", lambda s, k: scored.append(s.number) or original(s, k))
    score_files([source], out, RULES, workers=1, rows=10)
    assert (scored, (out / "results.jsonl").read_bytes()) == ([], before)
    damaged = sorted((out / "shards").glob("*.jsonl"))[1]
    damaged.write_bytes(damaged.read_bytes()[:-5])
    score_files([source], out, RULES, workers=1, rows=10)
    assert (scored, (out / "results.jsonl").read_bytes()) == ([1], before)
    text = source.read_text(encoding="utf-8").replace("没办法29", "您好")
    source.write_text(text, encoding="utf-8")
    score_files([source], out, RULES, workers=1, rows=10)
    assert scored == [1, 2]
    score_files(
        [source], out, Setting(rules_only=True, as_of=datetime(2026, 12, 1, tzinfo=UTC)), workers=1, rows=10
    )
    assert scored == [1, 2, 0, 1, 2]
    assert len(list((out / "shards").iterdir())) == 6


KILLED = """
import sys, time
from pathlib import Path
from nlp.batch import run
from nlp.batch.plan import Setting
from nlp.batch.score import score_files
original = run.score_shard
def slow(shard, setting):
    for number, row in enumerate(original(shard, setting)):
        time.sleep(0.002)
        yield row
run.score_shard = slow
score_files([Path(sys.argv[1])], Path(sys.argv[2]), Setting(rules_only=True), workers=1, rows=20)
"""


def test_kill_9_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Killed half-way and run again, the results are those of one quiet run (R105)."""
    source, out = transcripts(tmp_path / "a.jsonl", 400), tmp_path / "out"
    shards = out / "shards"
    killed = 0
    for wanted in (3, 8, 14):
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(source), str(out)], cwd=ROOT)
        deadline = time.monotonic() + 60
        while child.poll() is None and time.monotonic() < deadline:
            if shards.is_dir() and len(list(shards.glob("*.done"))) >= wanted:
                break
            time.sleep(0.01)
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
            killed += 1
        child.wait()
    assert killed >= 2
    done = {path: path.stat().st_mtime_ns for path in shards.glob("*.done")}
    assert 0 < len(done) < 20
    score_files([source], out, RULES, workers=1, rows=20)
    assert all(path.stat().st_mtime_ns == at for path, at in done.items())
    score_files([source], tmp_path / "quiet", RULES, workers=1, rows=20)
    assert (out / "results.jsonl").read_bytes() == (tmp_path / "quiet" / "results.jsonl").read_bytes()
    assert {path.suffix for path in shards.iterdir()} == {".done", ".jsonl"}


def test_worker_processes_write_the_same(tmp_path: Path) -> None:
    """Two spawned workers give byte for byte what one process gives."""
    source = transcripts(tmp_path / "a.jsonl", 60)
    score_files([source], tmp_path / "one", RULES, workers=1, rows=10)
    score_files([source], tmp_path / "two", RULES, workers=2, rows=10)
    assert (tmp_path / "one" / "results.jsonl").read_bytes() == (
        tmp_path / "two" / "results.jsonl"
    ).read_bytes()


def test_ray_writes_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R104, R105: Ray, a worker of it killed, gives the same bytes, and workbook and table the same cells.

    Nothing is left at home.
    """
    pytest.importorskip("ray", reason="extra ray")
    parquet = pytest.importorskip("pyarrow.parquet", reason="extra parquet")
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    source = transcripts(tmp_path / "a.jsonl", 60)
    killed: list[int] = []

    def kill_one(done: int, _: int | None) -> None:
        workers = [one for one in below(os.getpid()) if command_of(one).startswith(SCORING)]
        if workers and not killed:
            killed.append(workers[0])
            os.kill(workers[0], signal.SIGKILL)

    tables = ("csv", "parquet")
    score_files([source], tmp_path / "one", RULES, workers=2, rows=10, formats=tables)
    score_files([source], tmp_path / "ray", RULES, "ray", 2, kill_one, rows=5, formats=tables)
    assert killed
    for name in ("results.jsonl", "results.csv", "summary.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "ray" / name).read_bytes()
    one, other = (parquet.read_table(tmp_path / out / "results.parquet") for out in ("one", "ray"))
    assert one.equals(other)
    books = [CalamineWorkbook.from_path(str(tmp_path / out / "results.xlsx")) for out in ("one", "ray")]
    assert len(books[0].get_sheet_by_index(0).to_python()) == 61
    assert books[0].get_sheet_by_index(0).to_python() == books[1].get_sheet_by_index(0).to_python()
    assert list((tmp_path / "home").rglob("*token*")) == []


def test_shards_partition_the_input(tmp_path: Path) -> None:
    """Every line is in exactly one shard, in order, whatever the shard's size."""
    source = transcripts(tmp_path / "a.jsonl", 23)
    for rows in (1, 7, 23, 100):
        shards = list(plan([source, source], "basis", rows))
        assert [row.line for shard in shards for row in shard.rows] == [*range(1, 24), *range(1, 24)]
        assert len({shard.name for shard in shards}) == len(shards)


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    """A folder that is being written refuses a second run."""
    source, out = transcripts(tmp_path / "a.jsonl", 20), tmp_path / "out"

    def again(done: int, total: int | None) -> None:
        if total is None or done < 20:
            with pytest.raises(BusyError):
                score_files([source], out, RULES, workers=1, rows=5)

    score_files([source], out, RULES, workers=1, rows=5, progress=again)
    with pytest.raises(ReadError):
        score_files([tmp_path / "none.jsonl"], out, RULES, workers=1)


def test_sheets_hold_no_formula(tmp_path: Path) -> None:
    """Cells that begin like formulas stay text in XLSX and get an apostrophe in CSV (X8)."""
    out = tmp_path / "out"
    score_files([transcripts(tmp_path / "a.jsonl", 3)], out, RULES, workers=1)
    rows = CalamineWorkbook.from_path(str(out / "results.xlsx")).get_sheet_by_index(0).to_python()
    assert rows[0][1] == "会话编号"
    assert rows[1][11] == "=运费0谁出？"
    stream = io.StringIO()
    write_csv(lines(out / "results.jsonl"), stream)
    table = list(csv.reader(io.StringIO(stream.getvalue())))
    assert table[1][11] == "'=运费0谁出？"
    assert [safe_cell(start + "1")[0] for start in "=+-@\t\r"] == ["'"] * 6
    assert safe_cell("好") == "好"
