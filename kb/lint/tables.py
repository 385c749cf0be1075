"""The tables of the lint, read once from lint.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nlp.text import normalise

ClauseOf = Callable[[int, int], tuple[int, int]]
"""From a span of normalised text to the clause around it."""
SCALED = (
    *("duration", "working", "money", "percent", "discount", "point", "length", "area", "volume"),
    *("weight", "power", "charge", "temperature", "age", "floor"),
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A group of words that tell cases apart; `words` maps a word to the cases it fits."""

    name: str
    narrow: bool
    reach: str
    families: frozenset[str]
    special: frozenset[str]
    words: Mapping[str, frozenset[int]]
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Tables:
    """`units`: name to (family, scale). `folds`: word to the one it is read as."""

    units: Mapping[str, tuple[str, float]]
    kinds: Mapping[str, str]
    compare: Mapping[str, Any]
    severity: Mapping[str, str]
    folds: Mapping[str, str]
    fold_pattern: re.Pattern[str]
    stop: frozenset[str]
    conditions: tuple[Condition, ...]
    roles: Mapping[str, str]
    role_pattern: re.Pattern[str]
    answers: Mapping[str, Any]
    steps: Mapping[str, str]
    ranks: Mapping[str, int]
    draft: Mapping[str, Any]


def alternatives(words: Any) -> str:
    """A pattern of any of `words`, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


@lru_cache(maxsize=1)
def load() -> Tables:
    """The shipped tables."""
    raw = tomllib.loads((Path(__file__).parent / "lint.toml").read_text(encoding="utf-8"))
    units = {normalise(name): (family, scale) for family in SCALED for name, scale in raw[family].items()}
    same = raw["other"]["same"]
    units |= {
        name: (f"count:{same.get(name, name)}", 1.0) for name in raw["other"]["units"] if name not in units
    }
    folds = {normalise(word): group[0] for group in raw["fold"]["groups"] for word in group[1:]}
    roles = {normalise(word): role for role, words in raw["role"].items() for word in words}
    return Tables(
        units=units,
        kinds=raw["compare"]["families"],
        compare=raw["compare"],
        severity=raw["severity"],
        folds=folds,
        fold_pattern=re.compile(alternatives(folds)),
        stop=frozenset(raw["fold"]["stop"]),
        conditions=tuple(_condition(one) for one in raw["condition"]),
        roles=roles,
        role_pattern=re.compile(alternatives(roles)),
        answers=_answers(raw["answer"], folds),
        steps=raw["steps"],
        ranks={kind: at for at, kind in enumerate(raw["rank"]["kinds"])},
        draft=raw["draft"],
    )


def _answers(raw: Mapping[str, Any], folds: Mapping[str, str]) -> dict[str, Any]:
    """Both sides with every word that is read as one of theirs."""
    sides = {
        side: [*raw[side], *(word for word, first in folds.items() if first in raw[side])]
        for side in ("ours", "theirs")
    }
    return {**raw, **sides}


def _condition(raw: Mapping[str, Any]) -> Condition:
    words: dict[str, set[int]] = {}
    for at, group in enumerate(raw["words"]):
        for word in group.split("|"):
            words.setdefault(normalise(word), set()).add(at)
    fixed = {word: frozenset(group) for word, group in words.items()}
    return Condition(
        raw["name"],
        raw.get("narrow", False),
        raw.get("reach", ""),
        frozenset(raw.get("families", ())),
        frozenset(raw.get("special", ())),
        fixed,
        re.compile(alternatives(words)),
    )
