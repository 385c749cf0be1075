"""zuoxi evaluate: the figures of the shipped models, or of a head fitted first, on anyone's labelled data."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.console import STDIN, AsJson, Failed, Misused, given_bytes, group, note, progress, table, tell

app = group("评测：在任何标注数据上复算各项指标")
Labelled = Annotated[
    Path,
    typer.Option("--data", help="标注数据（.jsonl，可为 .gz 或 .xz；- 为标准输入；retrieval 为 BEIR 目录）"),
]
Train = Annotated[
    Path | None, typer.Option("--train", help="先用此文件训练任务自带的分类头；与评测重复的行会去掉")
]
Folds = Annotated[
    int | None, typer.Option("--folds", min=2, max=50, help="在 --data 上交叉验证的折数（按文本或会话分组）")
]
Holdout = Annotated[
    float | None, typer.Option("--holdout", min=0.01, max=0.9, help="留出此比例评测，其余训练")
]
Seed = Annotated[int, typer.Option("--seed", help="划分与训练的随机种子")]
EncoderVersion = Annotated[
    str | None, typer.Option("--encoder", help="句向量的版本（只用于 pairs 与 retrieval）；缺省为现用的")
]
Noise = Annotated[
    float,
    typer.Option(
        "--noise", min=0.0, max=0.5, help="只用于 retrieval：再按此比例加错字、同音字、繁体各测一遍，给出损失"
    ),
]
WITH_ENCODER = frozenset({"pairs", "retrieval"})

ABOUT = {
    "pairs": (
        "句对相似度：Spearman 与 AP；对照为 TF-IDF 余弦",
        "例：zuoxi evaluate pairs --data ../shared/data/pairs/lcqmc.dev.jsonl.xz --json",
    ),
    "retrieval": (
        "检索：混合、各路索引与 BM25 的 nDCG、MRR、召回",
        "例：zuoxi evaluate retrieval --data 目录 --json",
    ),
    "classify": (
        "分类：准确率、宏平均 F1、ECE、95% 精度下的覆盖率；对照为同样行上训练的字 SVM",
        "例：zuoxi evaluate classify --data cic.dev.jsonl.xz --train cic.train.jsonl.xz",
    ),
    "sentiment": (
        "情感：准确率与宏平均 F1；0/1 标签时去掉中性并归一",
        "例：zuoxi evaluate sentiment --data 评价.jsonl",
    ),
    "emotion": ("情绪：准确率与宏平均 F1", "例：zuoxi evaluate emotion --data 微博.jsonl.gz --json"),
    "satisfaction": (
        "话轮满意度：准确率、宏平均 F1、UAR",
        "例：zuoxi evaluate satisfaction --data uss.jsonl --folds 5",
    ),
    "quality": (
        "对话质量 A、S、E 的分布：RSNOD 与 NMD",
        "例：zuoxi evaluate quality --data stc3.jsonl.xz --folds 5",
    ),
}


def _command(task: str) -> Callable[..., None]:
    def run(
        data: Labelled,
        train: Train = None,
        folds: Folds = None,
        holdout: Holdout = None,
        seed: Seed = 0,
        encoder: EncoderVersion = None,
        noise: Noise = 0.0,
        as_json: AsJson = False,
    ) -> None:
        with _readable(data) as path:
            figures = measured(task, path, train, folds, holdout, seed, encoder, noise)
        if as_json:
            tell(figures)
        else:
            table(
                ("指标", task),
                [(name, f"{value:.4f}".rstrip("0").rstrip(".")) for name, value in figures.items()],
            )

    run.__doc__ = ABOUT[task][0]
    return run


@contextmanager
def _readable(data: Path) -> Iterator[Path]:
    """The file itself, or what standard input holds as a file of its own."""
    if str(data) != STDIN:
        yield data
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdin.jsonl"
        path.write_bytes(given_bytes(STDIN))
        yield path


def measured(
    task: str,
    data: Path,
    train: Path | None = None,
    folds: int | None = None,
    holdout: float | None = None,
    seed: int = 0,
    encoder: str | None = None,
    noise: float = 0.0,
) -> dict[str, float]:
    """The flat object of figures of a task. Raises Misused (labels unknown, options that exclude each other)."""
    if sum(option is not None for option in (train, folds, holdout)) > 1:
        raise Misused("--train、--folds、--holdout 只能用一个")
    if encoder is not None and task not in WITH_ENCODER:
        raise Misused("--encoder 只用于 pairs 与 retrieval")
    if noise and task != "retrieval":
        raise Misused("--noise 只用于 retrieval")
    from nlp.artefacts import ArtefactError
    from nlp.evaluate.rows import RowsError
    from nlp.head import HeadError
    from scripts import evaluation
    from scripts.evaluation_plan import Plan, UnusablePlan

    try:
        with progress(f"评测 {task}") as advance:
            found = evaluation.TASKS[task](Plan(data, train, folds, holdout, seed, encoder, noise), advance)
            return {name: round(float(value), 6) for name, value in found.items()}
    except UnusablePlan as error:
        raise Misused(str(error)) from None
    except (RowsError, ArtefactError, HeadError, OSError, ValueError) as error:
        raise Failed(str(error)) from None


for _task, (_, _example) in ABOUT.items():
    app.command(_task, epilog=_example)(_command(_task))


@app.command(epilog="例：zuoxi evaluate prepare ../shared/data/kb/tidb.sections.jsonl.xz --out /tmp/tidb")
def prepare(
    sections: Annotated[Path, typer.Argument(help="每行一段的文件，含 heading 与 text；- 为标准输入")],
    out: Annotated[Path, typer.Option("--out", help="写出的 BEIR 目录")],
    titles: Annotated[bool, typer.Option("--titles", help="把文档标题放进段落的标题栏")] = False,
    as_json: AsJson = False,
) -> None:
    """由“标题→段落”文件生成检索评测目录。"""
    from nlp.evaluate.prepare import prepare as make
    from nlp.evaluate.rows import RowsError

    try:
        with progress("整理"), _readable(sections) as path:
            kept: dict[str, Any] = make(path, out, titles)
    except (RowsError, OSError) as error:
        raise Failed(str(error)) from None
    if as_json:
        tell({"out": str(out), **kept})
    else:
        note(f"{out}：{kept['documents']:.0f} 段，{kept['queries']:.0f} 个问题")
