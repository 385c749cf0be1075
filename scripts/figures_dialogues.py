"""Public dialogues scored from file to file, and what our scores have to do with what people said of them."""

from __future__ import annotations

import json
import lzma
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from nlp.evaluate.metrics import spearman
from scripts.figures_sets import Job
from scripts.figures_table import Line

TASK = "质检"
Value = Callable[[Mapping[str, Any]], float | None]


def _label(*names: str) -> Value:
    def value(row: Mapping[str, Any]) -> float | None:
        found: Any = row
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return None if found is None else float(found)

    return value


def _score(result: Mapping[str, Any]) -> float:
    return float(result["score"])


def _satisfaction(result: Mapping[str, Any]) -> float:
    return float(result["satisfaction"]["value"])


SETS: Mapping[str, tuple[tuple[str, Callable[[Mapping[str, Any]], float], Value], ...]] = {
    "jddc_sessions.train": (
        ("满意度与问过又问（repeat）的 Spearman", _satisfaction, _label("repeat")),
        ("得分与问过又问（repeat）的 Spearman", _score, _label("repeat")),
    ),
    "stc3.train": (
        ("得分与 A（解决）的 Spearman", _score, _label("quality", "A")),
        ("得分与 S（满意）的 Spearman", _score, _label("quality", "S")),
        ("得分与 E（有效）的 Spearman", _score, _label("quality", "E")),
        ("满意度与 S（满意）的 Spearman", _satisfaction, _label("quality", "S")),
    ),
    "uss_jddc.valid": (
        ("满意度与标注的 Spearman", _satisfaction, _label("satisfaction")),
        ("得分与标注的 Spearman", _score, _label("satisfaction")),
    ),
}
"""What is measured on each set: name, our value of a result, the people's of a dialogue."""


def dialogues(shared: Path) -> Iterator[Job]:
    """One job a set that is there."""
    for name in SETS:
        path = shared / "dialogue" / f"{name}.jsonl.xz"
        if path.is_file():
            yield partial(_measured, path, name)


def _measured(path: Path, name: str) -> list[Line]:
    from nlp.batch.score import score_files

    with lzma.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    with tempfile.TemporaryDirectory(prefix="zuoxi-figures-") as folder:
        summary = score_files([path], Path(folder), workers=1)
        results = [
            json.loads(line)
            for line in (Path(folder) / "results.jsonl").read_text(encoding="utf-8").splitlines()
        ]
    if [row["id"] for row in rows] != [result["transcript_id"] for result in results]:
        raise ValueError(f"{path.name}: {summary.refused} refused")
    data = f"{name}，{len(rows)} 份，标准表，文件到文件"
    found = [
        Line(TASK, data, "评出的比例", summary.scored / len(rows)),
        Line(TASK, data, "平均分", summary.mean or 0.0),
    ]
    for measure, ours, theirs in SETS[name]:
        pairs = [
            (ours(result), label)
            for row, result in zip(rows, results, strict=True)
            if (label := theirs(row)) is not None
        ]
        found.append(Line(TASK, data, measure, spearman([a for a, _ in pairs], [b for _, b in pairs])))
    return found
