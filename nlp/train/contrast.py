"""Training examples for the encoder: texts that belong together, and labelled pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlp.text import key
from nlp.train.corpus import HeldOut, reserved, training_rows

_SECTION = 320  # characters of a section; a bag of features blurs beyond that
_PLAIN = (
    *("sentiment/online_shopping.train", "sentiment/waimai.train", "sentiment/xiaoshi.train"),
    *("intent/tnews.train", "intent/taipei.train", "intent/cic.train", "sentiment/ewect_usual.train"),
)
_LABELLED = ("atec.train", "bq.train", "oppo.dev", "covid.train", "qbqtc.dev")


@dataclass
class Examples:
    """`together[source]`: (text, its partner, a harder stranger or ""). `graded[source]`: (a, b, label).

    `rows` counts the rows used of each set; `plain` are texts for the vocabulary alone.
    """

    together: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    graded: dict[str, list[tuple[str, str, float]]] = field(default_factory=dict)
    plain: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)

    def texts(self) -> Iterator[str]:
        """Every text once per use, plain ones included."""
        for triples in self.together.values():
            for triple in triples:
                yield from (text for text in triple if text)
        for pairs in self.graded.values():
            for a, b, _ in pairs:
                yield from (a, b)
        yield from self.plain


def _labelled(rows: list[dict[str, Any]]) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, float]]]:
    best = max(row["label"] for row in rows)
    strangers: dict[str, str] = {}
    for row in rows:
        if row["label"] == 0:
            strangers.setdefault(row["a"], row["b"])
            strangers.setdefault(row["b"], row["a"])
    together = [(row["a"], row["b"], strangers.get(row["a"], "")) for row in rows if row["label"] == best]
    return together, [(row["a"], row["b"], float(row["label"])) for row in rows]


def _sections(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    used = Counter(key(row["heading"]) for row in rows)
    titles: set[str] = set()
    triples = []
    for row in rows:
        if reserved(row["doc"]):
            continue
        text = row["text"][:_SECTION]
        if used[key(row["heading"])] <= 2:
            triples.append((row["heading"], text, ""))
        if row["title"] not in titles:
            titles.add(row["title"])
            triples.append((row["title"], f"{row['heading']} {text}", ""))
    return triples


def _answers(name: str, rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    if name == "answers/medical.train":
        return [(row["title"], row["question"][:_SECTION], "") for row in rows if row["title"]] + [
            (row["question"][:_SECTION], row["answer"][:_SECTION], "") for row in rows
        ]
    return [
        (row["question"][:_SECTION], row["answer"][:_SECTION], "")
        for row in rows
        if row["source"] != "code_zh" and len(row["answer"]) >= 8
    ]


def gather(data: Path, held: HeldOut, limit: int | None = None) -> Examples:
    """Read all sets of the encoder; `limit` caps the rows taken of each."""
    examples = Examples()

    def rows_of(name: str) -> list[dict[str, Any]]:
        rows = training_rows(data, name, held)[:limit]
        examples.rows[name] = len(rows)
        return rows

    for name in _LABELLED:
        together, graded = _labelled(rows_of(f"pairs/{name}"))
        examples.together[name], examples.graded[name] = together, graded
    examples.together["triclue"] = [
        (row["query"], row["positive"], row["negative"]) for row in rows_of("pairs/triclue.train")
    ]
    examples.graded["triclue"] = [
        (query, other, label)
        for query, positive, negative in examples.together["triclue"]
        for other, label in ((positive, 1.0), (negative, 0.0))
    ]
    beike = rows_of("pairs/beike.train")
    examples.together["beike"] = [(row["query"], row["reply"], "") for row in beike if row["label"] == 1]
    for name in ("kb/alchemy.sections", "kb/d365.sections"):
        examples.together[name] = _sections(rows_of(name))
    examples.together["kb/alchemy.documents"] = [
        (row["title"], row["text"][:_SECTION], "")
        for row in rows_of("kb/alchemy.documents")
        if not reserved(row["doc"])
    ]
    for name in ("answers/medical.train", "answers/egret.train", "answers/alpaca.train"):
        examples.together[name] = _answers(name, rows_of(name))
    for name in _PLAIN:
        examples.plain.extend(row["text"] for row in rows_of(name))
    return examples
