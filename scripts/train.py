"""zuoxi train: the shipped models again, or a site's own classifier from its own labelled texts."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.console import DATA, STDIN, AsJson, Failed, Misused, given_bytes, group, progress, say, tell

app = group("训练：重做随程序发布的模型，或用站点自己的标注训练分类器")
PUBLIC = Path("../shared/data")
TEXTS = ("text", "文本", "内容", "工单内容")
LABELS = ("label", "category", "标签", "类别", "分类")
ENOUGH = 20
"""Rows below which no classifier is worth fitting."""

Source = Annotated[
    str | None, typer.Option("--data", help="公开数据目录，或自己的标注文件（csv、jsonl；- 为标准输入）")
]
Models = Annotated[Path | None, typer.Option("--models", help="写到这个模型目录")]
Version = Annotated[str | None, typer.Option("--version", help="版本名")]


@contextmanager
def _told() -> Iterator[None]:
    """Failures of a recipe as failed commands; what a recipe prints goes to standard error."""
    from nlp.artefacts import ArtefactError
    from nlp.head import HeadError

    try:
        with redirect_stdout(sys.stderr):
            yield
    except ImportError as error:
        raise Failed(f"需要可选依赖 train（pip install 'zuoxi[train]'）：缺少 {error.name}") from None
    except (ArtefactError, HeadError, OSError, ValueError) as error:
        raise Failed(str(error)) from None


@app.command(epilog="例：zuoxi train encoder --data ../shared/data --models ./models --version static-2")
def encoder(
    source: Source = None,
    models: Models = None,
    version: Version = None,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="轮数")] = None,
    seed: Annotated[int, typer.Option("--seed", help="随机种子")] = 7,
    as_json: AsJson = False,
) -> None:
    """用公开数据训练句向量模型（需要可选依赖 train）。"""
    from nlp.artefacts import models_root

    with _told(), progress("训练") as advance:
        from nlp.train.encoder import train

        folder = train(
            Path(source) if source else PUBLIC,
            models or models_root(),
            epochs=epochs,
            seed=seed,
            version=version or f"static-{datetime.now(UTC):%Y%m%d}",
            progress=lambda _, done, total, __: advance(done, total),
        )
    _done({"task": "encoder", "version": folder.name, "folder": str(folder)}, as_json)


def _classifier(
    task: str, source: str | None, models: Path | None, version: str | None, as_json: bool
) -> None:
    if source is not None and not Path(source).is_dir():
        _own(task, source, models, version, as_json)
        return
    from nlp.artefacts import models_root

    root, name = models or models_root(), version or f"{datetime.now(UTC):%Y%m%d}"
    with _told(), progress("训练"):
        if task == "intent":
            from nlp.train.intent import train as recipe

            made = recipe(name, root)
        else:
            made = _recipe(task, Path(source) if source else PUBLIC, name, root)
    folder = str(made.artefact.folder)
    _done({"task": task, "version": name, "folder": folder, "figures": dict(made.figures)}, as_json)


def _recipe(task: str, data: Path, version: str, root: Path) -> Any:
    if task == "sentiment":
        from nlp.train.sentiment import train as recipe
    else:
        from nlp.train.emotion import train as recipe
    return recipe(data, version, root)


@app.command(epilog="例：zuoxi train intent --data 工单.csv --models ./data/models")
def intent(
    source: Source = None, models: Models = None, version: Version = None, as_json: AsJson = False
) -> None:
    """训练意图分类：缺省用演示工单，或用自己的工单（文本、类别两列）。"""
    _classifier("intent", source, models, version, as_json)


@app.command(epilog="例：zuoxi train sentiment --data ../shared/data")
def sentiment(
    source: Source = None, models: Models = None, version: Version = None, as_json: AsJson = False
) -> None:
    """训练情感分类：缺省用公开数据，或用自己的标注（negative、neutral、positive）。"""
    _classifier("sentiment", source, models, version, as_json)


@app.command(epilog="例：zuoxi train emotion --data ../shared/data")
def emotion(
    source: Source = None, models: Models = None, version: Version = None, as_json: AsJson = False
) -> None:
    """训练情绪分类：缺省用公开数据，或用自己的标注。"""
    _classifier("emotion", source, models, version, as_json)


def read_labelled(name: str, content: bytes) -> tuple[list[str], list[str]]:
    """Texts and labels of a CSV or JSON lines file. Raises Misused naming the column that is missing."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", errors="replace")
    rows: list[dict[str, Any]]
    if text.lstrip().startswith("{"):
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    else:
        rows = list(csv.DictReader(io.StringIO(text)))
    heads = set(rows[0]) if rows else set()
    columns = [next((one for one in names if one in heads), None) for names in (TEXTS, LABELS)]
    if None in columns:
        raise Misused(f"{name} 缺少列：需要 {'/'.join(TEXTS)} 之一与 {'/'.join(LABELS)} 之一")
    pairs = [
        (str(row.get(str(columns[0])) or "").strip(), str(row.get(str(columns[1])) or "").strip())
        for row in rows
    ]
    good = [(one, label) for one, label in pairs if one and label]
    return [one for one, _ in good], [label for _, label in good]


