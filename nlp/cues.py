"""What a reader hears beside the words: emoji, insults, sarcasm, shouting. Data in `presets/sentiment.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nlp.tables import Table, read_preset
from nlp.text import normalise

POLARITIES = ("negative", "neutral", "positive")
EMOTIONS = ("angry", "fear", "happy", "neutral", "sad", "surprise")


@dataclass(frozen=True, slots=True)
class Cue:
    """What one group of words adds: log-odds of polarities and of one emotion, and intensity."""

    name: str
    negative: float
    positive: float
    emotion: str
    emotion_shift: float
    intensity: float


@dataclass(frozen=True, slots=True)
class TrajectoryPolicy:
    """Shares of the newest turn in the smoothed value and in its smoothed change, above 0 and at most 1."""

    smoothing: float
    slope_smoothing: float


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words for the mode without models. `reach`: characters before a word in which a negation turns it."""

    words: Mapping[str, float]
    negations: tuple[str, ...]
    reach: int
    neutral_prior: float


@dataclass(frozen=True)
class CuePolicy:
    """The whole preset. `fits` and `moods` `[polarity][emotion]` are 0…1; `version` holds the file's digest."""

    version: str
    bound: float
    model_intensity: float
    fits: Mapping[str, Mapping[str, float]]
    moods: Mapping[str, Mapping[str, float]]
    cues: tuple[tuple[Cue, tuple[str, ...]], ...]
    lexicon: Lexicon
    trajectory: TrajectoryPolicy

    @cached_property
    def cue_finder(self) -> Finder:
        return Finder([(normalise(word), cue) for cue, words in self.cues for word in words])

    @cached_property
    def word_finder(self) -> Finder:
        return Finder([(normalise(word), weight) for word, weight in self.lexicon.words.items()])


class Finder:
    """Longest words first, from left to right, over normalised text; Latin words only between non-letters."""

    def __init__(self, entries: list[tuple[str, Any]]) -> None:
        import ahocorasick_rs

        self._words = [word for word, _ in entries]
        self._values = [value for _, value in entries]
        self._latin = [word.isascii() and word.isalnum() for word in self._words]
        kind = ahocorasick_rs.MatchKind.LeftmostLongest
        self._search = ahocorasick_rs.AhoCorasick(self._words, matchkind=kind).find_matches_as_indexes

    def find(self, text: str) -> Iterator[tuple[Any, int, int]]:
        """Value, start and end of each word found."""
        for number, start, end in self._search(text):
            if self._latin[number] and (_latin(text[start - 1 : start]) or _latin(text[end : end + 1])):
                continue
            yield self._values[number], start, end


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _cue(table: Table) -> tuple[Cue, tuple[str, ...]]:
    table.only("name", "words", "negative", "positive", "emotion", "emotion_shift", "intensity")
    cue = Cue(
        name=table.text("name"),
        negative=table.number("negative", 0.0, high=5),
        positive=table.number("positive", 0.0, high=5),
        emotion=table.text("emotion", "neutral", choices=EMOTIONS),
        emotion_shift=table.number("emotion_shift", 0.0, high=5),
        intensity=table.number("intensity", 0.0, high=1),
    )
    return cue, table.texts("words")


def _lexicon(table: Table, prior: float) -> Lexicon:
    table.only("negations", "reach", "weight", "positive", "negative")
    weight = table.number("weight", high=5)
    words = dict.fromkeys(table.texts("positive"), weight)
    words |= dict.fromkeys(table.texts("negative"), -weight)
    reach = int(table.number("reach", 3, high=10))
    return Lexicon(words, tuple(map(normalise, table.texts("negations"))), reach, prior)


def _by_polarity(table: Table) -> dict[str, dict[str, float]]:
    return {
        polarity: {emotion: table.table(polarity).number(emotion, low=0.01, high=1) for emotion in EMOTIONS}
        for polarity in POLARITIES
    }


def load_cues(folder: Path | None = None) -> CuePolicy:
    """The site's `sentiment.toml`, else the shipped preset. Raises PolicyError."""
    preset = read_preset("sentiment", folder)
    table = preset.table
    table.only(
        *("version", "bound", "neutral_prior", "intensity", "trajectory", "fits", "moods", "cue", "lexicon"),
    )
    trajectory = table.table("trajectory")
    return CuePolicy(
        version=f"{table.text('version')}+{preset.digest[:8]}",
        bound=table.number("bound", high=10),
        model_intensity=table.table("intensity").number("model", high=1),
        fits=_by_polarity(table.table("fits")),
        moods=_by_polarity(table.table("moods")),
        cues=tuple(_cue(item) for item in table.tables("cue")),
        lexicon=_lexicon(table.table("lexicon"), table.number("neutral_prior", high=5)),
        trajectory=TrajectoryPolicy(
            smoothing=trajectory.number("smoothing", low=0.01, high=1),
            slope_smoothing=trajectory.number("slope_smoothing", low=0.01, high=1),
        ),
    )
