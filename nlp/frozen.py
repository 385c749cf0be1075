"""A site's frozen test: labelled texts set aside once, sealed, and never trained on.

Which texts go there follows from their keys alone, so that the same text lands on the same side whoever asks.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nlp.text import key

FOLDER = "test"
ROWS, SEAL = "rows.jsonl", "frozen.json"
LEAST = 5
"""Texts a label must have before one of them is set aside."""
SHARE = 0.1


class FrozenError(ValueError):
    """A frozen test that is not as it was sealed; says what to do."""


@dataclass(frozen=True, slots=True)
class FrozenTest:
    """Masked texts and their labels side by side; `digest` is the SHA-256 of the file that holds them."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    digest: str

    @property
    def keys(self) -> frozenset[str]:
        """Keys of its texts: a row with one of them is never trained on."""
        return frozenset(key(text) for text in self.texts)


def choose(texts: Sequence[str], labels: Sequence[str], share: float = SHARE) -> list[int]:
    """Places of the rows to set aside: of each label with enough texts the share whose key digests are lowest.

    A text that was given two labels has no certain one and is not chosen.
    """
    given: dict[str, set[str]] = {}
    first: dict[str, int] = {}
    for at, (text, label) in enumerate(zip(texts, labels, strict=True)):
        name = key(text)
        given.setdefault(name, set()).add(label)
        first.setdefault(name, at)
    by_label: dict[str, list[str]] = {}
    for name, told in given.items():
        if name and len(told) == 1:
            by_label.setdefault(next(iter(told)), []).append(name)
    chosen: list[int] = []
    for names in by_label.values():
        if len(names) >= LEAST:
            ranked = sorted(names, key=_digest)
            chosen += [first[name] for name in ranked[: max(1, round(share * len(names)))]]
    return sorted(chosen)


def _digest(name: str) -> str:
    return hashlib.sha1(name.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def content(texts: Sequence[str], labels: Sequence[str]) -> bytes:
    """The rows as they are written and sealed."""
    rows = (
        {"text": text, "label": label, "key": _digest(key(text))}
        for text, label in zip(texts, labels, strict=True)
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_test(texts: Sequence[str], labels: Sequence[str]) -> FrozenTest:
    """The rows as a test, not written anywhere."""
    digest = hashlib.sha256(content(texts, labels)).hexdigest()
    return FrozenTest(tuple(texts), tuple(labels), digest)


def freeze(folder: Path, texts: Sequence[str], labels: Sequence[str], draft: Path) -> FrozenTest:
    """Write and seal the test: made whole in `draft` (on the same disk), then moved to `folder` in one step."""
    test = as_test(texts, labels)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    (draft / ROWS).write_bytes(content(texts, labels))
    seal = {"rows": len(texts), "labels": len(set(labels)), "sha256": test.digest}
    (draft / SEAL).write_text(json.dumps(seal) + "\n", encoding="utf-8")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft.replace(folder)
    return test


def read(folder: Path) -> FrozenTest | None:
    """The sealed test of a task; None where there is none yet. Raises FrozenError for one that was touched."""
    if not folder.exists():
        return None
    try:
        sealed = json.loads((folder / SEAL).read_text(encoding="utf-8"))["sha256"]
        raw = (folder / ROWS).read_bytes()
        rows = [json.loads(line) for line in raw.decode().splitlines()]
        test = FrozenTest(tuple(row["text"] for row in rows), tuple(row["label"] for row in rows), sealed)
    except (OSError, ValueError, KeyError, TypeError):
        raise FrozenError(f"冻结测试集 {folder} 不完整；请从备份恢复，它决定新模型能不能用") from None
    if hashlib.sha256(raw).hexdigest() != sealed:
        raise FrozenError(f"冻结测试集 {folder} 被改动过（与封存的摘要不符）；请从备份恢复")
    return test
