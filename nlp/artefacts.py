"""Find, verify and write `models/<task>/<version>/`: nothing reads a file whose digest was not checked.

A manifest says what the model is, when and from what it was made, and the SHA-256 of every file beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nlp.text import NORMALISER

MANIFEST = "manifest.json"
CURRENT = "current.toml"
ROOT_VARIABLE = "ZUOXI_MODELS"
_SUFFIXES = frozenset({".json", ".safetensors", ".onnx", ".md", ".txt"})
_REQUIRED = ("task", "version", "kind", "normaliser", "created", "files", "data", "figures")


class ArtefactError(RuntimeError):
    """A model that is absent or must not be used; the message ends with the next step."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """A verified model folder. `manifest` is the whole manifest."""

    task: str
    version: str
    kind: str
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.task}/{self.version}"

    def path(self, name: str) -> Path:
        """A file that the manifest lists. Raises ArtefactError for any other."""
        if name not in self.manifest["files"]:
            raise ArtefactError(f"模型 {self.name} 的清单中没有文件 {name}；请重新生成该模型")
        return self.folder / name

    def json(self, name: str) -> Any:
        return json.loads(self.path(name).read_text(encoding="utf-8"))


def models_root(root: Path | None = None) -> Path:
    """Folder of the models: the argument, else `ZUOXI_MODELS`, else `models/` beside the packages."""
    if root is not None:
        return root
    named = os.environ.get(ROOT_VARIABLE)
    return Path(named) if named else Path(__file__).resolve().parent.parent / "models"


def current(task: str, root: Path | None = None) -> str:
    """The version in use, as `current.toml` names it. Raises ArtefactError."""
    path = models_root(root) / CURRENT
    try:
        versions = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtefactError(f"找不到 {path}；请检查 {ROOT_VARIABLE}，或用 zuoxi train 生成模型") from None
    except tomllib.TOMLDecodeError as problem:
        raise ArtefactError(f"{path} 不是有效的 TOML：{problem}；请改正后重试") from None
    version = versions.get(task)
    if not isinstance(version, str):
        raise ArtefactError(f'{path} 没有写明 {task} 的版本；应为一行 {task} = "版本号"')
    return version


def find(task: str, root: Path | None = None, version: str | None = None) -> Artefact:
    """The current (or named) version of a task's model, verified. Raises ArtefactError."""
    return verify(models_root(root) / task / (version or current(task, root)))


def verify(folder: Path) -> Artefact:
    """Read a model folder's manifest and check every file against it. Raises ArtefactError."""
    manifest = _manifest(folder)
    name = f"{manifest['task']}/{manifest['version']}"
    if manifest["normaliser"] != NORMALISER:
        raise ArtefactError(
            f"模型 {name} 用的文本规范化版本是 {manifest['normaliser']}，本程序是 {NORMALISER}；请重新训练或更换模型"
        )
    listed = manifest["files"]
    strangers = sorted({path.name for path in folder.iterdir()} - set(listed) - {MANIFEST})
    if strangers:
        raise ArtefactError(f"模型 {name} 的目录里有清单之外的文件：{'、'.join(strangers[:3])}；请移走后重试")
    for file, stated in listed.items():
        _check(folder, name, file, stated)
    return Artefact(manifest["task"], manifest["version"], manifest["kind"], folder, manifest)


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtefactError(f"找不到模型清单 {path}；请用 zuoxi train 或 zuoxi models add 生成模型") from None
    except ValueError:
        raise ArtefactError(f"模型清单 {path} 已损坏；请从备份恢复或重新生成") from None
    missing = [name for name in _REQUIRED if not isinstance(manifest, dict) or name not in manifest]
    if missing:
        raise ArtefactError(f"模型清单 {path} 缺少字段 {'、'.join(missing)}；请重新生成该模型")
    return dict(manifest)


def _check(folder: Path, name: str, file: str, stated: Mapping[str, Any]) -> None:
    path = folder / file
    if path.parent != folder or path.suffix not in _SUFFIXES:
        raise ArtefactError(f"模型 {name} 含有不允许的文件 {file}；只接受 {'、'.join(sorted(_SUFFIXES))}")
    if not path.is_file() or path.is_symlink():
        raise ArtefactError(f"模型 {name} 缺少文件 {file}；请从备份恢复或重新生成")
    if path.stat().st_size != stated["bytes"] or sha256(path) != stated["sha256"]:
        raise ArtefactError(
            f"模型 {name} 的文件 {file} 与清单不符（可能已损坏或被改动）；请从备份恢复或重新生成"
        )


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(
    folder: Path,
    task: str,
    kind: str,
    data: Sequence[Mapping[str, Any]],
    figures: Mapping[str, float],
    created: datetime | None = None,
    **more: Any,
) -> Artefact:
    """Seal the files of `folder` (named after its version) with a manifest, then verify it.

    `data` lists `{"set","licence","rows"}`; `more` is kept as it is. Raises ArtefactError.
    """
    files = {
        path.name: {"sha256": sha256(path), "bytes": path.stat().st_size}
        for path in sorted(folder.iterdir())
        if path.name != MANIFEST
    }
    manifest = {
        "task": task,
        "version": folder.name,
        "kind": kind,
        "normaliser": NORMALISER,
        "created": (created or datetime.now(UTC)).isoformat(timespec="seconds"),
        "data": [dict(item) for item in data],
        "figures": dict(figures),
        **more,
        "files": files,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return verify(folder)
