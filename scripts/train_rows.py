"""The rows of a site's own training: read, masked, and parted from the texts that only test."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.console import DATA, STDIN, Advance, Failed, Misused, given_bytes
from scripts.labelled import Labelled, read_labelled, resolved

if TYPE_CHECKING:
    from nlp.frozen import FrozenTest


@dataclass(frozen=True, slots=True)
class Asked:
    """What a site asks of a training."""

    source: str
    models: Path | None = None
    version: str | None = None
    test: str | None = None
    seed: int = 0
    share: float = 0.1
    tolerance: float = 0.01
    drop: float = 0.1
    least: int = 10


@dataclass(frozen=True, slots=True)
class Rows:
    """Masked texts and labels that are trained on, and what became of the others."""

    texts: list[str]
    labels: list[str]
    read: Labelled
    held: int
    sha256: str
    unknown: list[str]
    relabelled: int


def site_folder() -> Path:
    """The data folder that commands without `--data` of their own work for."""
    return Path(os.environ.get("ZUOXI_DATA", DATA))


def read_source(task: str, source: str, *, learned: bool = True) -> tuple[Labelled, str]:
    """Rows of a file and the SHA-256 of its bytes; `learned` where a model is to be fitted on them."""
    content = given_bytes(source)
    read = read_labelled("标准输入" if source == STDIN else source, content)
    _only_moods(task, read, learned)
    return read, hashlib.sha256(content).hexdigest()


def _only_moods(task: str, read: Labelled, learned: bool) -> None:
    """Polarity and emotion are closed sets: the analyser needs every one of them and no other."""
    from nlp.cues import EMOTIONS, POLARITIES

    closed = {"sentiment": POLARITIES, "emotion": EMOTIONS}.get(task)
    if closed is None or not read.labels:
        return
    for row, label in zip(read.rows, read.labels, strict=True):
        if label not in closed:
            raise Misused(f"第 {row} 行的类别“{label}”不可用：{task} 只有 {'、'.join(closed)}")
    missing = sorted(set(closed) - set(read.labels))
    if missing and learned:
        raise Failed(f"{task} 需要每个类别都有数据，还缺：{'、'.join(missing)}")


def prepare(
    task: str, asked: Asked, root: Path, draft: Path, source: tuple[Labelled, str], advance: Advance
) -> tuple[Rows, FrozenTest]:
    """Masked training rows without any text of the test, and the test: the frozen one, or the site's own."""
    from nlp import frozen
    from nlp.text import key

    read, sha = source
    labels, unknown = _labels(task, read.labels)
    texts = _masked(read.texts, advance)
    folder = root / task / frozen.FOLDER
    sealed = frozen.read(folder)
    test = sealed
    if asked.test is not None:
        given, _ = read_source(task, asked.test, learned=False)
        own = _masked(given.texts, advance), _labels(task, given.labels)[0]
        if not own[0]:
            raise Misused(f"{asked.test} 里没有可用的测试行")
        test = frozen.as_test(*own) if sealed else frozen.freeze(folder, *own, draft / frozen.FOLDER)
    elif sealed is None:
        chosen = frozen.choose(texts, labels, asked.share)
        own = [texts[at] for at in chosen], [labels[at] for at in chosen]
        test = frozen.freeze(folder, *own, draft / frozen.FOLDER) if chosen else frozen.as_test((), ())
    assert test is not None
    held = test.keys | (sealed.keys if sealed else frozenset())
    kept = [at for at, text in enumerate(texts) if key(text) not in held]
    if len({labels[at] for at in kept}) < 2:
        raise Failed("去掉测试集里的文本之后，剩下的行不足两个类别：请给出更多数据")
    trained = [texts[at] for at in kept], [labels[at] for at in kept]
    frozen_as = {key(text): label for text, label in zip(test.texts, test.labels, strict=True)}
    named = ((frozen_as.get(key(text), label), label) for text, label in zip(texts, labels, strict=True))
    relabelled = sum(before != label for before, label in named)
    return Rows(*trained, read, len(texts) - len(kept), sha, unknown, relabelled), test


def _labels(task: str, labels: Sequence[str]) -> tuple[list[str], list[str]]:
    if task != "intent":
        return list(labels), []
    from nlp.policy import load_policy

    return resolved(labels, load_policy(site_folder() / "policy").taxonomy.codes)


def _masked(texts: Sequence[str], advance: Advance) -> list[str]:
    from nlp.privacy import mask

    out = []
    for at, text in enumerate(texts):
        out.append(mask(text))
        if at % 200 == 0:
            advance(at, len(texts))
    advance(len(texts), len(texts))
    return out
