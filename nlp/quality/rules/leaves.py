"""How each atom is written: its word, the settings beside it, and what they read as."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from nlp.cues import EMOTIONS, POLARITIES
from nlp.phrases import Phrases
from nlp.privacy import MASKS
from nlp.quality.problems import FormError
from nlp.quality.rules import values
from nlp.quality.rules.atoms import (
    DIALOGUE_MEASURES,
    LIKENESS,
    SHORTEST,
    SUSPICIONS,
    TURN_MEASURES,
    Bounds,
    Entities,
    Measure,
    Mood,
    Repeats,
    Similar,
    Stage,
    Suspected,
    Tagged,
    Template,
    Untrue,
    Words,
)
from nlp.quality.rules.tree import All, AnyOf, Leaf, Node, Not, Where
from nlp.stages import STAGES
from nlp.text import normalise

Given = Mapping[str, Any]
NAMED = ("order_no", "tracking_no", "amount", "date", "phone_tail")
ENTITIES = tuple(dict.fromkeys((*NAMED, *MASKS)))
BOUNDS = tuple(one.name for one in fields(Bounds))
_SHOWN = 3


def bounds(given: Given, place: str) -> Bounds:
    """The bounds written beside a number. Raises FormError where there are none."""
    found = {name: values.number(given[name], f"{place}.{name}", -1e9) for name in BOUNDS if name in given}
    if not found:
        raise FormError(place, "没有写界限", "|".join(BOUNDS))
    return Bounds(**found)


def literal(word: str, place: str) -> str:
    """A pattern of the letters of a word as a normalised turn has them."""
    plain = normalise(word)
    if not plain:
        raise FormError(place, f"没有字 {word!r}", "至少一个字")
    return re.escape(plain)


def _told(words: tuple[str, ...]) -> str:
    return f"“{'、'.join(words[:_SHOWN])}{'…' if len(words) > _SHOWN else ''}”"


def _words(given: Given, place: str, where: Where) -> Node:
    name = f"{place}.words"
    words = values.listed(given["words"], name)
    match = given.get("match", "any")
    if type(match) is not int or not 1 <= match <= len(words):
        values.choice(match, f"{place}.match", ("any", "all", "none", f"1 到 {len(words)} 的数"))
    quoted = values.boolean(given.get("quoted", False), f"{place}.quoted")

    def of(some: tuple[str, ...]) -> Words:
        return Words(Phrases(tuple(literal(word, name) for word in some), quoted=quoted), _told(some))

    if match == "any":
        return Leaf(of(words), where, place)
    if match == "none":
        return Not(Leaf(of(words), Where(), name), where, place)
    each = tuple(Leaf(of((word,)), Where(), f"{name}[{at}]") for at, word in enumerate(words))
    return All(each, where, place) if match == "all" else AnyOf(each, where, place, match)


def _pattern(given: Given, place: str, where: Where) -> Node:
    patterns = values.listed(given["pattern"], f"{place}.pattern")
    unless = values.listed(given["unless"], f"{place}.unless") if "unless" in given else ()
    for name, some in (("pattern", patterns), ("unless", unless)):
        for one in some:
            values.pattern(one, f"{place}.{name}")
    quoted = values.boolean(given.get("quoted", False), f"{place}.quoted")
    return Leaf(Words(Phrases(patterns, unless, quoted), f"/{patterns[0][:30]}/"), where, place)


def _share(given: Given, name: str, place: str, default: float) -> float:
    return values.number(given.get(name, default), f"{place}.{name}", 0.0, 1.0)


def _similar(given: Given, place: str, where: Where) -> Node:
    texts = values.listed(given["similar"], f"{place}.similar")
    plain = Similar(())
    sure, fuzzy = _share(given, "at_least", place, plain.at_least), _share(given, "fuzzy", place, plain.fuzzy)
    return Leaf(Similar(texts, sure, fuzzy), where, place)


def _entity(given: Given, place: str, where: Where) -> Node:
    types = values.listed(given["entity"], f"{place}.entity")
    for one in types:
        values.choice(one, f"{place}.entity", ENTITIES)
    return Leaf(Entities(types), where, place)


def _sentiment(given: Given, place: str, where: Where) -> Node:
    polarity = values.choice(given["sentiment"], f"{place}.sentiment", POLARITIES)
    return Leaf(Mood(polarity, (), _share(given, "at_least", place, 0.0)), where, place)


def _emotion(given: Given, place: str, where: Where) -> Node:
    emotions = values.listed(given["emotion"], f"{place}.emotion")
    for one in emotions:
        values.choice(one, f"{place}.emotion", EMOTIONS)
    return Leaf(Mood("", emotions, _share(given, "at_least", place, 0.0)), where, place)


def _suspected(given: Given, place: str, where: Where) -> Node:
    label = values.choice(given["suspected"], f"{place}.suspected", SUSPICIONS)
    return Leaf(Suspected(label, _share(given, "at_least", place, Suspected("").at_least)), where, place)


def _stage(given: Given, place: str, where: Where) -> Node:
    return Leaf(Stage(values.choice(given["stage"], f"{place}.stage", STAGES)), where, place)


def _facts(given: Given, place: str, where: Where) -> Node:
    values.choice(given["facts"], f"{place}.facts", ("contradicted",))
    return Leaf(Untrue(), where, place)


def _repeats(given: Given, place: str, where: Where) -> Node:
    times = values.whole(given["repeats"], f"{place}.repeats", 2)
    within = values.whole(given["within"], f"{place}.within") if "within" in given else None
    ignore = values.listed(given["ignore"], f"{place}.ignore") if "ignore" in given else ()
    return Leaf(Repeats(times, *_copies(given, place), within, ignore), where, place)


def _copies(given: Given, place: str) -> tuple[float, int]:
    shortest = values.whole(given.get("shortest", SHORTEST), f"{place}.shortest")
    return _share(given, "likeness", place, LIKENESS), shortest


def _template(given: Given, place: str, where: Where) -> Node:
    scripts = values.listed(given["scripts"], f"{place}.scripts") if "scripts" in given else ()
    share = _share(given, "template", place, 0.0)
    return Leaf(Template(share, scripts, *_copies(given, place)), where, place)


def _tag(given: Given, place: str, where: Where) -> Node:
    return Leaf(Tagged(values.listed(given["tag"], f"{place}.tag")), where, place)


def _measure(given: Given, place: str, where: Where) -> Node:
    name = values.choice(given["measure"], f"{place}.measure", (*TURN_MEASURES, *DIALOGUE_MEASURES))
    return Leaf(Measure(name, bounds(given, place)), where, place)


LEAVES: Mapping[str, tuple[tuple[str, ...], Callable[[Given, str, Where], Node]]] = {
    "words": (("match", "quoted"), _words),
    "pattern": (("unless", "quoted"), _pattern),
    "similar": (("at_least", "fuzzy"), _similar),
    "entity": ((), _entity),
    "sentiment": (("at_least",), _sentiment),
    "emotion": (("at_least",), _emotion),
    "suspected": (("at_least",), _suspected),
    "stage": ((), _stage),
    "facts": ((), _facts),
    "repeats": (("likeness", "shortest", "within", "ignore"), _repeats),
    "template": (("scripts", "likeness", "shortest"), _template),
    "tag": ((), _tag),
    "measure": (BOUNDS, _measure),
}
"""The word of an atom, the settings beside it, and its reader."""
