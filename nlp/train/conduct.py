"""The shipped heads that hear service talk: wording and stage of an agent's clauses, distress of a customer.

python -m nlp.train.conduct --version linear-1

Transcripts name the stages of a turn, not of its clauses. A first head learns from clauses written one by one;
then each clause of a turn takes the likeliest of the turn's own stages (or none) so that every stage of the
turn is taken by one, and the head learns from those too (one round of hard expectation maximisation; three and
five were no better).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.clauses import clauses
from nlp.conduct import DISTRESS, NONE, STAGE, UPSET, WORDING
from nlp.head import Fit, fit
from nlp.linear import Linear
from nlp.quality.hearing import breaths
from nlp.stages import STAGES
from nlp.train import service
from nlp.train.frames import NONE as OTHER
from nlp.train.frames import SAID, load_frames
from nlp.train.ship import DEMO_SET, Rows, Shipped, arguments, ship
from nlp.train.vary import varied

TRANSCRIPTS = Path(__file__).resolve().parents[2] / "tests" / "nlp" / "transcripts"
CODES = (
    "forbidden_word", "rude", "blame_customer", "promise_without_time", "wrong_fact_risk", "premature_close",
    "privacy_leak",
)  # fmt: skip
_SERVING = ("agent", "supervisor", "bot")
_STRENGTHS = (0.5,)
_ROUNDS = 1
_STRONG = ("angry", "fear", "sad")
_VARIANTS = 4
_FILLINGS = 40
CALM = "calm"
_LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class Said:
    """One service turn as its clauses, and the stages it reaches."""

    clauses: tuple[str, ...]
    stages: frozenset[str]


def written(demo: Path = service.DEMO) -> Mapping[str, Mapping[str, list[str]]]:
    """The clauses written one by one."""
    return tomllib.loads((demo / "conduct.train.toml").read_text(encoding="utf-8"))


def transcripts(demo: Path = service.DEMO, ours: Path = TRANSCRIPTS) -> list[dict[str, Any]]:
    """Labelled transcripts that may be learnt from: the demo's own and the open ones."""
    paths = [demo / "conversations.jsonl", *sorted(ours.glob("open-*.jsonl"))]
    lines = (line for path in paths for line in path.read_text(encoding="utf-8").splitlines())
    return [json.loads(line) for line in lines if line.strip()]


def _serving(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], int, str]]:
    for row in rows:
        for at, turn in enumerate(row["turns"]):
            if turn["role"] in _SERVING:
                yield row, at, turn["text"]


def wording_rows(rows: Sequence[dict[str, Any]]) -> Rows:
    """Clauses with the violation whose mark covers most of them."""
    made, texts = Rows(), written()
    for code in CODES:
        for text in texts["wording"].get(code, ()):
            made.add(DEMO_SET, text, code, 1.0)
        for text in texts["near"].get(code, ()):
            made.add(DEMO_SET, text.replace(" ", ","), NONE, 1.0)
    for text in texts["wording"]["plain"]:
        made.add(DEMO_SET, text, NONE, 1.0)
    for stage in STAGES[:-1]:  # a farewell at the wrong moment ends the talk too early
        for text in texts["stage"][stage]:
            made.add(DEMO_SET, text, NONE, 1.0)
    for row, at, text in _serving(rows):
        marks = [
            mark
            for mark in row["labels"]["violations"]
            if mark["turn"] == at and mark["code"] in CODES and not mark.get("absent")
        ]
        for start, end in clauses(text):
            shared = {m["code"]: min(end, m["end"]) - max(start, m["start"]) for m in marks}
            best = max(shared, key=lambda code: shared[code], default=NONE)
            made.add(DEMO_SET, text[start:end], best if shared.get(best, 0) > 0 else NONE, 1.0)
    return made


def _said(rows: Sequence[dict[str, Any]]) -> list[Said]:
    return [
        Said(
            tuple(text[start:end] for start, end in clauses(text)),
            frozenset(stage for stage in STAGES if at in row["labels"]["stages"][stage]),
        )
        for row, at, text in _serving(rows)
    ]


def assign(shares: NDArray[Any], labels: Sequence[str], stages: frozenset[str]) -> list[str]:
    """The stage of each clause of one turn, from their shares `[clauses, labels]`; each of `stages` is taken."""
    allowed = [NONE, *(stage for stage in STAGES if stage in stages)]
    likely = np.log(shares[:, [labels.index(label) for label in allowed]] + _LEAST_SHARE)
    chosen = likely.argmax(axis=1)
    for number in range(1, len(allowed)):
        if number not in chosen:
            free = [at for at in range(len(chosen)) if chosen[at] == 0 or (chosen == chosen[at]).sum() > 1]
            if free:
                gains = [likely[at, number] - likely[at, chosen[at]] for at in free]
                chosen[free[int(np.argmax(gains))]] = number
    return [allowed[at] for at in chosen]


def _filled(path: Sequence[str], label: str) -> Iterator[tuple[str, str]]:
    """Filled frames of a label, and of what only sounds like it."""
    frames = load_frames()
    for part, name in ((SAID, label), (OTHER, NONE)):
        yield from ((text, name) for text in frames.filled(path, part, _FILLINGS))


def _fit(rows: Rows, alone: int, frames: Sequence[tuple[str, str]], seed: int) -> Fit:
    """A head, calibrated on the rows after the first `alone`: what is written one by one is mostly a violation.

    Only what is written one by one is varied: variants of a transcript's turn would tell of it in another fold.
    """
    more = [*varied(rows.texts[:alone], rows.labels[:alone], _VARIANTS, seed), *frames]
    texts = [*(text for text, _ in more), *rows.texts]
    labels = [*(label for _, label in more), *rows.labels]
    like = [at >= len(more) + alone for at in range(len(texts))]
    fitted = fit(texts, labels, seed=seed, strengths=_STRENGTHS, like=like)
    return Fit(fitted.head, fitted.unseen[len(more) :], fitted.strength)


