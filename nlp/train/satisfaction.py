"""Heads for dialogues, fitted on a file's own labels: satisfaction of a turn, and quality as distributions.

Features: the running features of `nlp.quality.satisfaction` and character n-grams of what was said. Fits in
seconds on a few thousand turns; nothing that is fitted here on a set for measuring only is shipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.mood import Mood
from nlp.quality.ports import Analyser
from nlp.quality.satisfaction import FEATURES, course, with_outcome
from nlp.text import normalise
from nlp.transcript import SERVICE_ROLES, Transcript, parse_transcript

Floats = NDArray[np.float64]
ASPECTS = ("A", "S", "E")
GRADES = (-2, -1, 0, 1, 2)
_HISTORY = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """One place to be judged: running numbers, and the views of the text by name."""

    numbers: tuple[float, ...]
    views: tuple[str, ...]


def turns_of(row: Mapping[str, Any], analyser: Analyser | None = None) -> list[tuple[int, Seen]]:
    """What is known at each customer turn of `{"turns":[{"role","text"}]}`, nothing from later turns."""
    turns = row["turns"]
    roles = [str(turn["role"]) for turn in turns]
    texts = [normalise(str(turn["text"])) for turn in turns]
    feelings: dict[int, Mood] = {}
    if analyser is not None:
        places = [at for at, role in enumerate(roles) if role == "customer"]
        feelings = dict(zip(places, analyser.analyse([str(turns[at]["text"]) for at in places]), strict=True))
    found = []
    for at, numbers in course(roles, texts, feelings):
        before = range(max(0, at - _HISTORY), at)
        history = " ".join(texts[k] for k in before if roles[k] == "customer")
        reply = next((texts[k] for k in reversed(before) if roles[k] in SERVICE_ROLES), "")
        found.append((at, Seen((*numbers, at / 40.0, float(reply != "")), (texts[at], reply, history))))
    return found


def dialogue_of(row: Mapping[str, Any], analyser: Analyser | None = None) -> Seen:
    """What is known of a whole dialogue."""
    turns = row["turns"]
    texts = [normalise(str(turn["text"])) for turn in turns]
    customer = [text for turn, text in zip(turns, texts, strict=True) if turn["role"] == "customer"]
    service = [text for turn, text in zip(turns, texts, strict=True) if turn["role"] in SERVICE_ROLES]
    steps = turns_of(row, analyser)
    last = steps[-1][1].numbers if steps else (0.0,) * (len(FEATURES) + 2)
    more = (
        float(len(turns)), float(len(customer)), float(len(service)), float(turns[-1]["role"] == "customer"),
        np.log1p(sum(map(len, customer))), np.log1p(sum(map(len, service))),
        np.log1p(len(service[-1]) if service else 0), float(np.log1p(len(customer[-1])) if len(customer) > 1 else 0.0),
    )  # fmt: skip
    return Seen(
        (*last, *(float(value) for value in more)),
        (" ".join(customer), " ".join(service), customer[-1] if len(customer) > 1 else "", texts[-1]),
    )


class Features:
    """Numbers standardised, each view as TF-IDF of character n-grams; learnt on the fitting rows alone."""

    def __init__(
        self, weights: Sequence[float], numbers: float = 0.3, longest: int = 3, most: int = 40_000
    ) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._weights, self._numbers, self._most = tuple(weights), numbers, most
        self._views = [
            TfidfVectorizer(
                analyzer="char",
                ngram_range=(1, longest),
                min_df=3,
                sublinear_tf=True,
                max_features=self._most,
            )
            for _ in weights
        ]
        self._live: list[bool] = []
        self._mean = self._scale = np.zeros(0)

    def fit(self, seen: Sequence[Seen]) -> Any:
        """Learn the vocabulary and return the matrix of the fitting rows."""
        numbers = np.array([one.numbers for one in seen], dtype=np.float64)
        self._mean, self._scale = numbers.mean(axis=0), numbers.std(axis=0) + 1e-6
        self._live = []
        for at, view in enumerate(self._views):
            try:
                view.fit([one.views[at] for one in seen])
                self._live.append(True)
            except ValueError:  # too few rows for any n-gram to recur
                self._live.append(False)
        return self.of(seen)

    def of(self, seen: Sequence[Seen]) -> Any:
        """Sparse matrix `[n, features]`."""
        from scipy import sparse

        numbers = np.array([one.numbers for one in seen], dtype=np.float64)
        parts = [sparse.csr_matrix(self._numbers * (numbers - self._mean) / self._scale)]
        for at, (view, weight) in enumerate(zip(self._views, self._weights, strict=True)):
            if self._live[at]:
                parts.append(view.transform([one.views[at] for one in seen]) * weight)
        return sparse.hstack(parts).tocsr()


@dataclass(frozen=True)
class TurnHead:
    """Level of satisfaction of a customer turn."""

    features: Features
    model: Any

    def levels(self, seen: Sequence[Seen]) -> list[int]:
        return [int(level) for level in self.model.predict(self.features.of(seen))]


def fit_turn_head(seen: Sequence[Seen], levels: Sequence[int], seed: int = 0) -> TurnHead:
    """A softmax over numbers and n-grams. Raises ValueError when the labels are all the same."""
    from sklearn.linear_model import LogisticRegression

    if len(set(levels)) < 2:
        raise ValueError("训练数据里的满意度只有一种取值")
    features = Features((1.0, 0.5, 0.5), most=12_000)
    model = LogisticRegression(C=1.0, max_iter=100, tol=1e-3, random_state=seed)
    return TurnHead(features, model.fit(features.fit(seen), np.array(levels)))


@dataclass(frozen=True)
class DialogueHead:
    """Distribution over the five grades for each aspect."""

    features: Features
    models: Mapping[str, Any]
    base: Mapping[str, Floats]

    def distributions(self, seen: Sequence[Seen]) -> dict[str, Floats]:
        """Rows of shares by aspect, `[n, 5]`, each summing to 1."""
        matrix = self.features.of(seen)
        found = {}
        for aspect, model in self.models.items():
            shares = np.clip(model.predict(matrix) + self.base[aspect], 1e-4, None)
            found[aspect] = shares / shares.sum(axis=1, keepdims=True)
        return found


def shares_of(annotations: Iterable[Mapping[str, Any]], aspect: str) -> Floats:
    """Share of annotators that gave each grade −2 … 2."""
    grades = [int(one[aspect]) for one in annotations]
    return np.array([grades.count(grade) for grade in GRADES], dtype=np.float64) / max(len(grades), 1)


def fit_dialogue_head(
    seen: Sequence[Seen], truth: Mapping[str, Floats], strength: float = 2.0
) -> DialogueHead:
    """Ridge from features to shares, one for each aspect. `truth[aspect]` is `[n, 5]`."""
    from sklearn.linear_model import Ridge

    features = Features((1.0, 0.7, 0.7, 0.7), numbers=0.25)
    matrix = features.fit(seen)
    base = {aspect: shares.mean(axis=0) for aspect, shares in truth.items()}
    models = {
        aspect: Ridge(alpha=strength, fit_intercept=False, solver="sparse_cg", tol=1e-4).fit(
            matrix, shares - base[aspect]
        )
        for aspect, shares in truth.items()
    }
    return DialogueHead(features, models, base)


def fit_preset(rows: Sequence[Mapping[str, Any]], path: Path, version: str) -> None:
    """Fit the shipped parameters on our own labelled conversations (`labels.satisfied`) and write the TOML.

    Each conversation counts twice, with and without the labelled sentiment, as the service meets both.
    """
    from sklearn.linear_model import LogisticRegression

    features, levels = [], []
    for row in rows:
        transcript = parse_transcript(row)
        for feelings in (_labelled(row, transcript), {}):
            for outcome in (transcript.outcome, None):
                last = _last(transcript, feelings)
                if last is not None:
                    features.append(with_outcome(last, outcome))
                    levels.append(int(row["labels"]["satisfied"]))
    matrix = np.array(features)
    mean, scale = matrix.mean(axis=0), matrix.std(axis=0) + 0.05
    model = LogisticRegression(C=0.1, max_iter=1000).fit((matrix - mean) / scale, levels)
    lines = [
        "# Satisfaction at the end of a dialogue: softmax over running features (nlp/quality/satisfaction.py).",
        "# Fitted by nlp.train.satisfaction.fit_preset on scripts/demo/conversations.jsonl; edit by refitting.",
        f'version = "{version}"',
        f"features = {list(FEATURES)!r}".replace("'", '"'),
        f"mean = {[round(float(v), 4) for v in mean]}",
        f"scale = {[round(float(v), 4) for v in scale]}",
        f"bias = {[round(float(v), 4) for v in model.intercept_]}",
        f"weights = {[[round(float(v), 4) for v in row] for row in model.coef_]}",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Labelled:
    polarity: str
    score: float
    emotion: str
    intensity: float = 0.6


_SCORES = {"negative": -0.7, "neutral": 0.0, "positive": 0.7}


def _labelled(row: Mapping[str, Any], transcript: Transcript) -> dict[int, Mood]:
    return {
        int(at): _Labelled(label["sentiment"], _SCORES[label["sentiment"]], label["emotion"])
        for at, label in row["labels"]["turns"].items()
        if int(at) < len(transcript.turns)
    }


def _last(transcript: Transcript, feelings: Mapping[int, Mood]) -> tuple[float, ...] | None:
    texts = [normalise(turn.text) for turn in transcript.turns]
    steps = list(course([turn.role for turn in transcript.turns], texts, feelings))
    return steps[-1][1] if steps else None
