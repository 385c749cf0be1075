"""zuoxi backup, zuoxi restore: one tar file with a manifest; a running service is not disturbed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts import site
from scripts.console import DATA, AsJson, Data, Failed, progress, say, tell

DATABASE = "zuoxi.db"
MANIFEST = "manifest.json"
FORMAT = 1


def backup(
    file: Annotated[Path, typer.Argument(help="备份文件，如 备份.tar；已存在时拒绝覆盖")],
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """备份数据目录：数据库（一致副本）、策略、模型、索引快照与设置，附清单与校验和。"""
    settings = site.settings_of(data)
    if settings.database_url is not None:
        raise Failed("数据库在目录之外：请用数据库自己的工具（如 pg_dump）备份它，并另存策略与设置文件")
    if not site.exists(settings):
        raise Failed(f"{data} 里没有站点")
    if file.exists():
        raise Failed(f"{file} 已存在：不覆盖，请换一个文件名")
    try:
        manifest = _write(file, data)
    except (OSError, sqlite3.Error) as error:
        raise Failed(f"备份没有完成：{error}") from None
    size = file.stat().st_size
    if as_json:
        tell({"file": str(file), "bytes": size, "files": len(manifest["files"])})
    else:
        say(f"已备份到 {file}：{len(manifest['files'])} 个文件，{size / 1e6:.1f} MB")


def _write(file: Path, data: Path) -> dict[str, Any]:
    """Snapshots and files first, the database last: a restored snapshot is then never newer than the database."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".part")
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as name, progress("备份") as advance:
        stage = Path(name)
        kept = list(_kept(data))
        for at, path in enumerate(kept):
            target = stage / path
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copy2(data / path, target)
            except FileNotFoundError:  # a snapshot that was replaced meanwhile; it is rebuilt after a restore
                continue
            advance(at, len(kept) + 1)
        with (
            closing(sqlite3.connect(data / DATABASE)) as one,
            closing(sqlite3.connect(stage / DATABASE)) as two,
        ):
            one.backup(two)
        manifest = _manifest(stage)
        try:
            with partial.open("wb") as raw:
                _pack(raw, stage, manifest)
                raw.flush()
                os.fsync(raw.fileno())
            partial.rename(file)
        finally:
            partial.unlink(missing_ok=True)
    return manifest


def _kept(data: Path) -> Iterator[Path]:
    """Files of the folder below it, without the live database, its older copies, unfinished files and vectors.

    Vectors of a slow encoder are made anew from the texts.
    """
    for path in sorted(data.rglob("*")):
        relative = path.relative_to(data)
        top = len(relative.parts) == 1
        own = top and path.name.startswith("zuoxi.") and path.suffix != ".toml"
        own = own or relative.parts[0] == "vectors"
        if path.is_file() and not path.is_symlink() and not own and path.suffix != ".part":
            yield relative


def _manifest(stage: Path) -> dict[str, Any]:
    from api.service import program_version

    files = {
        str(path.relative_to(stage)): {"sha256": _digest(path), "bytes": path.stat().st_size}
        for path in sorted(stage.rglob("*"))
        if path.is_file()
    }
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return {"format": FORMAT, "program": program_version(), "created": created, "files": files}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pack(raw: Any, stage: Path, manifest: dict[str, Any]) -> None:
    with tarfile.open(fileobj=raw, mode="w") as tar:
        content = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        head = tarfile.TarInfo(MANIFEST)
        head.size = len(content)
        tar.addfile(head, io.BytesIO(content))
        for name in manifest["files"]:
            tar.add(stage / name, arcname=name, recursive=False)


def restore(
    file: Annotated[Path, typer.Argument(help="zuoxi backup 写出的文件")],
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """把备份恢复到空的数据目录；逐个文件核对校验和，不覆盖已有内容。"""
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise Failed(f"{data} 不是空目录：不覆盖，请用 --data 指向新目录")
    try:
        manifest = _restore(file, data)
    except (OSError, tarfile.TarError, sqlite3.Error, ValueError, KeyError, TypeError) as error:
        raise Failed(f"{file} 不能恢复：{error}") from None
    if as_json:
        tell({"data": str(data), "files": len(manifest["files"]), "created": manifest["created"]})
    else:
        say(f"已恢复到 {data}：{len(manifest['files'])} 个文件，备份于 {manifest['created']}")


def _restore(file: Path, data: Path) -> dict[str, Any]:
    """Unpack inside the folder (it may be a mount of its own), check, then move up; the database comes last."""
    data.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(dir=data, prefix=".restoring-"))
    try:
        manifest = _unpack(file, stage)
        _check(stage, manifest)
        for path in sorted(stage.iterdir(), key=lambda path: path.name == DATABASE):
            path.rename(data / path.name)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return manifest


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    with tarfile.open(file, "r:") as tar:
        head = tar.next()
        content = tar.extractfile(head) if head is not None and head.name == MANIFEST else None
        if content is None:
            raise ValueError("不是坐席的备份（没有清单）")
        manifest: dict[str, Any] = json.loads(content.read())
        if manifest["format"] > FORMAT:
            raise ValueError("备份的格式比本程序新，请升级程序")
        for member in tar:
            if member.name in manifest["files"] and member.isfile():
                tar.extract(member, folder, filter="data")
    return manifest


def _check(folder: Path, manifest: dict[str, Any]) -> None:
    for name, stated in manifest["files"].items():
        path = folder / name
        if not path.is_file() or _digest(path) != stated["sha256"]:
            raise ValueError(f"文件 {name} 与清单不符，备份可能已损坏")
    with closing(sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True)) as database:
        verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        raise ValueError(f"数据库自检未通过：{verdict}")
