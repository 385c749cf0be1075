"""Prints anew every figure of README's table: `python -m scripts.figures [--shared ../shared/data] [--only TASK]`.

Reads the public development splits where they are; a split that is absent keeps its line out of the table.
"""

from __future__ import annotations

import json
import lzma
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from scripts import baselines
from scripts.console import Failed, Misused, note, say
from scripts.evaluate import measured

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- figures:begin -->", "<!-- figures:end -->"
HEAD = ("任务", "数据", "怎么测", "指标", "本程序", "对照", "对照是什么")
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: our figure and a plain one."""

    task: str
    data: str
    how: str
    measure: str
    ours: float
    plain: float | None
    what: str

    def cells(self) -> tuple[str, ...]:
        plain = "" if self.plain is None else f"{self.plain:.3f}"
        return (self.task, self.data, self.how, self.measure, f"{self.ours:.3f}", plain, self.what)


PAIRS = ("atec.valid", "bq.dev", "lcqmc.dev", "afqmc.dev", "stsb.dev", "pawsx.dev", "covid.dev")
CHECKED = Path(__file__).parents[1] / "tests" / "models" / "cic_dev.checked.json"
"""Row numbers of intent/cic.dev and the labels that reading them gave; no text."""
FITTED = (
    ("classify", "intent/cic", "dev"),
    ("classify", "intent/tnews", "dev"),
    ("sentiment", "sentiment/chnsenticorp", "dev"),
    ("emotion", "sentiment/ewect_usual", "valid"),
    ("emotion", "sentiment/ewect_virus", "valid"),
)
SHIPPED = (
    ("sentiment", "sentiment/chnsenticorp.dev"),
    ("emotion", "sentiment/ewect_usual.valid"),
    ("emotion", "sentiment/ewect_virus.valid"),
)
SECTIONS = ("kb/tidb.sections",)
"""The encoder was not trained on these documents."""


def _file(shared: Path, name: str) -> Path:
    return shared / f"{name}.jsonl.xz"


def _pairs(shared: Path) -> Iterator[Line]:
    for name in PAIRS:
        path = _file(shared, f"pairs/{name}")
        if path.is_file():
            ours, plain = measured("pairs", path), baselines.pairs(path)
            yield Line(
                "句对", name, "随附句向量", "Spearman", ours["spearman"], plain["spearman"], "双字重合"
            )


def _retrieval(shared: Path) -> Iterator[Line]:
    from nlp.evaluate.prepare import prepare

    for name in SECTIONS:
        path = _file(shared, name)
        if not path.is_file():
            continue
        with tempfile.TemporaryDirectory() as folder:
            prepare(path, Path(folder))
            found = measured("retrieval", Path(folder))
        for measure, shown in (("ndcg@10", "nDCG@10"), ("recall@10", "召回@10")):
            yield Line(
                "检索", name, "混合检索", shown, found[measure], found[f"bm25:{measure}"], "BM25（字与双字）"
            )


def _fitted(shared: Path) -> Iterator[Line]:
    for task, name, split in FITTED:
        path, train = _file(shared, f"{name}.{split}"), _file(shared, f"{name}.train")
        if path.is_file() and train.is_file():
            ours, plain = measured(task, path, train=train), baselines.letters(train, path)
            for measure, shown in (("macro_f1", "宏平均 F1"), ("accuracy", "准确率")):
                how = "自带分类头，train 上训练"
                yield Line(
                    TASKS[task], f"{name}.{split}", how, shown, ours[measure], plain[measure], "字与双字 SVM"
                )


def _checked(shared: Path) -> Iterator[Line]:
    """CIC's development labels are noisy on purpose: the same head on rows whose label was put right by hand."""
    path, train = _file(shared, "intent/cic.dev"), _file(shared, "intent/cic.train")
    if not (path.is_file() and train.is_file() and CHECKED.is_file()):
        return
    labels = {int(row): label for row, label in json.loads(CHECKED.read_text(encoding="utf-8")).items()}
    with tempfile.TemporaryDirectory() as folder:
        right = Path(folder) / "cic.dev.checked.jsonl"
        with lzma.open(path, "rt", encoding="utf-8") as lines, right.open("w", encoding="utf-8") as out:
            for row, line in enumerate(lines):
                if row in labels:
                    text = json.loads(line)["text"]
                    out.write(json.dumps({"text": text, "label": labels[row]}, ensure_ascii=False) + "\n")
        ours, plain = measured("classify", right, train=train), baselines.letters(train, right)
    for measure, shown in (("macro_f1", "宏平均 F1"), ("accuracy", "准确率")):
        how = f"自带分类头，train 上训练；{len(labels)} 行人工核对"
        yield Line("意图", "intent/cic.dev 核对", how, shown, ours[measure], plain[measure], "字与双字 SVM")


