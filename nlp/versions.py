"""Which version of a task's model is in use, which were before, and how one is put in another's place.

`current.toml` alone says what is in use. `history.jsonl` beside it remembers the order, so that a step back can be
taken again and again; a pointer that somebody edited by hand is believed and the history is cut or grown to fit.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from nlp.artefacts import CURRENT, Artefact, ArtefactError, current, find
from nlp.classify import ONNX_KIND, Classifier, OnnxClassifier, load_linear
from nlp.encode import Encoder, load_encoder

HISTORY = "history.jsonl"
LOCK = ".lock"
Why = Literal["train", "use", "rollback"]


class VersionError(ValueError):
    """A version that cannot be put in use; the message says why and what to do."""


@contextmanager
def changing(root: Path) -> Iterator[None]:
    """Hold the models folder for one writer. Raises VersionError while another command holds it."""
    with (root / LOCK).open("a", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise VersionError(f"另一个命令正在改动 {root}；请等它结束再试") from None
        yield


def replace_text(path: Path, text: str) -> None:
    """Put `text` in the file's place in one step: a reader sees the old text or the new one, never a part."""
    beside = path.with_name(f".{path.name}.part")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def point(root: Path, task: str, version: str) -> None:
    """Name the version in use, leaving the other lines of `current.toml` as they are."""
    path = root / CURRENT
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    mine, told = re.compile(rf"{re.escape(task)}\s*="), f'{task} = "{version}"'
    kept = [told if mine.match(line) else line for line in lines]
    replace_text(path, "\n".join(kept if told in kept else [*kept, told]) + "\n")


def in_use(root: Path, task: str) -> str | None:
    """The version in use; None where the folder names none."""
    try:
        return current(task, root)
    except ArtefactError:
        return None


def use(root: Path, task: str, version: str, why: Why = "use") -> str | None:
    """Put a verified version in use; the one before, None for none. Raises ArtefactError."""
    find(task, root, version)
    before = in_use(root, task)
    if version != before:
        point(root, task, version)
        _remember(root, task, before, version, why)
    return before


def rollback(root: Path, task: str) -> tuple[str, str]:
    """Go back to the version before; that one, and the one left. Raises VersionError, ArtefactError."""
    line = past(root, task)
    if len(line) < 2:
        raise VersionError(
            f"{task} 没有更早的版本可退；用 zuoxi models list 看有哪些，zuoxi models use 选一个"
        )
    left, back = line[-1], line[-2]
    use(root, task, back, "rollback")
    return back, left


def past(root: Path, task: str) -> list[str]:
    """Versions from the first to the one in use, without those that were taken back."""
    line: list[str] = []
    for step in history(root):
        if step.get("task") == task:
            _walk(line, step)
    now = in_use(root, task)
    if now is not None and (not line or line[-1] != now):
        if now in line:
            del line[len(line) - line[::-1].index(now) :]
        else:
            line.append(now)
    return line


def _walk(line: list[str], step: dict[str, Any]) -> None:
    """One step of the history; a rollback takes back, anything else goes on from where it says it began."""
    if step["why"] == "rollback":
        while len(line) > 1 and line[-1] != step["to"]:
            line.pop()
        if not line or line[-1] != step["to"]:
            line[:] = [step["to"]]
        return
    if step["from"] and (not line or line[-1] != step["from"]):
        line.append(step["from"])
    line.append(step["to"])


def history(root: Path) -> list[dict[str, Any]]:
    """Every switch that was made, oldest first; a line that a killed command left unfinished is passed over."""
    path = root / HISTORY
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            step = json.loads(line)
        except ValueError:
            continue
        if isinstance(step, dict) and {"task", "from", "to", "why"} <= step.keys():
            found.append(step)
    return found


def _remember(root: Path, task: str, before: str | None, version: str, why: Why) -> None:
    step = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "task": task}
    steps = [*history(root), {**step, "from": before, "to": version, "why": why}]
    replace_text(root / HISTORY, "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in steps))


def open_version(artefact: Artefact, loaded: Mapping[str, Encoder] | None = None) -> Classifier:
    """Load any version of a classifier, in use or not, with the encoder it was fitted on.

    `loaded` are encoders that are there already, by version. Raises ArtefactError.
    """
    if artefact.kind == ONNX_KIND:
        return OnnxClassifier(artefact)
    needed = artefact.manifest.get("encoder")
    if needed is None:
        return load_linear(artefact)
    encoder = (loaded or {}).get(needed)
    if encoder is None:
        root, version = artefact.folder.parent.parent, str(needed).removeprefix("encoder/")
        encoder = load_encoder(find("encoder", root, version))
    return load_linear(artefact, encoder)
