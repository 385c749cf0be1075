"""Themes of what customers complain about: how often each aspect is judged, beside a few of their own words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nlp.privacy import mask
from nlp.reports.alarm import Voice
from nlp.reports.aspects import Aspects
from nlp.text import key

_SHORTEST = 6
"""Letters below which a quote says nothing by itself."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Somebody's words, masked, and the id of the observation they come from."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Theme:
    """An aspect: how many voices judge it so, the most frequent opinions, at most a few quotes."""

    code: str
    name: str
    negative: int
    positive: int
    opinions: tuple[tuple[str, int], ...]
    quotes: tuple[Quote, ...]


def themes(voices: Iterable[Voice], aspects: Aspects, each: int, most: int) -> tuple[Theme, ...]:
    """The aspects most complained of, at most `each` quotes a theme: distinct words of distinct people."""
    judged: dict[str, dict[str, list[tuple[Voice, str]]]] = {}
    for voice in voices:
        for one in aspects.mine(voice.text):
            sides = judged.setdefault(one.aspect, {"negative": [], "positive": []})
            sides[one.polarity].append((voice, one.opinion))
    ordered = sorted(judged, key=lambda code: (-len(judged[code]["negative"]), code))
    return tuple(
        Theme(
            code, aspects.names[code], len(judged[code]["negative"]), len(judged[code]["positive"]),
            _opinions([opinion for _, opinion in judged[code]["negative"]]),
            _quotes([voice for voice, _ in judged[code]["negative"]], each),
        )
        for code in ordered[:most]
        if judged[code]["negative"]
    )  # fmt: skip


def _opinions(said: list[str]) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    for one in said:
        counts[mask(one)] = counts.get(mask(one), 0) + 1
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:3])


def _quotes(voices: list[Voice], each: int) -> tuple[Quote, ...]:
    """The shortest that say something, for they say it plainest; one a person, none twice."""
    told: list[Quote] = []
    people: set[str] = set()
    words: set[str] = set()
    for voice in sorted(voices, key=lambda one: (len(one.text), one.id)):
        letters, who = key(voice.text), voice.who or voice.id
        if len(letters) >= _SHORTEST and letters not in words and who not in people:
            told.append(Quote(voice.id, mask(voice.text)))
            words.add(letters)
            people.add(who)
        if len(told) == each:
            break
    return tuple(told)
