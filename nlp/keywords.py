"""Category from words alone: the whole answer without a classifier, and the first one for a new category."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlp.rules import RuleSet, read_rules
from nlp.tables import Preset

if TYPE_CHECKING:
    from nlp.policy import Policy


@dataclass(frozen=True, slots=True)
class Keywords:
    rules: RuleSet
    sharpness: float
    doubt: float


def read_keywords(preset: Preset, leaves: frozenset[str]) -> Keywords:
    """The words of `keywords.toml`; words of a category the taxonomy lacks are left out. Raises PolicyError."""
    preset.table.only("version", "standard", "strength", "words", "guard", "rule")
    strength = preset.table.table("strength")
    rules = read_rules(preset.table, ("word",), leaves)
    return Keywords(
        rules, strength.number("sharpness", low=0.1, high=10), strength.number("doubt", high=1000)
    )


def word_shares(text: str, keywords: Keywords) -> dict[str, float]:
    """Probability of each category with a hit; what is missing to one is doubt."""
    weights: dict[str, float] = {}
    for found in keywords.rules.find(text):
        weights[found.code] = weights.get(found.code, 0.0) + found.weight
    strengths = {code: math.exp(keywords.sharpness * weight) - 1 for code, weight in weights.items()}
    whole = sum(strengths.values()) + keywords.doubt
    return {code: strength / whole for code, strength in strengths.items()}


def guess(text: str, policy: Policy, probabilities: Mapping[str, float] | None) -> Mapping[str, float]:
    """The classifier's probabilities, with words speaking for categories it does not know.

    Without a classifier words alone decide, and what they leave open is spread over all categories.
    """
    leaves = policy.taxonomy.leaves
    if probabilities is not None and leaves <= probabilities.keys():
        return probabilities
    words = word_shares(text, policy.keywords)
    if probabilities is None:
        rest = (1.0 - sum(words.values())) / len(leaves)
        return {leaf: words.get(leaf, 0.0) + rest for leaf in leaves}
    unknown = {code: share for code, share in words.items() if code not in probabilities}
    left = 1.0 - sum(unknown.values())
    return {code: share * left for code, share in probabilities.items()} | unknown