def stage_fit(rows: Sequence[dict[str, Any]], seed: int = 7) -> tuple[Fit, Rows]:
    """The stage head after its rounds, and the rows of the last."""
    texts, turns = written(), [turn for turn in _said(rows) if turn.clauses]
    base = [(text, stage) for stage in (*STAGES, NONE) for text in texts["stage"][stage]]
    base += [(text, NONE) for code in CODES[:4] for text in texts["wording"][code]]
    base += [(text, "solve") for text in texts["wording"]["plain"]]
    frames = [pair for stage in STAGES for pair in _filled(("stage", stage), stage)]
    pieces = [text for turn in turns for text in turn.clauses]
    found: list[str] = []
    for number in range(_ROUNDS + 1):
        made = Rows()
        for text, stage in (*base, *zip(pieces, found, strict=False)):
            made.add(DEMO_SET, text, stage, 1.0)
        fitted = _fit(made, len(base), frames, seed)
        if number < _ROUNDS:
            shares, found, at = fitted.head.probabilities(pieces), [], 0
            for turn in turns:
                found += assign(shares[at : at + len(turn.clauses)], fitted.head.labels, turn.stages)
                at += len(turn.clauses)
    return fitted, made


def distress_rows(rows: Sequence[dict[str, Any]]) -> Rows:
    """Customer turns: upset where the next agent's turn is marked for passing over it, calm where it is not marked
    and comforts nobody; where it comforts nobody knows how clear the distress was."""
    made, texts = Rows(), written()
    for label in (UPSET, CALM):
        for text in texts["distress"][label]:
            made.add(DEMO_SET, text, label, 1.0)
    for row in rows:
        marked = {m["turn"] for m in row["labels"]["violations"] if m["code"] == "no_empathy_after_anger"}
        comforted = set(row["labels"]["stages"]["comfort"])
        told = breaths([turn["role"] for turn in row["turns"]], [turn["text"] for turn in row["turns"]])
        for at, turn in enumerate(row["turns"][:-1]):
            following = row["turns"][at + 1]
            if turn["role"] != "customer" or following["role"] not in _SERVING or at + 1 in comforted:
                continue
            mood = row["labels"].get("turns", {}).get(str(at), {}).get("emotion")
            if at + 1 in marked or mood not in _STRONG:  # strong, yet unmarked: how clear it is nobody said
                made.add(DEMO_SET, told.get(at, ""), UPSET if at + 1 in marked else CALM, 1.0)
    return made


def held_out(rows: Sequence[dict[str, Any]]) -> dict[str, Rows]:
    """Clauses and turns of the demo's held-out conversations."""
    plain = wording_rows(rows), distress_rows(rows)
    skip = len(wording_rows([]).texts), len(distress_rows([]).texts)
    found = {}
    for name, made, first in zip((WORDING, DISTRESS), plain, skip, strict=True):
        found[name] = Rows(made.texts[first:], made.labels[first:], made.weights[first:], made.sets[first:])
    return found


def wording_frames() -> list[tuple[str, str]]:
    """Filled frames of the violations, and those of the stages, which are none."""
    pairs = [pair for code in CODES for pair in _filled((code,), code)]
    frames = load_frames()
    for stage in STAGES[:-1]:
        pairs += [(text, NONE) for text in frames.filled(("stage", stage), SAID, _FILLINGS // 4)]
    return pairs


def distress_frames() -> list[tuple[str, str]]:
    """Filled frames of distress and of plain displeasure."""
    return [(text, CALM if label == NONE else label) for text, label in _filled((DISTRESS,), UPSET)]


def measure(head: Linear, rows: Rows) -> dict[str, float]:
    """Of held-out clauses or turns that are something: share found, and how often that is right."""
    best = [head.labels[at] for at in head.probabilities(rows.texts).argmax(axis=1)]
    plain = (NONE, CALM)
    right = sum(a == b and b not in plain for a, b in zip(best, rows.labels, strict=True))
    return {
        "demo conversations.heldout precision": round(right / max(sum(a not in plain for a in best), 1), 4),
        "demo conversations.heldout recall": round(
            right / max(sum(b not in plain for b in rows.labels), 1), 4
        ),
    }


def train(version: str, models: Path, seed: int = 7) -> list[Shipped]:
    """Fit, measure and write the three heads."""
    rows = transcripts()
    lines = (service.DEMO / "conversations.heldout.jsonl").read_text(encoding="utf-8").splitlines()
    held = held_out([json.loads(line) for line in lines if line.strip()])
    shipped = []
    frames_of = {WORDING: wording_frames, DISTRESS: distress_frames}
    for task, made in ((WORDING, wording_rows(rows)), (DISTRESS, distress_rows(rows))):
        alone = len(wording_rows([]).texts) if task == WORDING else len(distress_rows([]).texts)
        fitted = _fit(made, alone, frames_of[task](), seed)
        shipped.append(
            ship(task, fitted, made, version, models, lambda head, task=task: measure(head, held[task]))  # type: ignore[misc]
        )
    fitted, made = stage_fit(rows, seed)
    shipped.append(ship(STAGE, fitted, made, version, models, lambda _: {}))
    return shipped


if __name__ == "__main__":
    chosen = arguments(__doc__)
    train(chosen.version, chosen.models)
