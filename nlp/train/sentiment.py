"""The shipped polarity classifier: negative, neutral or positive, in service talk and in reviews.

python -m nlp.train.sentiment --data ../shared/data --version linear-2
"""

from __future__ import annotations

import random
from pathlib import Path

from nlp.evaluate.classify import figures, guesses
from nlp.head import Fit, fit
from nlp.linear import Linear
from nlp.text import key
from nlp.train import service
from nlp.train.corpus import HeldOut, held_out, read_rows, training_rows
from nlp.train.moods import held_mood_keys, held_moods, moods
from nlp.train.plain import plain_figures
from nlp.train.ship import Rows, Shipped, arguments, ship

SIGNS = {0: "negative", 1: "positive"}
_REVIEWS = (
    "sentiment/online_shopping.train",
    "sentiment/waimai.train",
    "sentiment/chnsenticorp.train",
    "sentiment/xiaoshi.train",
)
_NEUTRAL = {
    "intent/tnews.train": 6000,
    "pairs/atec.train": 4000,
    "pairs/bq.train": 4000,
    "intent/taipei.train": 2000,
}
_WEIGHT = {"sentiment/xiaoshi.train": 0.3, "intent/tnews.train": 0.5}  # labelled by machine; far from service
_DEMO_WEIGHT = 8.0
_STRENGTH = 0.5
_CIC_WEIGHT = 0.5
# Classes of CIC that hold an attitude: complaints, disappointment, praise, thanks, haggling over damage.
_CIC_ATTITUDE = frozenset({0, 1, 2, 3, 5, 7, 10, 11, 12, 18, 20, 21, 24, 26, 27, 29, 30, 36, 38, 41, 94, 117})


def _reviews(rows: Rows, data: Path, held: HeldOut) -> None:
    seen: set[str] = set()
    for name in _REVIEWS:  # the sets overlap: a text counts once
        for row in training_rows(data, name, held):
            if (text := key(row["text"])) and text not in seen:
                seen.add(text)
                rows.add(name, row["text"], SIGNS[row["label"]], _WEIGHT.get(name, 1.0))


def _neutral(rows: Rows, data: Path, held: HeldOut, seed: int) -> None:
    chooser = random.Random(seed)  # noqa: S311 - a sample, not a secret
    for name, size in _NEUTRAL.items():
        texts = sorted({row.get("a") or row["text"] for row in training_rows(data, name, held)})
        for text in chooser.sample(texts, min(size, len(texts))):
            rows.add(name, text, "neutral", _WEIGHT.get(name, 1.0))
    for row in training_rows(data, "intent/cic.train", held):
        if int(row["label"]) not in _CIC_ATTITUDE:
            rows.add("intent/cic.train", row["text"], "neutral", _CIC_WEIGHT)


def _demo(rows: Rows) -> None:
    held = held_mood_keys()
    for row in (*service.tickets(), *service.turns(), *service.plain_moods(), *moods()):
        if key(row["text"]) not in held:
            rows.add("demo", row["text"], row["sentiment"], _DEMO_WEIGHT)
    for row in service.questions(service.taxonomy().about):
        rows.add("demo", row["text"], "neutral", 1.0)


def gather(data: Path, seed: int = 7) -> Rows:
    """All training rows. Raises CorpusError for a missing set."""
    rows, held = Rows(), held_out(data)
    _reviews(rows, data, held)
    _neutral(rows, data, held, seed)
    _demo(rows)
    return rows


def _splits(data: Path) -> dict[str, list[tuple[str, str]]]:
    """Splits that were never trained on."""
    reviews = [(row["text"], SIGNS[row["label"]]) for row in read_rows(data, "sentiment/chnsenticorp.dev")]
    return {
        "chnsenticorp.dev": reviews,
        "demo tickets.heldout": [(row["text"], row["sentiment"]) for row in service.held_tickets()],
        "demo conversations.heldout": [(row["text"], row["sentiment"]) for row in service.held_turns()],
        "demo moods.heldout": [(row["text"], row["sentiment"]) for row in held_moods()],
    }


def measure(head: Linear, data: Path, rows: Rows) -> dict[str, float]:
    """Figures on those splits, the plain way's on the same rows beside them."""
    out: dict[str, float] = {}
    splits = _splits(data)
    for name, split in splits.items():
        drop = None if any(label == "neutral" for _, label in split) else "neutral"
        out |= figures(*guesses(head, split, drop=drop), prefix=f"{name} ")
    return out | plain_figures(rows, splits)


def train(data: Path, version: str, models: Path, seed: int = 7) -> Shipped:
    """Fit, measure and write `models/sentiment/<version>`."""
    rows = gather(data, seed)
    # Calibrated on all rows: on service talk alone reviews lose a point and service talk gains none.
    fitted: Fit = fit(rows.texts, rows.labels, weights=rows.weights, seed=seed, strengths=(_STRENGTH,))
    return ship("sentiment", fitted, rows, version, models, lambda head: measure(head, data, rows))


if __name__ == "__main__":
    chosen = arguments(__doc__)
    train(chosen.data, chosen.version, chosen.models)
