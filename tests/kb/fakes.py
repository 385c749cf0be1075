"""A fake encoder whose answers can be computed by hand, and entries to search."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from kb.entries import Entry
from kb.index import Vectors
from nlp.text import bigrams, normalise

DIM = 512


def encode(texts: Sequence[str]) -> Vectors:
    """Each bigram is one axis, chosen by its hash; rows have length 1 (no letters: the first axis)."""
    rows = np.zeros((len(texts), DIM), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for gram in bigrams(normalise(text)):
            row[zlib.crc32(gram.encode("utf-8", "surrogatepass")) % DIM] += 1
        if not row.any():
            row[0] = 1
    unit_rows: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit_rows


def entry(id: str, title: str, text: str = "", **fields: Any) -> Entry:
    kind = fields.pop("kind", "faq")
    return Entry(id=id, kind=kind, title=title, text=text or f"{title}的答案。", **fields)


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+08:00")
