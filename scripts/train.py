"""zuoxi train: the shipped models again, or a site's own classifier from its own labelled texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.console import AsJson, group, progress, say, tell
from scripts.train_labels import register
from scripts.train_rows import Asked
from scripts.train_site import told, train

app = group("训练：重做随程序发布的模型，或用站点自己的标注训练分类器")
PUBLIC = Path("../shared/data")
MOODS = "negative、neutral、positive"
TASKS = {
    "intent": "训练意图分类：缺省用演示工单，或用自己的工单（文本、类别两列）；不差于在用的才启用。",
    "sentiment": f"训练情感分类：缺省用公开数据，或用自己的标注（{MOODS}）；不差于在用的才启用。",
    "emotion": "训练情绪分类：缺省用公开数据，或用自己的标注；不差于在用的才启用。",
}

Source = Annotated[
    str | None,
    typer.Option("--data", help="公开数据目录，或自己的标注文件（csv、jsonl、xlsx；- 为标准输入）"),
]
Models = Annotated[Path | None, typer.Option("--models", help="写到这个模型目录")]
Version = Annotated[str | None, typer.Option("--version", help="版本名")]
Test = Annotated[
    str | None, typer.Option("--test", help="站点自己的测试文件；缺省从第一次的数据里留出一份并冻结")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="随机种子：同样的数据与种子得到同样的权重")]
Share = Annotated[float, typer.Option("--test-share", min=0.01, max=0.5, help="第一次留作冻结测试的比例")]
Tolerance = Annotated[float, typer.Option("--tolerance", min=0, max=1, help="宏平均 F1 至多可降多少")]
Drop = Annotated[float, typer.Option("--label-drop", min=0, max=1, help="单个类别的 F1 至多可降多少")]
Least = Annotated[int, typer.Option("--label-rows", min=1, help="测试有这么多行的类别才单独看")]


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

    with told(), progress("训练") as advance:
        from nlp.train.encoder import train as recipe

        folder = recipe(
            Path(source) if source else PUBLIC,
            models or models_root(),
            epochs=epochs,
            seed=seed,
            version=version or f"static-{datetime.now(UTC):%Y%m%d}",
            progress=lambda _, done, total, __: advance(done, total),
        )
    _done({"task": "encoder", "version": folder.name, "folder": str(folder)}, as_json)


def _command(task: str) -> Callable[..., None]:
    """The command of a classifier: the public recipe for a folder or no data, the site's own training for a file."""

    def command(
        source: Source = None,
        models: Models = None,
        version: Version = None,
        test: Test = None,
        seed: Seed = 0,
        share: Share = 0.1,
        tolerance: Tolerance = 0.01,
        drop: Drop = 0.1,
        least: Least = 10,
        as_json: AsJson = False,
    ) -> None:
        if source is None or Path(source).is_dir():
            _public(task, source, models, version, as_json)
        else:
            asked = Asked(source, models, version, test, seed, share, tolerance, drop, least)
            train(task, asked, as_json)

    return command


for _task, _about in TASKS.items():
    _example = f"例：zuoxi train {_task} --data {'工单.xlsx' if _task == 'intent' else '标注.csv'}"
    app.command(_task, help=_about, epilog=_example)(_command(_task))


register(app)


def _public(task: str, source: str | None, models: Path | None, version: str | None, as_json: bool) -> None:
    from nlp.artefacts import models_root

    root, name = models or models_root(), version or f"{datetime.now(UTC):%Y%m%d}"
    with told(), progress("训练"):
        made = _recipe(task, Path(source) if source else PUBLIC, name, root)
    folder = str(made.artefact.folder)
    _done({"task": task, "version": name, "folder": folder, "figures": dict(made.figures)}, as_json)


def _recipe(task: str, data: Path, version: str, root: Path) -> Any:
    if task == "intent":
        from nlp.train.intent import train as own

        return own(version, root)
    if task == "sentiment":
        from nlp.train.sentiment import train as recipe
    else:
        from nlp.train.emotion import train as recipe
    return recipe(data, version, root)


def _done(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        tell(told)
        return
    say(f"已写入 {told['folder']}")
    for name, value in told.get("figures", {}).items():
        say(f"  {name}: {value}")