def _shipped(shared: Path) -> Iterator[Line]:
    for task, name in SHIPPED:
        path = _file(shared, name)
        if path.is_file():
            ours, plain = measured(task, path), baselines.majority(path)
            for measure, shown in (("macro_f1", "宏平均 F1"), ("accuracy", "准确率")):
                yield Line(
                    TASKS[task], name, "随附模型", shown, ours[measure], plain[measure], "总猜最多的一类"
                )


def _dialogues(shared: Path) -> Iterator[Line]:
    path = _file(shared, "dialogue/uss_jddc.valid")
    if path.is_file():
        found = measured("satisfaction", path, folds=5)
        for measure, shown in (("accuracy", "准确率"), ("macro_f1", "宏平均 F1"), ("uar", "UAR")):
            plain = {"accuracy": found["majority"], "uar": 1 / 3}.get(measure)
            yield Line(
                "满意度", "uss_jddc.valid", "五折，按会话", shown, found[measure], plain, "总猜最多的一档"
            )
    path = _file(shared, "dialogue/stc3.train")
    if path.is_file():
        found = measured("quality", path, folds=5)
        for measure in ("rsnod_a", "rsnod_s", "rsnod_e", "nmd_a", "nmd_s", "nmd_e"):
            name = measure.upper().replace("_", " ") + "（越小越好）"
            yield Line(
                "对话质量",
                "stc3.train",
                "五折，按会话",
                name,
                found[measure],
                found.get(f"{measure}_mean"),
                "平均分布",
            )


TASKS = {"classify": "意图", "sentiment": "情感", "emotion": "情绪"}
PARTS: dict[str, Callable[[Path], Iterator[Line]]] = {
    "pairs": _pairs,
    "retrieval": _retrieval,
    "fitted": _fitted,
    "shipped": _shipped,
    "dialogues": _dialogues,
}


def table(lines: Sequence[Line]) -> str:
    """The lines as a Markdown table."""
    rows = [HEAD, ("---",) * len(HEAD), *(line.cells() for line in lines)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def written(text: str, figures: str) -> str:
    """README with the figures between its markers. Raises Failed where there are none."""
    pattern = re.compile(re.escape(BEGIN) + r".*?" + re.escape(END), re.DOTALL)
    if not pattern.search(text):
        raise Failed(f"README.md 里没有标记 {BEGIN} 与 {END}")
    return pattern.sub(lambda _: f"{BEGIN}\n{figures}\n{END}", text)


def figures(
    shared: Annotated[Path, typer.Option("--shared", help="公开数据目录")] = Path("../shared/data"),
    only: Annotated[list[str] | None, typer.Option("--only", help="只算这些：" + "、".join(PARTS))] = None,
) -> None:
    """复算 README 里的指标表；给出 --only 时只打印，不写 README。"""
    if strangers := set(only or ()) - PARTS.keys():
        raise Misused(f"没有 {'、'.join(sorted(strangers))}：可用 {'、'.join(PARTS)}")
    lines: list[Line] = []
    for name in only or PARTS:
        for line in PARTS[name](shared):
            note(" ".join(line.cells()))
            lines.append(line)
    if not lines:
        raise Failed(f"{shared} 里没有可用的数据")
    text = table(lines)
    say(text)
    if only is None and README.is_file():
        stamp = f"{text}\n\n由 `make figures` 于 {datetime.now(UTC):%Y-%m-%d} 复算。"
        README.write_text(written(README.read_text(encoding="utf-8"), stamp), encoding="utf-8")


if __name__ == "__main__":
    try:
        typer.run(figures)
    except (Failed, Misused) as error:
        note(f"失败：{error}")
        sys.exit(2 if isinstance(error, Misused) else 1)
