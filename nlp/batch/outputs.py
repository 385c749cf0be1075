"""What a run leaves: results.jsonl, problems.jsonl, summary.json, results.xlsx; and a safe CSV."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from nlp.batch.run import json_line, write_durably

SHEET_ROWS = 100_000
"""Rows of a sheet; a program reads the JSON lines instead."""
_CELL = 32_000
_SHOWN_PROBLEMS = 100
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_HEADINGS = (
    "结果编号",
    "会话编号",
    "质检表",
    "得分",
    "等级",
    "一票否决",
    "满意度",
    "客服",
    "渠道",
    "类别",
    "扣分项",
    "诉求",
    "结果",
)


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of a run. `violations`: item code → failed, judged and the rate between them."""

    total: int
    scored: int
    refused: int
    veto: int
    mean: float | None
    grades: Mapping[str, int] = field(default_factory=dict)
    distribution: Mapping[str, int] = field(default_factory=dict)
    satisfaction: float | None = None
    violations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)
    problems: Sequence[Mapping[str, Any]] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def merged(folder: Path, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Rows of the shards in input order."""
    for name in names:
        with (folder / f"{name}.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


class _Tally:
    def __init__(self) -> None:
        self.scored = self.refused = self.veto = 0
        self.points = self.pleased = 0.0
        self.grades: Counter[str] = Counter()
        self.tens: Counter[int] = Counter()
        self.modes: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.judged: Counter[str] = Counter()
        self.names: dict[str, str] = {}
        self.problems: list[dict[str, Any]] = []

    def problem(self, problem: dict[str, Any]) -> None:
        self.refused += 1
        if len(self.problems) < _SHOWN_PROBLEMS:
            self.problems.append(problem)

    def result(self, row: Mapping[str, Any]) -> None:
        self.scored += 1
        self.veto += bool(row["veto"])
        self.points += row["score"]
        self.pleased += row["satisfaction"]["value"]
        self.grades[row["grade"]] += 1
        self.tens[min(int(row["score"] // 10), 9)] += 1
        self.modes[row["mode"]] += 1
        for item in row["items"]:
            self.names[item["code"]] = item["name"]
            if item["result"] != "na":
                self.judged[item["code"]] += 1
                self.failed[item["code"]] += item["result"] == "fail"

    def summary(self) -> Summary:
        violations = {
            code: {
                "name": self.names[code],
                "failed": self.failed[code],
                "judged": self.judged[code],
                "rate": round(self.failed[code] / self.judged[code], 4) if self.judged[code] else None,
            }
            for code in self.names
        }
        return Summary(
            total=self.scored + self.refused,
            scored=self.scored,
            refused=self.refused,
            veto=self.veto,
            mean=round(self.points / self.scored, 2) if self.scored else None,
            grades=dict(sorted(self.grades.items())),
            distribution={f"{ten * 10}-{ten * 10 + 10}": self.tens[ten] for ten in range(10)},
            satisfaction=round(self.pleased / self.scored, 3) if self.scored else None,
            violations=violations,
            modes=dict(self.modes),
            problems=tuple(self.problems),
        )


def write_outputs(rows: Iterable[dict[str, Any]], out: Path) -> Summary:
    """Write all files from merged rows, in one pass, and return the figures."""
    tally = _Tally()
    problems: list[bytes] = []
    sheet = _Sheet(out / "results.xlsx.tmp")

    def results() -> Iterator[bytes]:
        for row in rows:
            if "problem" in row:
                tally.problem(row["problem"])
                problems.append(json_line(row["problem"]))
                continue
            tally.result(row)
            sheet.add(row)
            yield json_line(row)

    write_durably(out / "results.jsonl", results())
    sheet.close()
    (out / "results.xlsx.tmp").replace(out / "results.xlsx")
    write_durably(out / "problems.jsonl", problems)
    summary = tally.summary()
    content = json.dumps(summary.to_json(), ensure_ascii=False, indent=2)
    write_durably(out / "summary.json", [content.encode("utf-8", "replace"), b"\n"])
    return summary


def cells_of(row: Mapping[str, Any]) -> list[str]:
    """One result as text cells, in the order of the headings."""
    failed = [f"{item['name']}：{item['reason']}" for item in row["items"] if item["result"] == "fail"]
    agent = row.get("agent") or {}
    return [
        row["id"],
        row["transcript_id"],
        f"{row['form']['code']} {row['form']['version']}",
        f"{row['score']:g}",
        row.get("grade_name") or row["grade"],
        "是" if row["veto"] else "否",
        f"{row['satisfaction']['value']:g}",
        agent.get("id") or "",
        row.get("channel") or "",
        row.get("category") or "",
        "；".join(failed),
        row["summary"]["request"],
        row["summary"]["outcome"],
    ]


class _Sheet:
    def __init__(self, path: Path) -> None:
        import xlsxwriter

        # Strings only: a cell that begins with "=" must stay text in every program.
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._sheet = self._book.add_worksheet("质检结果")
        self._next = 0
        self._write(_HEADINGS)

    def _write(self, cells: Sequence[str]) -> None:
        for column, cell in enumerate(cells):
            self._sheet.write_string(self._next, column, _printable(cell)[:_CELL])
        self._next += 1

    def add(self, row: Mapping[str, Any]) -> None:
        if self._next <= SHEET_ROWS:
            self._write(cells_of(row))
        elif self._next == SHEET_ROWS + 1:
            self._write([f"只列前 {SHEET_ROWS} 条，全部结果见 results.jsonl"])

    def close(self) -> None:
        self._book.close()


def _printable(text: str) -> str:
    return "".join(
        c
        for c in text
        if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: the dangerous beginnings get an apostrophe."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def write_csv(rows: Iterable[Mapping[str, Any]], stream: IO[str]) -> None:
    """Results as CSV with Chinese headings; open the stream with newline="" and utf-8-sig for spreadsheets."""
    writer = csv.writer(stream)
    writer.writerow(_HEADINGS)
    for row in rows:
        if "problem" not in row:
            writer.writerow([safe_cell(_printable(cell)) for cell in cells_of(row)])
