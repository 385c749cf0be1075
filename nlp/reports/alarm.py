"""新增投诉: topics whose share of today's voices is more than chance makes of it, at a stated rate of false alarms.

A voice is what one customer said once; its topics are its category and the character pairs of its words. Were a
topic no newer today than before, today's part of the voices that name it would be a draw without replacement: the
upper tail of the hypergeometric distribution (Fisher 1934) is its chance, exactly, however small the counts. Over all
topics the chance of any alarm is held at the stated rate by Bonferroni's bound over the topics that could reach it at
all (Tarone 1990). A topic that came in bursts before is tested on counts divided by its dispersion.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, floor

from nlp.reports.policy import AlarmRules
from nlp.text import bigrams, key

CATEGORY = "category:"
_ALIKE = 0.5
"""Share of common voices from which two topics are one theme."""
_TOLD = 20


@dataclass(frozen=True, slots=True)
class Voice:
    """What somebody said (masked): `who` is the customer where known, so that one who writes ten times counts once."""

    id: str
    text: str
    category: str | None = None
    who: str | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """The voices of one day by topic; `topics` gives the places in `voices` that name each."""

    voices: tuple[Voice, ...]
    topics: Mapping[str, tuple[int, ...]]
    counts: Counter[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A theme that is new: named by its words or category, `count` today where `expected` were."""

    name: str
    category: str | None
    words: tuple[str, ...]
    count: int
    expected: float
    chance: float
    limit: float
    voices: tuple[Voice, ...]


def day_of(voices: Iterable[Voice]) -> Day:
    """Voices by topic; what one customer says twice in a day is said once, in its first words and all its topics."""
    places: dict[str, int] = {}
    kept: list[Voice] = []
    found: dict[str, dict[int, None]] = {}
    for one in voices:
        who = one.who or f"\0{one.id}"
        if who not in places:
            places[who] = len(kept)
            kept.append(one)
        for topic in topics_of(one):
            found.setdefault(topic, {})[places[who]] = None
    topics = {topic: tuple(at) for topic, at in found.items()}
    return Day(tuple(kept), topics, Counter({topic: len(at) for topic, at in topics.items()}))


def topics_of(voice: Voice) -> frozenset[str]:
    """The category, and pairs of characters that are no digits."""
    pairs = frozenset(pair for pair in bigrams(voice.text) if not any(letter.isdigit() for letter in pair))
    return pairs | {f"{CATEGORY}{voice.category}"} if voice.category else pairs


def alarms(
    before: Sequence[Day], today: Day, rules: AlarmRules, names: Mapping[str, str]
) -> tuple[Alarm, ...]:
    """Themes that are new today, the least likely first. `names` gives the Chinese names of categories.

    On voices whose topics do not depend on the day, a day has any alarm with a chance of at most
    `rules.false_alarms`. Fewer than `rules.least` voices, or less than `rules.ratio` times as many as expected, are
    never an alarm, which only makes them rarer.
    """
    size, past = len(today.voices), sum(len(day.voices) for day in before)
    if not size or not past:
        return ()
    known: Counter[str] = Counter()
    for day in before:
        known.update(day.counts)
    limit = _limit(known + today.counts, size, size + past, rules.false_alarms)
    loud = {}
    for topic, count in today.counts.items():
        expected = (known[topic] + count) * size / (size + past)
        if count >= rules.least and count >= rules.ratio * expected:
            chance = _chance(count, known[topic] + count, size, size + past)
            if chance <= limit:
                chance = _dispersed(topic, count, known[topic], before, size, past)
            if chance <= limit:
                loud[topic] = (chance, known[topic] * size / past)
    return tuple(sorted(_themes(loud, today, limit, names), key=lambda one: (one.chance, one.name)))


@lru_cache(maxsize=65536)
def _chance(count: int, both: int, size: int, every: int) -> float:
    """That of `every` voices, `both` of them of the topic, `size` drawn hold `count` of the topic or more."""
    from scipy.stats import hypergeom  # half a second that a start should not take

    return float(hypergeom.sf(count - 1, every, both, size))


def _limit(both: Counter[str], size: int, every: int, rate: float) -> float:
    """Tarone's limit: the rate over the number of topics that could fall below it at all."""
    at_best = Counter(both.values())
    best = sorted((_chance(min(n, size), n, size, every), number) for n, number in at_best.items())
    tested = max(1, sum(at_best.values()))
    # The smallest k such that at most k topics can reach rate / k.
    low, high = 1, tested
    while low < high:
        middle = (low + high) // 2
        if sum(number for chance, number in best if chance <= rate / middle) <= middle:
            high = middle
        else:
            low = middle + 1
    return rate / low


def _dispersed(topic: str, count: int, known: int, before: Sequence[Day], size: int, past: int) -> float:
    """The chance once bursts of the past are allowed for: counts over the dispersion of the days before."""
    share, spread, days = known / past, 0.0, 0
    for day in before:
        expected = share * len(day.voices)
        if expected > 0:
            spread += (day.counts[topic] - expected) ** 2 / expected
            days += 1
    scale = max(1.0, spread / (days - 1)) if days > 1 else 1.0
    if scale == 1.0:
        return _chance(count, known + count, size, size + past)
    fewer, drawn = floor(count / scale), max(1, floor(size / scale))
    both = fewer + ceil(known / scale)
    return _chance(fewer, both, max(drawn, fewer), max(drawn, fewer) + max(ceil(past / scale), both - fewer))


def _themes(
    loud: Mapping[str, tuple[float, float]], today: Day, limit: float, names: Mapping[str, str]
) -> Iterable[Alarm]:
    """Loud topics that share their voices are one theme."""
    groups: list[tuple[set[str], set[int]]] = []
    for topic in sorted(loud, key=lambda topic: (loud[topic][0], topic)):
        places = set(today.topics[topic])
        for topics, held in groups:
            if len(places & held) >= _ALIKE * min(len(places), len(held)):
                topics.add(topic)
                held.update(places)
                break
        else:
            groups.append(({topic}, places))
    for topics, held in groups:
        first = min(topics, key=lambda topic: (loud[topic][0], topic))
        codes = sorted(topic.removeprefix(CATEGORY) for topic in topics if topic.startswith(CATEGORY))
        words = frozenset(topic for topic in topics if not topic.startswith(CATEGORY))
        voices = tuple(today.voices[at] for at in sorted(held))
        run = _run(words, voices)
        told = run or names.get(codes[0], codes[0])
        yield Alarm(
            told, codes[0] if codes else None, tuple(sorted(words)), len(held), round(loud[first][1], 2),
            loud[first][0], limit, voices[:_TOLD],
        )  # fmt: skip


def _run(words: frozenset[str], voices: Sequence[Voice]) -> str:
    """The stretch of text made of the theme's pairs alone that most voices have; the longest of those."""
    runs: Counter[str] = Counter()
    for one in voices:
        letters = key(one.text)
        at = 0
        while at < len(letters) - 1:
            end = at
            while letters[end : end + 2] in words and end < len(letters) - 1:
                end += 1
            if end > at:
                runs[letters[at : end + 1]] += 1
            at = max(end, at + 1)
    return max(runs, key=lambda run: (runs[run] * len(run), run)) if runs else ""