def _own(task: str, source: str, models: Path | None, version: str | None, as_json: bool) -> None:
    texts, labels = read_labelled(source, given_bytes(source))
    if len(texts) < ENOUGH:
        raise Failed(f"只有 {len(texts)} 行可用，至少需要 {ENOUGH} 行")
    name = version or f"own-{datetime.now(UTC):%Y%m%d}"
    root = _root(models or Path(os.environ.get("ZUOXI_DATA", DATA)) / "models")
    with _told(), progress("训练"):
        folder, figures = _fit(
            task, texts, labels, root / task / name, "标准输入" if source == STDIN else source
        )
    told = {"task": task, "version": name, "folder": str(folder), "rows": len(texts), "figures": figures}
    _done(told, as_json)
    if not as_json:
        say(f'让站点使用它：在 zuoxi.toml 里写 models = "{root}"（或设 ZUOXI_MODELS={root}），然后重启')


def _root(folder: Path) -> Path:
    """A models folder that is whole: one that is new gets the shipped models beside the own one."""
    from nlp.artefacts import CURRENT, models_root

    if not (folder / CURRENT).exists():
        shutil.copytree(models_root(), folder, dirs_exist_ok=True)
    return folder


def _fit(
    task: str, texts: list[str], labels: list[str], folder: Path, name: str
) -> tuple[Path, dict[str, float]]:
    from nlp.artefacts import write_manifest
    from nlp.classify import KIND, thresholds, write_head
    from nlp.evaluate.classify import figures
    from nlp.head import fit
    from scripts.evaluation import encoder as shipped

    vectors = shipped() if task == "intent" else None
    fitted = fit(texts, labels, encoder=vectors, version=f"{task}/{folder.name}")
    shutil.rmtree(folder, ignore_errors=True)
    write_head(folder, fitted.head, thresholds(fitted.unseen, labels, fitted.head.labels))
    best = [fitted.head.labels[at] for at in fitted.unseen.argmax(axis=1)]
    found = figures(labels, best, fitted.unseen.max(axis=1), prefix="cross-validated ")
    data = [{"set": name, "licence": "站点自有", "rows": len(texts)}]
    more: dict[str, Any] = {"encoder": vectors.version} if vectors is not None else {}
    lines = [f"# {task}/{folder.name}", "", f"由站点自己的 {len(texts)} 行标注训练；以下为折外指标。", ""]
    (folder / "card.md").write_text(
        "\n".join([*lines, *(f"- {k}: {v}" for k, v in found.items())]) + "\n", "utf-8"
    )
    write_manifest(folder, task, KIND, data, found, **more)
    _point(folder.parent.parent, task, folder.name)
    return folder, found


def _point(root: Path, task: str, version: str) -> None:
    from nlp.train.ship import make_current

    make_current(root, task, version)


def _done(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        tell(told)
        return
    say(f"已写入 {told['folder']}")
    for name, value in told.get("figures", {}).items():
        say(f"  {name}: {value}")
