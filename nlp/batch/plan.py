"""What is to be done: input lines cut into shards, each known by the digest of all it depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nlp.batch.ports import Grounds
from nlp.readers import Row, read_rows
from nlp.turn_tables import Unread

ROWS = 200
"""Transcripts of a shard."""
BYTES = 4 << 20
"""Text of a shard, so that what waits for a worker stays small."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything a worker needs to score a shard; all of it is picklable and part of the digest.

    `folder` is a site's policy folder, `models` the models folder (None: the shipped ones, "" for none),
    `grounds` what the service would judge on besides (knowledge, encoder, versions), `source` the system whose
    exports are read ("": their fields tell).
    """

    form: str = "standard"
    folder: Path | None = None
    as_of: datetime | None = None
    models: Path | None = None
    rules_only: bool = False
    grounds: Grounds | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Shard:
    """Consecutive rows of the input; `digest` names their result."""

    number: int
    digest: str
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        return f"{self.number:06d}-{self.digest[:16]}"


def digest_of(parts: Sequence[object]) -> str:
    """SHA-256 of a JSON list."""
    canonical = json.dumps(list(parts), ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _shard(number: int, rows: list[Row], basis: str) -> Shard:
    lines = [
        [row.source, row.line, row.text, row.problem and row.problem.message, row.adapter] for row in rows
    ]
    return Shard(number, digest_of([basis, lines]), tuple(rows))


def plan(
    paths: Iterable[Path], basis: str, rows: int = ROWS, source: str = "", unread: Unread | None = None
) -> Iterator[Shard]:
    """Shards in input order; `basis` is the digest of forms, policies and models. Raises ReadError."""
    number, waiting, size = 0, [], 0
    for path in paths:
        for row in read_rows(path, source, unread):
            waiting.append(row)
            size += len(row.text)
            if len(waiting) >= rows or size >= BYTES:
                yield _shard(number, waiting, basis)
                number, waiting, size = number + 1, [], 0
    if waiting:
        yield _shard(number, waiting, basis)
