"""Figures on the demo's own texts that nothing was trained on: intents, automatic routing, suggestions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from scripts.figures_sets import SVM, Job
from scripts.figures_table import Line

NOW = datetime.fromisoformat("2026-11-01T12:00:00+08:00")
ASKED = "演示提问，人工判读，未参与拟合"
PRECISION = 0.95


def demo(_: Path) -> Iterator[Job]:
    """Needs nothing but the demo's files; each file of held-out tickets has lines of its own."""
    from nlp.train.service import DEMO

    for path in sorted(DEMO.glob("tickets.heldout*.jsonl")):
        yield partial(_intents, path)
        yield partial(_automatic, path)
    yield _suggestions


def _held(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """What the tickets are called, and the tickets, their subject in the text as the classifier reads it."""
    from nlp.evaluate.rows import read_rows
    from nlp.train.service import ticket_text

    rows = [{**row, "text": ticket_text(row)} for row in read_rows(path, ("text", "category"))]
    return f"演示工单 {path.stem.removeprefix('tickets.')}，{len(rows)} 条未参与训练", rows


def _intents(path: Path) -> list[Line]:
    """Leaf and top category of held-out tickets, the plain classifier fitted on the same training rows."""
    from nlp.classify import load_classifier
    from nlp.evaluate.classify import figures, guesses
    from nlp.evaluate.metrics import accuracy
    from nlp.evaluate.rows import without_overlap
    from nlp.train import service
    from nlp.train.intent import gather
    from scripts.baselines import letters

    (data, held), tree, rows = _held(path), service.taxonomy(), gather()
    given = [{"text": text, "label": label} for text, label in zip(rows.texts, rows.labels, strict=True)]
    kept, _ = without_overlap(given, held, ("text",))
    truth, guess, sure = guesses(load_classifier("intent"), [(row["text"], row["category"]) for row in held])
    plain = letters([row["text"] for row in kept], [row["label"] for row in kept], [r["text"] for r in held])

    def tops(labels: Sequence[str]) -> float:
        return accuracy([tree.top(label) for label in truth], [tree.top(label) for label in labels])

    found = figures(truth, guess, sure)
    return [
        Line("意图", data, "叶子类准确率", found["accuracy"], accuracy(truth, plain), SVM),
        Line("意图", data, "大类准确率", tops(guess), tops(plain), SVM),
        Line("意图", data, "ECE", found["ece"], aim=0.03, lower=True),
    ]


def _automatic(path: Path) -> list[Line]:
    """How many held-out tickets are routed without a person, and how many of those rightly."""
    from api import wiring
    from nlp.routing import Ticket

    data, held = _held(path)
    tickets = [Ticket(text=row["text"], channel=row.get("channel")) for row in held]
    routed = wiring.route_tickets(wiring.load_models(), wiring.policies(None), tickets, NOW)
    right = [
        decided.category.code == row["category"]
        for row, decided in zip(held, routed, strict=True)
        if decided.automation == "auto"
    ]
    precision = sum(right) / len(right) if right else float("nan")
    return [
        Line("分单", f"{data}，自动分派", "精确率", precision, aim=0.94),
        Line("分单", f"{data}，自动分派", "覆盖率", len(right) / len(held)),
    ]


def _suggestions() -> list[Line]:
    """Whether a suggestion's confidence is what it says, and what `min_precision` keeps."""
    from kb.confidence import load
    from nlp.encode import load_encoder
    from scripts.fit_search import handbook, held_out, judged_cases

    cases = list(judged_cases(handbook(), load_encoder().encode, "heldout"))
    found, data, asked = held_out(load()["hybrid"], cases), ASKED, f"min_precision {PRECISION}"
    return [
        Line("推荐", data, "把握的 ECE", found["heldout_ece"], lower=True),
        Line("推荐", data, "第一条答对", found["heldout_first_right"]),
        Line(
            "推荐",
            data,
            f"{asked} 时的精确率",
            found[f"heldout_precision@p{PRECISION:g}"],
            aim=PRECISION,
        ),
        Line("推荐", data, f"{asked} 时的覆盖率", found[f"heldout_coverage@p{PRECISION:g}"]),
    ]
