"""zuoxi doctor: what is well, what is not, and what to do about it."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from scripts import site
from scripts.console import DATA, AsJson, Data, Failed, progress, table, tell

if TYPE_CHECKING:
    from api.settings import Settings

State = Literal["ok", "warn", "fail"]
PACKAGES = (
    *("fastapi", "uvicorn", "uvloop", "httptools", "sqlalchemy", "pydantic_settings", "structlog"),
    *("numpy", "scipy", "sklearn", "faiss", "safetensors", "tokenizers", "onnxruntime"),
    *("jieba", "rjieba", "opencc", "pypinyin", "ahocorasick_rs", "re2", "python_calamine", "xlsxwriter"),
)
TASKS = {
    "encoder": "只能按关键词检索",
    "intent": "只能按规则分单",
    "sentiment": "情感只用词表",
    "emotion": "情绪只用词表",
    "alarm": "安全、法律等底线只靠规则",
    "wording": "质检只按词语规则，漏检会多",
    "stage": "服务步骤只按词语规则判断",
    "distress": "客户情绪是否明显只按情绪模型与词语判断",
}
FREE_MB = 500
SIGNS = {"ok": "正常", "warn": "提醒", "fail": "故障"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `advice` says what to do when it is not well."""

    name: str
    state: State
    found: str
    advice: str = ""


def doctor(
    data: Data = DATA,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="要检查的端口")] = 8000,
    as_json: AsJson = False,
) -> None:
    """体检：程序、模型、数据目录、端口、字体；有故障时退出码为 1，每一项都说明怎么办。"""
    parts: tuple[Callable[[], Iterator[Check]], ...] = (
        _python,
        _packages,
        lambda: _models(data),
        lambda: _policy(data / "policy"),
        lambda: _folder(data),
        lambda: _database(data),
        lambda: _snapshots(data),
        lambda: _port(port),
        _surroundings,
    )
    checks: list[Check] = []
    with progress("体检") as advance:
        for at, part in enumerate(parts):
            advance(at, len(parts))
            checks += part()
    if as_json:
        shown = [{"name": c.name, "state": c.state, "found": c.found, "advice": c.advice} for c in checks]
        tell({"ok": all(check.state != "fail" for check in checks), "checks": shown})
    else:
        rows = [(SIGNS[check.state], check.name, check.found, check.advice) for check in checks]
        table(("", "项目", "情况", "怎么办"), rows)
    if any(check.state == "fail" for check in checks):
        raise typer.Exit(1)


def _python() -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    well = sys.version_info >= (3, 11)
    yield Check("Python", "ok" if well else "fail", version, "" if well else "需要 Python 3.11 或更新")


def _packages() -> Iterator[Check]:
    missing: list[str] = []
    for name in PACKAGES:
        try:
            importlib.import_module(name)
        except Exception as error:
            missing.append(f"{name}（{type(error).__name__}）")
    if missing:
        yield Check("依赖包", "fail", "缺少或不能载入：" + "、".join(missing), "运行 make run 重新安装")
    else:
        yield Check("依赖包", "ok", f"{len(PACKAGES)} 个都能载入")


def _models(data: Path) -> Iterator[Check]:
    from nlp import artefacts

    try:
        settings = site.settings_of(data)
    except Failed as error:
        yield Check("设置", "fail", str(error), f"修改 {data / 'zuoxi.toml'} 或环境变量")
        return
    yield Check("设置", "ok", f"发布方式 {settings.publishing}，时区 {settings.timezone}")
    for task, without in TASKS.items():
        version = settings.encoder if task == "encoder" else None
        try:
            found = artefacts.find(task, settings.models, version=version)
        except (artefacts.ArtefactError, OSError) as error:
            yield Check(f"模型 {task}", "fail", str(error), f"从发布包恢复 models/；在此之前{without}")
        else:
            yield Check(f"模型 {task}", "ok", f"{found.version}，校验和一致")
            if task == "encoder":
                yield _encoder(settings)


def _encoder(settings: Settings) -> Check:
    """Whether the encoder computes, how fast, and whether the indexes on disk are its own."""
    from api.loading import encoding_of
    from nlp.artefacts import ArtefactError

    try:
        encoding = encoding_of(settings.models, settings.encoder, settings.encoder_threads, settings.waiting)
    except (ArtefactError, ValueError, OSError) as error:
        return Check("句向量", "fail", str(error), "换一个 encoder，或重新转换该模型")
    name, slow = encoding.encoder.version, encoding.slow
    encoding.close()
    told = f"{name}，{encoding.encoder.dim} 维，每条 {encoding.single_ms:.2f} 毫秒"
    root = settings.data / "snapshots"
    others = [path.name for path in sorted(root.glob("*")) if _made_by(path) not in ("", encoding.identity)]
    if others:
        return Check(
            "句向量", "warn", f"{told}；{'、'.join(others)} 的索引是另一个模型做的", "无需处理：启动时重建"
        )
    return Check("句向量", "ok", told + ("，并发请求合并计算" if slow else ""))


