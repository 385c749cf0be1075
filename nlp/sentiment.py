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
from nlp.codes import BREAK, Codes, decoded
from nlp.conduct import Conduct, load_conduct
from nlp.cues import EMOTIONS, POLARITIES, Cue, CuePolicy, Finder, TrajectoryPolicy, load_cues
from nlp.hashed import hashed, read
from nlp.linear import Linear, Panel, alike, beside, softmax

FULL, RULES_ONLY = "full", "rules_only"
_NEGATIVE, _NEUTRAL, _POSITIVE = range(3)
_CALM = EMOTIONS.index("neutral")
_MIXES = 4096  # mixes of cues that are kept
_POLARITIES = np.array(POLARITIES, dtype=np.object_)
_EMOTIONS = np.array(EMOTIONS, dtype=np.object_)

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


def _hear(cues: Sequence[Cue], bound: float) -> _Heard:
    # A group counts once however often it is heard: ten exclamation marks are one shout.
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


class _Ear:
    """What is heard in texts; a mix of cues is weighed once however many texts hold it."""

    def __init__(self, finder: Finder, bound: float) -> None:
        self._finder, self._bound = finder, bound
        self._weighed: dict[tuple[str, ...], _Heard] = {}

    def hear(self, joined: str, starts: NDArray[np.int64]) -> dict[int, _Heard]:
        """By number, every text that holds a cue; all are searched as one."""
        hits = list(self._finder.find(joined))
        rows = np.searchsorted(starts, [start for _, start, _ in hits]) - 1
        found: dict[int, dict[str, Cue]] = {}
        for row, (cue, _, _) in zip(rows.tolist(), hits, strict=True):
            found.setdefault(row, {})[cue.name] = cue
        return {row: self._weigh(cues) for row, cues in found.items()}

    def _weigh(self, cues: dict[str, Cue]) -> _Heard:
        names = tuple(cues)
        heard = self._weighed.get(names)
        if heard is None:
            heard = _hear(tuple(cues.values()), self._bound)
            if len(self._weighed) < _MIXES:
                self._weighed[names] = heard
        return heard


@dataclass(frozen=True, slots=True)
class _Weighed:
    """Shares after the cues had their say; what cues add to the intensity, their names, which texts are empty."""

    polarity: Shares
    emotion: Shares
    added: Shares
    names: list[tuple[str, ...]]
    empty: NDArray[np.bool_]


def _normal(shares: Shares) -> Shares:
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


class SentimentAnalyser:
    """`analyse` is thread-safe and deterministic; an empty text is neutral.

    `conduct` hears the agent's side, for those who judge it.
    """

    def __init__(
        self,
        policy: CuePolicy,
        polarity: Classifier | None = None,
        emotion: Classifier | None = None,
        conduct: Conduct | None = None,
    ) -> None:
        self.conduct = conduct
        self._policy, self._polarity, self._emotion = policy, polarity, emotion
        self._fits = np.array([[policy.fits[p][e] for e in EMOTIONS] for p in POLARITIES])
        self._moods = np.array([[policy.moods[p][e] for e in EMOTIONS] for p in POLARITIES])
        self.trajectory_policy = policy.trajectory
        self.mode = FULL if polarity is not None and emotion is not None else RULES_ONLY
        models = tuple(model.version for model in (polarity, emotion, conduct) if model is not None)
        self.version = "+".join((*models, f"cues/{policy.version}"))
        self._panel: Panel | None = None
        self._order, self._mood = list(range(len(POLARITIES))), list(range(len(EMOTIONS)))
        if polarity is not None and emotion is not None:
            self._order = [polarity.labels.index(label) for label in POLARITIES]
            self._mood = [emotion.labels.index(label) for label in EMOTIONS]
            if isinstance(polarity, Linear) and isinstance(emotion, Linear) and alike((polarity, emotion)):
                self._panel = beside((polarity, emotion))
        policy.word_finder.find("")
        self._ear = _Ear(policy.cue_finder, policy.bound)
        self.analyse(("好", "。"))  # segmenter and tables are read now, so that no customer waits for them

    def analyse(self, texts: Sequence[str]) -> tuple[Sentiment, ...]:
        """One sentiment per text, in order."""
        out: list[Sentiment] = []
        for first, last, codes in read(texts):
            out += self._said(self._weigh(texts[first:last], codes))
        return tuple(out)

    def shares(self, texts: Sequence[str]) -> tuple[Shares, Shares]:
        """Probabilities `[texts, 3]` and `[texts, 6]` of POLARITIES and EMOTIONS, cues included."""
        parts = [self._weigh(texts[first:last], codes) for first, last, codes in read(texts)]
        none = _Weighed(np.zeros((0, 3)), np.zeros((0, 6)), np.zeros(0), [], np.zeros(0, dtype=np.bool_))
        parts = parts or [none]
        return np.concatenate([one.polarity for one in parts]), np.concatenate([one.emotion for one in parts])

    def _weigh(self, texts: Sequence[str], codes: Codes) -> _Weighed:
        joined, starts, polarity, emotion = self._models(texts, codes)
        heard = self._ear.hear(joined, starts)
        shift, lean, added = np.zeros_like(polarity), np.zeros_like(emotion), np.zeros(len(texts))
        names: list[tuple[str, ...]] = [()] * len(texts)
        for row, one in heard.items():
            shift[row], added[row], names[row] = one.polarity, one.intensity, one.names
            for at, value in one.emotion.items():
                lean[row, at] = value
        polarity = _normal(polarity * np.exp(shift))
        emotion = _normal(emotion * np.exp(lean) * (polarity @ self._fits))
        return _Weighed(polarity, emotion, added, names, np.diff(starts) == 1)

    def _said(self, found: _Weighed) -> list[Sentiment]:
        polarity, emotion, empty = found.polarity, found.emotion, found.empty
        score = polarity[:, _POSITIVE] - polarity[:, _NEGATIVE]
        felt = np.maximum(np.abs(score), 1.0 - emotion[:, _CALM]) * self._policy.model_intensity
        # What cues add counts in full only where there is a feeling to add to.
        strength = np.minimum(felt + found.added * np.minimum(1.0, 2 * felt), 1.0)
        attitude, mood = polarity.argmax(axis=1), emotion.argmax(axis=1)
        attitude[empty], score[empty], mood[empty], strength[empty] = _NEUTRAL, 0.0, _CALM, 0.0
        columns = (_POLARITIES[attitude], np.round(score, 4), _EMOTIONS[mood], np.round(strength, 4))
        return list(map(Sentiment, *(column.tolist() for column in columns), found.names))

    def _models(self, texts: Sequence[str], codes: Codes) -> tuple[str, NDArray[np.int64], Shares, Shares]:
        """Texts as one and where each begins; shares `[texts, 3]` and `[texts, 6]`, in our order of labels."""
        if self._panel is not None:
            spans = hashed(codes)
            joined, starts = spans.joined, spans.starts
            first, second = map(softmax, self._panel.logits(spans, texts))
        else:
            joined, starts = decoded(codes), np.flatnonzero(codes == BREAK)
            if self._polarity is None or self._emotion is None:
                clean = joined.split("\n")[1:-1]
                polarity = np.array([_lexicon_shares(text, self._policy) for text in clean])
                return joined, starts, polarity, _normal(polarity @ self._moods)
            first, second = self._polarity.probabilities(texts), self._emotion.probabilities(texts)
        return (
            joined,
            starts,
            first[:, self._order].astype(np.float64),
            second[:, self._mood].astype(np.float64),
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
    return SentimentAnalyser(policy, polarity, emotion, load_conduct(root))
