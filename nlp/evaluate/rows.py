"""Labelled rows from a file: JSON lines, plain, `.gz` or `.xz`."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from nlp.text import key

_OPENERS: dict[str, Callable[..., IO[str]]] = {".gz": gzip.open, ".xz": lzma.open}


class RowsError(ValueError):
    """A file that cannot be scored; names the file, the line and the accepted form."""


def read_rows(path: Path, fields: Iterable[str] = ()) -> Iterator[dict[str, Any]]:
    """The objects of a file, each with all `fields`. Raises RowsError; empty lines are skipped."""
    wanted = tuple(fields)
    opener = _OPENERS.get(path.suffix, open)
    try:
        with opener(path, "rt", encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _row(path, number, line, wanted)
    except FileNotFoundError:
        raise RowsError(f"找不到文件 {path}") from None
    except (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError) as problem:
        raise RowsError(
            f"{path} 无法读取：{problem}；应为 UTF-8 的 JSON 行（可用 .gz 或 .xz 压缩）"
        ) from None


def _row(path: Path, number: int, line: str, wanted: tuple[str, ...]) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        raise RowsError(f"{path} 第 {number} 行不是 JSON；应为每行一个对象") from None
    missing = [name for name in wanted if not isinstance(row, dict) or name not in row]
    if missing:
        raise RowsError(f"{path} 第 {number} 行缺少字段 {'、'.join(missing)}")
    return dict(row)


def without_overlap(
    train: Iterable[Mapping[str, Any]], scored: Iterable[Mapping[str, Any]], fields: Iterable[str]
) -> tuple[list[Mapping[str, Any]], int]:
    """Training rows that do not stand in the scored rows, and how many were removed.

    A row is known by the keys of its `fields` (NFKC, case-folded, letters and digits only) in any order, so that
    a pair is one pair whichever text comes first. The key is `nlp.text.key`, that of `nlp.train.corpus.HeldOut`.
    """
    names = tuple(fields)
    return apart(train, scored, lambda row: tuple(sorted(key(str(row[name])) for name in names)))


def apart(
    train: Iterable[Mapping[str, Any]],
    scored: Iterable[Mapping[str, Any]],
    identity: Callable[[Mapping[str, Any]], Hashable],
) -> tuple[list[Mapping[str, Any]], int]:
    """The one place where scored rows leave a training set: ours, a baseline's and a fold's alike."""
    seen = {identity(row) for row in scored}
    rows = list(train)
    kept = [row for row in rows if identity(row) not in seen]
    return kept, len(rows) - len(kept)