def _made_by(tenant: Path) -> str:
    """The encoder whose vectors a tenant's newest snapshot holds; "" where there are none."""
    from kb import snapshot

    try:
        folder = snapshot.current(tenant)
        stated = {} if folder is None else json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return str(stated.get("encoder", ""))
    except (snapshot.SnapshotError, ValueError, OSError):
        return ""  # told with the snapshots


def _policy(folder: Path) -> Iterator[Check]:
    from scripts import policies

    broken: tuple[type[Exception], ...] = (*policies.unusable(), OSError)
    try:
        version = policies.check(folder)
    except broken as error:
        yield Check("策略", "fail", str(error), "按提示修改该文件，或移走它以使用自带的策略")
        return
    unknown = policies.strangers(folder)
    if unknown:
        names = "、".join(f"{name}.toml" for name in policies.names())
        yield Check("策略", "warn", f"不会被读取：{'、'.join(unknown)}", f"改名为其中之一：{names}")
    else:
        yield Check("策略", "ok", f"版本 {version}")


def _folder(data: Path) -> Iterator[Check]:
    there = data
    while not there.exists():
        there = there.resolve().parent
    if not there.is_dir():
        yield Check("数据目录", "fail", f"{there} 不是目录", "用 --data 指向一个目录")
        return
    if not os.access(there, os.W_OK | os.X_OK):
        yield Check("数据目录", "fail", f"{there} 不可写", f"chown 或 chmod {there}，或用 --data 换一个目录")
    else:
        yield Check("数据目录", "ok", f"{data} {'可写' if there == data else '尚未建立，可以新建'}")
    free = shutil.disk_usage(there).free / 1e6
    low = free < FREE_MB
    advice = f"清理磁盘：少于 {FREE_MB} MB 时写入可能失败" if low else ""
    yield Check(
        "磁盘空间", "fail" if free < 50 else "warn" if low else "ok", f"剩余 {free / 1000:.1f} GB", advice
    )


def _database(data: Path) -> Iterator[Check]:
    path = data / "zuoxi.db"
    if not path.is_file():
        yield Check(
            "数据库", "warn", "还没有站点", f"zuoxi demo --data {data} 或 zuoxi kb import 文件 --data {data}"
        )
        return
    from api.store.migrations import STEPS

    advice = "停止服务，用 zuoxi restore 从备份恢复到新目录"
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
            verdict = str(database.execute("PRAGMA integrity_check").fetchone()[0])
            row = database.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    except sqlite3.Error as error:
        yield Check("数据库", "fail", f"打不开：{error}", advice)
        return
    yield Check(
        "数据库",
        "ok" if verdict == "ok" else "fail",
        f"自检：{verdict[:80]}",
        "" if verdict == "ok" else advice,
    )
    version = int(row[0]) if row else 0
    if version > len(STEPS):
        yield Check("数据库版本", "fail", f"{version}，程序只支持到 {len(STEPS)}", "升级程序")
    elif version < len(STEPS):
        yield Check("数据库版本", "warn", f"{version}，程序为 {len(STEPS)}", "下次启动会先备份再升级")
    else:
        yield Check("数据库版本", "ok", str(version))


def _snapshots(data: Path) -> Iterator[Check]:
    from kb import snapshot

    root = data / "snapshots"
    advice = "无需处理：启动时从数据库重建"
    for tenant in sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else ():
        name = f"索引快照 {tenant.name}"
        try:
            folder = snapshot.current(tenant)
            release = None if folder is None else snapshot.load(folder).release
        except (snapshot.SnapshotError, ValueError, KeyError, OSError) as error:
            yield Check(name, "warn", str(error), advice)
        else:
            yield Check(
                name,
                "ok" if release else "warn",
                f"{release}，校验和一致" if release else "没有",
                "" if release else advice,
            )


def _port(port: int) -> Iterator[Check]:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            yield Check("端口", "warn", f"{port} 被占用", "若不是本服务在用，换一个 --port")
        else:
            yield Check("端口", "ok", f"{port} 空闲")


def _surroundings() -> Iterator[Check]:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    yield Check("浏览器（仅供参考）", "ok", browser or "本机没有；页面可从别的机器打开")
    folders = (Path("/usr/share/fonts"), Path.home() / ".fonts", Path.home() / ".local/share/fonts")
    names = ("*CJK*", "*wqy*", "*SourceHan*", "*PingFang*")
    fonts = any(next(folder.rglob(name), None) for folder in folders if folder.is_dir() for name in names)
    yield Check("中文字体（仅供参考）", "ok", "有" if fonts else "没有；只影响在本机打印报表")
