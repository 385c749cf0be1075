"""Lines of service talk with their mood, written for this project: what the mood models learn tone from.

Sarcasm, emoji, shouting, stretched words, polite complaints, reviews and chat; half of them only for measuring.

python -m nlp.train.moods
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nlp.cues import EMOTIONS, POLARITIES
from nlp.evaluate.classify import figures
from nlp.sentiment import SentimentAnalyser, load_analyser
from nlp.text import key
from nlp.train.service import DEMO


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def held_moods(demo: Path = DEMO) -> list[dict[str, Any]]:
    """Rows for measuring alone: `text`, `sentiment`, `emotion`, `intensity` 0…1."""
    return list(_lines(demo / "moods.heldout.jsonl"))


def held_mood_keys(demo: Path = DEMO) -> frozenset[str]:
    """Keys of the lines that no training row may hold."""
    return frozenset(key(row["text"]) for row in held_moods(demo))


def moods(demo: Path = DEMO) -> list[dict[str, Any]]:
    """Rows for training: `text`, `sentiment`, `emotion`, `intensity`; held-out lines left out."""
    held = held_mood_keys(demo)
    return [row for row in _lines(demo / "moods.train.jsonl") if key(row["text"]) not in held]


def measure(analyser: SentimentAnalyser, demo: Path = DEMO) -> dict[str, float]:
    """Polarity, emotion and intensity of the held-out lines as the service hears them, cues included."""
    rows, out = held_moods(demo), dict[str, float]()
    texts = [row["text"] for row in rows]
    for name, labels, shares in zip(
        ("sentiment", "emotion"), (POLARITIES, EMOTIONS), analyser.shares(texts), strict=True
    ):
        guess = [labels[at] for at in shares.argmax(axis=1)]
        truth = [row[name] for row in rows]
        out |= figures(truth, guess, shares.max(axis=1), prefix=f"moods.heldout {name} ")
    said = np.array([one.intensity for one in analyser.analyse(texts)])
    wanted = np.array([row["intensity"] for row in rows])
    out["moods.heldout intensity correlation"] = round(float(np.corrcoef(said, wanted)[0, 1]), 4)
    out["moods.heldout intensity mean error"] = round(float(np.abs(said - wanted).mean()), 4)
    return out


if __name__ == "__main__":
    for figure, value in measure(load_analyser()).items():
        print(f"{figure}: {value}")
