"""zuoxi models: list, verify, and add a Hugging Face model once so that the service can use it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from scripts.console import AsJson, Failed, Misused, group, progress, say, table, tell

app = group("模型：列出、校验、转换并加入 Hugging Face 模型")
TASKS = ("encoder", "intent", "sentiment", "emotion", "alarm")
Root = Annotated[
    Path | None, typer.Option("--models", envvar="ZUOXI_MODELS", help="模型目录；缺省为随程序发布的 models/")
]


def _found(root: Path | None) -> list[dict[str, Any]]:
    from nlp import artefacts

    shown: list[dict[str, Any]] = []
    for manifest in sorted(artefacts.models_root(root).glob(f"*/*/{artefacts.MANIFEST}")):
        task, version = manifest.parts[-3], manifest.parts[-2]
        row: dict[str, Any] = {"task": task, "version": version, "current": False, "ok": True, "problem": ""}
        row["bytes"] = sum(path.stat().st_size for path in manifest.parent.iterdir() if path.is_file())
        try:
            row["current"] = artefacts.current(task, root) == version
            verified = artefacts.verify(manifest.parent)
            row |= {"kind": verified.kind, "created": verified.manifest["created"]}
        except (artefacts.ArtefactError, OSError) as error:
            row |= {"ok": False, "problem": str(error)}
        shown.append(row)
    return shown


@app.command("list", epilog="例：zuoxi models list --json")
def show(models: Root = None, as_json: AsJson = False) -> None:
    """列出模型目录里的版本与在用的版本。"""
    found = _found(models)
    if as_json:
        tell({"models": found})
        return
    rows = [
        (
            one["task"],
            one["version"],
            "在用" if one["current"] else "",
            one.get("kind", ""),
            f"{one['bytes'] / 1e6:.1f} MB",
            one["problem"],
        )
        for one in found
    ]
    table(("任务", "版本", "", "种类", "大小", "问题"), rows)


@app.command(epilog="例：zuoxi models verify --models ./models")
def verify(models: Root = None, as_json: AsJson = False) -> None:
    """核对每个模型的校验和；有不符时退出码为 1。"""
    found = _found(models)
    bad = [one for one in found if not one["ok"]]
    if as_json:
        tell({"ok": bool(found) and not bad, "models": found})
    else:
        for one in found:
            say(f"{'正常' if one['ok'] else '故障'}  {one['task']}/{one['version']}  {one['problem']}")
    if bad or not found:
        raise Failed("没有找到模型" if not found else f"{len(bad)} 个模型不能使用")


@app.command(epilog="例：zuoxi models add ./bge-small-zh-v1.5 --task encoder")
def add(
    source: Annotated[str, typer.Argument(help="Hugging Face 名称，或本地目录")],
    task: Annotated[str, typer.Option("--task", help="|".join(TASKS))] = "encoder",
    version: Annotated[str | None, typer.Option("--version", help="版本名；缺省由来源得出")] = None,
    int8: Annotated[bool, typer.Option("--int8", help="量化为 int8：更小更快，略失精度")] = False,
    licence: Annotated[str, typer.Option("--licence", help="记入清单的许可")] = "见模型来源",
    models: Root = None,
    as_json: AsJson = False,
) -> None:
    """把编码器或分类器转换一次（ONNX、分词器、清单、一致性检验）；需要可选依赖 train。"""
    if task not in TASKS:
        raise Misused(f"没有任务 {task}：可用 {'|'.join(TASKS)}")
    try:
        from nlp.train.add import add as convert
    except ImportError as error:
        raise Failed(f"需要可选依赖 train（pip install 'zuoxi[train]'）：缺少 {error.name}") from None
    from nlp import artefacts

    try:
        with progress("转换"):
            kind: Literal["encoder", "classifier"] = "encoder" if task == "encoder" else "classifier"
            made = convert(
                source,
                artefacts.models_root(models),
                kind,
                task=task,
                version=version,
                quantise=int8,
                licence=licence,
            )
    except (artefacts.ArtefactError, OSError, ValueError, RuntimeError) as error:
        raise Failed(f"没有加入：{error}") from None
    if as_json:
        tell({"task": made.task, "version": made.version, "folder": str(made.folder)})
        return
    say(f"已加入 {made.name}（{made.folder}）")
    if task == "encoder":
        say(f'让站点使用它：在 zuoxi.toml 里写 encoder = "{made.version}"（或设 ZUOXI_ENCODER），然后重启')
    else:
        say(f'让站点使用它：在模型目录的 current.toml 里写 {task} = "{made.version}"，然后重启')
