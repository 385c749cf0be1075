"""The demo site's own labelled texts as training rows: tickets, conversations and questions of its handbook."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.text import key

_ROOT = Path(__file__).resolve().parents[2]
DEMO = _ROOT / "scripts" / "demo"
_TAXONOMY = _ROOT / "nlp" / "presets" / "taxonomy.toml"
LICENCE = "Apache-2.0 (written for this project)"
_MOODS = {
    "complaint": ("negative", "angry"),
    "praise": ("positive", "happy"),
    **dict.fromkeys(("ask", "invoice", "misdirected", "business", "chat"), ("neutral", "neutral")),
    **dict.fromkeys(("reschedule", "exchange", "change", "account_close"), ("neutral", "neutral")),
}
"""Top word or whole code of the categories whose writers' mood is plain."""


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """`parent[code]` is "" for a top category; `about[leaf]` are other words for the leaf."""

    parent: dict[str, str]
    about: dict[str, tuple[str, ...]]

    def top(self, code: str) -> str:
        while self.parent[code]:
            code = self.parent[code]
        return code

    def path(self, code: str) -> tuple[str, ...]:
        """Codes from the top category to this one."""
        parent = self.parent[code]
        return (*self.path(parent), code) if parent else (code,)


def taxonomy(path: Path = _TAXONOMY) -> Taxonomy:
    """The tree of the shipped preset."""
    nodes = tomllib.loads(path.read_text(encoding="utf-8"))["category"]
    parent = {node["code"]: node.get("parent", "") for node in nodes}
    leaves = set(parent) - set(parent.values())
    about = {
        node["code"]: (node["name"], *node.get("about", "").split("、"))
        for node in nodes
        if node["code"] in leaves
    }
    return Taxonomy(parent, about)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def ticket_text(row: dict[str, Any]) -> str:
    """Subject and text of a ticket, as the classifier reads them."""
    return f"{row.get('subject') or ''} {row['text']}".strip()


def _held(demo: Path) -> Iterator[dict[str, Any]]:
    """Rows of every held-out ticket file, in the order of the files' names."""
    for path in sorted(demo.glob("tickets.heldout*.jsonl")):
        yield from _lines(path)


def held_keys(demo: Path = DEMO) -> frozenset[str]:
    """Keys of every held-out demo text: no training row may hold one."""
    keys = {key(text) for row in _held(demo) for text in (row["text"], ticket_text(row))}
    for row in _lines(demo / "conversations.heldout.jsonl"):
        keys.update(key(turn["text"]) for turn in row["turns"])
    return frozenset(keys - {""})


def _open(rows: Iterable[dict[str, Any]], held: frozenset[str]) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for row in rows:
        name = key(row["text"])
        if name and name not in held and name not in seen:
            seen.add(name)
            yield row


def tickets(demo: Path = DEMO) -> list[dict[str, Any]]:
    """Training tickets with `text` (subject included), `category`, `sentiment`, `emotion`; held-out texts left out."""
    files = sorted(demo.glob("tickets.train-*.jsonl"))
    rows = ({**row, "text": ticket_text(row)} for file in files for row in _lines(file))
    return list(_open(rows, held_keys(demo)))


def held_tickets(demo: Path = DEMO) -> list[dict[str, Any]]:
    """The held-out tickets, for measuring alone."""
    return [{**row, "text": ticket_text(row)} for row in _held(demo)]


def _turns(path: Path) -> Iterator[dict[str, Any]]:
    for row in _lines(path):
        for number, labels in row["labels"]["turns"].items():
            yield {"text": row["turns"][int(number)]["text"], **labels}


def turns(demo: Path = DEMO) -> list[dict[str, Any]]:
    """Labelled customer turns of the training conversations: `text`, `sentiment`, `emotion`."""
    return list(_open(_turns(demo / "conversations.jsonl"), held_keys(demo)))


def held_turns(demo: Path = DEMO) -> list[dict[str, Any]]:
    """Labelled customer turns of the held-out conversations, for measuring alone."""
    return list(_turns(demo / "conversations.heldout.jsonl"))


def questions(leaves: Iterable[str], demo: Path = DEMO) -> list[dict[str, Any]]:
    """Questions of the handbook that are tagged with exactly one leaf: `text`, `category`."""
    known = frozenset(leaves)
    rows: list[dict[str, Any]] = []
    for row in _lines(demo / "handbook" / "faq.jsonl"):
        tagged = known.intersection(row.get("tags", ()))
        if len(tagged) == 1:
            (leaf,) = tagged
            rows.extend({"text": text, "category": leaf} for text in (row["title"], *row.get("similar", ())))
    return list(_open(rows, held_keys(demo)))


def phrases(demo: Path = DEMO) -> list[dict[str, Any]]:
    """Ways of saying each leaf, written for training: `text`, `category`; held-out texts left out."""
    said = tomllib.loads((demo / "phrases.train.toml").read_text(encoding="utf-8"))
    rows = ({"text": text, "category": leaf} for leaf, texts in said.items() for text in texts)
    return list(_open(rows, held_keys(demo)))


def plain_moods(demo: Path = DEMO) -> list[dict[str, Any]]:
    """Phrases whose category settles the mood: `text`, `sentiment`, `emotion`."""
    rows = []
    for row in phrases(demo):
        top = row["category"].split("_")[0]
        mood = _MOODS.get(top) or _MOODS.get(row["category"])
        if mood:
            rows.append({"text": row["text"], "sentiment": mood[0], "emotion": mood[1]})
    return rows


def offtopic(demo: Path = DEMO) -> list[str]:
    """Lines that are no matter of the shop's, for measuring alone."""
    return [str(row["text"]) for row in _lines(demo / "offtopic.jsonl")]
