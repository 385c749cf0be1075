"""zuoxi models: list, verify, switch and step back; add a Hugging Face model once so that the service can use it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from scripts import site
from scripts.console import DATA, AsJson, Data, Failed, Misused, group, note, progress, say, table, tell
from scripts.train_rows import site_folder
from scripts.train_site import told

app = group("模型：列出、校验、换用与退回，转换并加入 Hugging Face 模型")
TASKS = ("encoder", "intent", "sentiment", "emotion", "alarm", "wording", "stage", "distress")
Root = Annotated[
    Path | None,
    typer.Option(
        "--models", envvar="ZUOXI_MODELS", help="模型目录；缺省为站点设置的，再其次是随程序发布的 models/"
    ),
]
Task = Annotated[str, typer.Argument(help="|".join(TASKS))]
FIGURES = {"accuracy": "准确率", "macro_f1": "宏 F1"}


def _root(given: Path | None) -> Path:
    """The models folder that the site's service reads."""
    from nlp import artefacts

    return artefacts.models_root(given or site.settings_of(site_folder()).models)


def _found(given: Path | None) -> list[dict[str, Any]]:
    from nlp import artefacts, versions

    root = _root(given)
    past = {task: versions.past(root, task) for task in TASKS}
    shown: list[dict[str, Any]] = []
    for manifest in sorted(root.glob(f"*/*/{artefacts.MANIFEST}")):
        task, version = manifest.parts[-3], manifest.parts[-2]
        line = past.get(task, [])
        row: dict[str, Any] = {"task": task, "version": version, "ok": True, "problem": ""}
        row |= {"current": line[-1:] == [version], "previous": line[-2:-1] == [version]}
        row["bytes"] = sum(path.stat().st_size for path in manifest.parent.iterdir() if path.is_file())
        try:
            verified = artefacts.verify(manifest.parent)
            told = verified.manifest
            row |= {"kind": verified.kind, "created": told["created"], "figures": told["figures"]}
            row["decision"] = told.get("lineage", {}).get("decision")
        except (artefacts.ArtefactError, OSError) as error:
            row |= {"ok": False, "problem": str(error)}
        shown.append(row)
    return shown


def _figure(row: dict[str, Any], name: str) -> str:
    """A figure on rows not trained on: of a site's test, of the shipped model's held-out set, else across folds."""
    figures = row.get("figures", {})
    fits = [key for key in figures if key.endswith(f" {name}")]
    order = ("test ", "demo tickets.heldout ", "cross-validated ")
    chosen = next((key for start in order for key in fits if key == f"{start}{name}"), None)
    return "" if chosen is None else f"{figures[chosen]:.3f}"


def _state(row: dict[str, Any]) -> str:
    return "在用" if row["current"] else "上一版" if row["previous"] else ""


@app.command("list", epilog="例：zuoxi models list --json")
def show(models: Root = None, as_json: AsJson = False) -> None:
    """列出模型目录里的版本、日期、数字，哪个在用，哪个是上一版。"""
    found = _found(models)
    if as_json:
        tell({"models": found})
        return
    rows = [
        (
            one["task"],
            one["version"],
            _state(one) or ("没有启用" if one.get("decision") == "refused" else ""),
            one.get("created", "")[:16].replace("T", " "),
            *(_figure(one, name) for name in FIGURES),
            one.get("kind", ""),
            f"{one['bytes'] / 1e6:.1f} MB",
            one["problem"],
        )
        for one in found
    ]
    table(("任务", "版本", "", "日期", *FIGURES.values(), "种类", "大小", "问题"), rows)


@app.command(epilog="例：zuoxi models use intent own-20261122")
def use(
    task: Task,
    version: Annotated[str, typer.Argument(help="zuoxi models list 里的版本")],
    models: Root = None,
    as_json: AsJson = False,
) -> None:
    """换用一个版本：核对并试着打开之后，一步切换；服务重启后生效。"""
    from nlp import versions

    root = _existing(task, models)
    with told(), versions.changing(root):
        _opens(root, task, version)
        before = versions.use(root, task, version)
    _switched(root, task, version, before, as_json)


@app.command(epilog="例：zuoxi models rollback intent")
def rollback(task: Task, models: Root = None, as_json: AsJson = False) -> None:
    """退回上一版；可以一再退回。服务重启后生效。"""
    from nlp import versions

    root = _existing(task, models)
    with told(), versions.changing(root):
        version, before = versions.rollback(root, task)
    _switched(root, task, version, before, as_json)


def _existing(task: str, models: Path | None) -> Path:
    if task not in TASKS:
        raise Misused(f"没有任务 {task}：可用 {'|'.join(TASKS)}")
    root = _root(models)
    if not root.is_dir():
        raise Failed(f"没有模型目录 {root}：用 --models 指出，或先用 zuoxi train {task} --data 训练")
    return root


def _opens(root: Path, task: str, version: str) -> None:
    """Open the version as the service would, so that nothing is switched to that cannot serve."""
    from nlp import artefacts, versions
    from nlp.encode import load_encoder

    artefact = artefacts.find(task, root, version)
    if task == "encoder":
        load_encoder(artefact)
    else:
        versions.open_version(artefact)


def _switched(root: Path, task: str, version: str, before: str | None, as_json: bool) -> None:
    if as_json:
        tell({"task": task, "version": version, "before": before, "models": str(root)})
        return
    say(f"{task}：{before or '无'} → {version}（{root}）；正在运行的服务重启后生效")
    if task == "encoder":
        note("注意：服务重启时按新的句向量重建索引；分类器仍用各自训练时的句向量，不要删掉它")


@app.command(epilog="例：zuoxi models shadow --days 7")
def shadow(
    version: Annotated[str | None, typer.Option("--version", help="影子版本；缺省为设置里的 shadow")] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="看最近多少天")] = 30,
    tenant: Annotated[str, typer.Option("--tenant", help="租户")] = site.TENANT,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """影子模型与在用模型的一致率、常见分歧，以及人工改正过的工单谁对。"""
    from scripts.models_shadow import report

    report(data, tenant, version, days, as_json)


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
        say(f"让站点使用它：zuoxi models use {task} {made.version}，然后重启")
