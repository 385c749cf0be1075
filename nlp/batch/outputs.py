"""What a run leaves: results.jsonl, problems.jsonl, summary.json, results.xlsx; CSV and Parquet where wanted."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nlp.batch.columns import Book, cells_of, headings, write_csv, write_table
from nlp.batch.run import json_line, write_durably
from nlp.batch.tally import Summary, Tally

RESULTS, SHEET, TABLE, COMMAS = "results.jsonl", "results.xlsx", "results.parquet", "results.csv"
Line = tuple[bytes, dict[str, Any]]


def merged(folder: Path, names: Iterable[str]) -> Iterator[Line]:
    """Lines of the shards in input order, as written and as read."""
    for name in names:
        with (folder / f"{name}.jsonl").open("rb") as lines:
            for line in lines:
                yield line, json.loads(line)


def write_outputs(
    lines: Iterable[Line],
    out: Path,
    formats: Collection[str] = (),
    unread: Mapping[str, list[str]] | None = None,
) -> Summary:
    """Write all files from merged lines, in one pass, and return the figures; `formats`: csv, parquet."""
    tally = Tally()
    book = Book(out / "results.xlsx.tmp")
    sheet = book.sheet("质检结果", headings())
    beside = out / "problems.tmp"
    with beside.open("wb") as problems:

        def results() -> Iterator[bytes]:
            for line, row in lines:
                if "problem" in row:
                    tally.problem(row["problem"])
                    problems.write(json_line(row["problem"]))
                    continue
                tally.result(row)
                sheet.add(cells_of(row))
                yield line

        write_durably(out / RESULTS, results())
    book.close()
    (out / "results.xlsx.tmp").replace(out / SHEET)
    beside.replace(out / "problems.jsonl")
    summary = replace(tally.summary(), unread=unread or {})
    content = json.dumps(summary.to_json(), ensure_ascii=False, indent=2)
    write_durably(out / "summary.json", [content.encode("utf-8", "replace"), b"\n"])
    for form, name in (("csv", COMMAS), ("parquet", TABLE)):
        if form in formats:
            write_beside(out, name)
        else:
            (out / name).unlink(missing_ok=True)  # of an earlier run
    return summary


def write_beside(out: Path, name: str) -> Path:
    """Write the results again as CSV or Parquet beside themselves, by the file's name; returns its path."""
    beside = out / f"{name}.{os.getpid()}-{threading.get_ident()}.tmp"
    with (out / RESULTS).open(encoding="utf-8") as lines:
        rows = (json.loads(line) for line in lines)
        if name == TABLE:
            write_table(rows, beside)
        else:
            with beside.open("w", encoding="utf-8-sig", newline="") as stream:
                write_csv(rows, stream)
    beside.replace(out / name)
    return out / name
