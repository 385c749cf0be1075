"""Polarity, emotion and intensity of texts, and their course over a conversation.

Two classifiers decide and cues lean on them, in log-odds and within a bound; without models a short lexicon and
the cues decide alone (mode `rules_only`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.artefacts import ArtefactError
from nlp.classify import Classifier, load_classifier
from nlp.cues import EMOTIONS, POLARITIES, Cue, CuePolicy, TrajectoryPolicy, load_cues
from nlp.linear import Linear, together
from nlp.text import normalise

FULL, RULES_ONLY = "full", "rules_only"
_NEGATIVE, _NEUTRAL, _POSITIVE = range(3)
_CALM = EMOTIONS.index("neutral")

Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sentiment:
    """`score` is p(positive) - p(negative), -1…1; `intensity` 0…1; `cues` names what was heard beside words."""

    polarity: str
    score: float
    emotion: str
    intensity: float
    cues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Smoothed score of `n` turns and its smoothed change per turn."""

    value: float = 0.0
    slope: float = 0.0
    n: int = 0


def advance(trajectory: Trajectory, sentiment: Sentiment, policy: TrajectoryPolicy) -> Trajectory:
    """The course after one more turn; work and memory do not grow with the conversation."""
    if trajectory.n == 0:
        return Trajectory(sentiment.score, 0.0, 1)
    step = policy.smoothing * (sentiment.score - trajectory.value)
    slope = trajectory.slope + policy.slope_smoothing * (step - trajectory.slope)
    return Trajectory(trajectory.value + step, slope, trajectory.n + 1)


@dataclass(frozen=True, slots=True)
class _Heard:
    polarity: tuple[float, float, float]
    emotion: dict[int, float]
    intensity: float
    names: tuple[str, ...]


_NOTHING = _Heard((0.0, 0.0, 0.0), {}, 0.0, ())


def _hear(found: Sequence[Cue], bound: float) -> _Heard:
    # A group counts once however often it is heard: ten exclamation marks are one shout.
    cues = tuple({cue.name: cue for cue in found}.values())
    if not cues:
        return _NOTHING
    negative = min(sum(cue.negative for cue in cues), bound)
    positive = min(sum(cue.positive for cue in cues), bound)
    emotion: dict[int, float] = {}
    for cue in cues:
        if cue.emotion_shift:
            at = EMOTIONS.index(cue.emotion)
            emotion[at] = min(emotion.get(at, 0.0) + cue.emotion_shift, bound)
    return _Heard(
        (negative, 0.0, positive),
        emotion,
        sum(cue.intensity for cue in cues),
        tuple(cue.name for cue in cues),
    )


def _lexicon_shares(text: str, policy: CuePolicy) -> tuple[float, float, float]:
    """Polarity from words alone; a negation shortly before a word turns it."""
    lexicon, odds = policy.lexicon, [0.0, policy.lexicon.neutral_prior, 0.0]
    for weight, start, _ in policy.word_finder.find(text):
        before = text[max(0, start - lexicon.reach) : start]
        turned = any(negation in before for negation in lexicon.negations)
        odds[_POSITIVE if (weight > 0) != turned else _NEGATIVE] += abs(weight)
    raised = [math.exp(value) for value in odds]
    total = sum(raised)
    return raised[0] / total, raised[1] / total, raised[2] / total


def _normal(shares: Shares) -> Shares:
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


class SentimentAnalyser:
    """`analyse` is thread-safe and deterministic; an empty text is neutral."""

    def __init__(
        self, policy: CuePolicy, polarity: Classifier | None = None, emotion: Classifier | None = None
    ) -> None:
        self._policy, self._polarity, self._emotion = policy, polarity, emotion
        self._fits = np.array([[policy.fits[p][e] for e in EMOTIONS] for p in POLARITIES])
        self._moods = np.array([[policy.moods[p][e] for e in EMOTIONS] for p in POLARITIES])
        self.trajectory_policy = policy.trajectory
        self.mode = FULL if polarity is not None and emotion is not None else RULES_ONLY
        models = tuple(model.version for model in (polarity, emotion) if model is not None)
        self.version = "+".join((*models, f"cues/{policy.version}"))
        policy.cue_finder.find("")
        policy.word_finder.find("")

    def analyse(self, texts: Sequence[str]) -> tuple[Sentiment, ...]:
        """One sentiment per text, in order."""
        if not texts:
            return ()
        clean = [normalise(text) for text in texts]
        find, bound = self._policy.cue_finder.find, self._policy.bound
        heard = [_hear([cue for cue, _, _ in find(text)], bound) for text in clean]
        polarity, emotion = self._models(texts, clean)
        shift = np.array([one.polarity for one in heard])
        polarity = _normal(polarity * np.exp(shift))
        lean = np.zeros_like(emotion)
        for row, one in enumerate(heard):
            for at, value in one.emotion.items():
                lean[row, at] = value
        emotion = _normal(emotion * np.exp(lean) * (polarity @ self._fits))
        return self._join(clean, heard, polarity, emotion)

    def _models(self, texts: Sequence[str], clean: Sequence[str]) -> tuple[Shares, Shares]:
        """Shares `[texts, 3]` and `[texts, 6]` in the order of POLARITIES and EMOTIONS."""
        if self._polarity is None or self._emotion is None:
            polarity = np.array([_lexicon_shares(text, self._policy) for text in clean])
            return polarity, _normal(polarity @ self._moods)
        if isinstance(self._polarity, Linear) and isinstance(self._emotion, Linear):
            first, second = together((self._polarity, self._emotion), texts)
        else:
            first, second = self._polarity.probabilities(texts), self._emotion.probabilities(texts)
        order = [self._polarity.labels.index(label) for label in POLARITIES]
        moods = [self._emotion.labels.index(label) for label in EMOTIONS]
        return first[:, order].astype(np.float64), second[:, moods].astype(np.float64)

    def _join(
        self, clean: Sequence[str], heard: Sequence[_Heard], polarity: Shares, emotion: Shares
    ) -> tuple[Sentiment, ...]:
        score = polarity[:, _POSITIVE] - polarity[:, _NEGATIVE]
        felt = np.maximum(np.abs(score), 1.0 - emotion[:, _CALM]) * self._policy.model_intensity
        added = np.array([one.intensity for one in heard])
        # What cues add counts in full only where there is a feeling to add to.
        strength = np.minimum(felt + added * np.minimum(1.0, 2 * felt), 1.0)
        rows = zip(
            *(clean, heard, polarity.argmax(axis=1).tolist(), np.round(score, 4).tolist()),
            *(emotion.argmax(axis=1).tolist(), np.round(strength, 4).tolist()),
            strict=True,
        )
        return tuple(
            Sentiment(POLARITIES[p], value, EMOTIONS[e], force, one.names)
            if text
            else Sentiment("neutral", 0.0, "neutral", 0.0)
            for text, one, p, value, e, force in rows
        )


def load_analyser(root: Path | None = None, folder: Path | None = None) -> SentimentAnalyser:
    """The shipped models (or those below `root`) with the site's cues from `folder`; without models, rules only.

    Raises PolicyError for a cue file that cannot be used.
    """
    policy = load_cues(folder)
    try:
        polarity, emotion = load_classifier("sentiment", root), load_classifier("emotion", root)
    except ArtefactError:
        return SentimentAnalyser(policy)
    return SentimentAnalyser(policy, polarity, emotion)
