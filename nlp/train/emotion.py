"""The shipped emotion classifier: angry, sad, fear, surprise, happy or neutral.

python -m nlp.train.emotion --data ../shared/data --version linear-2
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from nlp.evaluate.classify import figures, guesses
from nlp.head import fit
from nlp.linear import Linear
from nlp.text import key
from nlp.train import service
from nlp.train.corpus import held_out, read_rows, training_rows
from nlp.train.moods import held_mood_keys, held_moods, moods
from nlp.train.plain import plain_figures
from nlp.train.ship import Rows, Shipped, arguments, ship

_SETS = {
    "sentiment/ewect_usual.train": 1.0,
    "sentiment/ewect_virus.train": 0.3,  # one topic alone
    "sentiment/clue_emotion.valid": 0.5,  # seven other classes, brought to ours
}
_OURS = {"anger": "angry", "disgust": "angry", "happiness": "happy", "like": "happy", "sadness": "sad"}
_DEMO_WEIGHT = 3.0


def gather(data: Path) -> Rows:
    """All training rows. Raises CorpusError for a missing set."""
    rows, held, seen = Rows(), held_out(data), set[str]()
    for name, weight in _SETS.items():
        for row in training_rows(data, name, held):
            if (text := key(row["text"])) and text not in seen:
                seen.add(text)
                rows.add(name, row["text"], _OURS.get(row["label"], row["label"]), weight)
    held_lines = held_mood_keys()
    for row in (*service.tickets(), *service.turns(), *service.plain_moods(), *moods()):
        if key(row["text"]) not in held_lines:
            rows.add("demo", row["text"], row["emotion"], _DEMO_WEIGHT)
    for row in service.questions(service.taxonomy().about):
        rows.add("demo", row["text"], "neutral", 1.0)
    counts = Counter(rows.labels)
    # Rare emotions count more, by the root of their rarity: half way to equal shares.
    rows.weights = [
        weight * (len(rows.labels) / len(counts) / counts[label]) ** 0.5
        for weight, label in zip(rows.weights, rows.labels, strict=True)
    ]
    return rows


def _splits(data: Path) -> dict[str, list[tuple[str, str]]]:
    """Splits that were never trained on."""
    posts = {
        name: [(row["text"], row["label"]) for row in read_rows(data, f"sentiment/{name}")]
        for name in ("ewect_usual.valid", "ewect_virus.valid")
    }
    return posts | {
        "demo tickets.heldout": [(row["text"], row["emotion"]) for row in service.held_tickets()],
        "demo conversations.heldout": [(row["text"], row["emotion"]) for row in service.held_turns()],
        "demo moods.heldout": [(row["text"], row["emotion"]) for row in held_moods()],
    }


def measure(head: Linear, data: Path, rows: Rows) -> dict[str, float]:
    """Figures on those splits, the plain way's on the same rows beside them."""
    out: dict[str, float] = {}
    splits = _splits(data)
    for name, split in splits.items():
        out |= figures(*guesses(head, split), prefix=f"{name} ")
    return out | plain_figures(rows, splits)


def train(data: Path, version: str, models: Path, seed: int = 7) -> Shipped:
    """Fit, measure and write `models/emotion/<version>`."""
    rows = gather(data)
    fitted = fit(rows.texts, rows.labels, weights=rows.weights, seed=seed, strengths=(0.8,))
    return ship("emotion", fitted, rows, version, models, lambda head: measure(head, data, rows))


if __name__ == "__main__":
    chosen = arguments(__doc__)
    train(chosen.data, chosen.version, chosen.models)
