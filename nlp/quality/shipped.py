"""What the shipped forms list beside each trained head: only those patterns may a head doubt."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from nlp.phrases import Phrases
from nlp.quality.form import codes_of, load_form
from nlp.quality.kinds import Check, Claims, Leaks, Said, phrase_lists

OWN = "own"
"""The role of patterns that a site wrote itself: they count whatever a head says."""


@lru_cache(maxsize=1)
def _listed() -> Mapping[str, frozenset[str]]:
    """The patterns of the shipped forms by the head that stands beside them."""
    found: dict[str, set[str]] = {}
    for code in codes_of():
        for item in load_form(code).items:
            if isinstance(item.check, Said | Claims | Leaks) and item.check.head:
                found.setdefault(item.check.head, set()).update(item.check.patterns)
    return {head: frozenset(patterns) for head, patterns in found.items()}


def own_lists(check: Check) -> dict[str, Phrases]:
    """The patterns a head would doubt though no shipped form has them, by role; none for a shipped form."""
    if not isinstance(check, Said | Claims | Leaks) or not check.head:
        return {}
    weighed = isinstance(check, Said) and check.weighed <= 1
    if check.trust.doubt <= 0 and check.trust.helped <= 0 and not weighed:
        return {}
    listed = _listed().get(check.head, frozenset())
    added = tuple(pattern for pattern in check.patterns if pattern not in listed)
    said = phrase_lists(check).get("said")
    return {OWN: Phrases(added, said.unless, said.quoted)} if added and said else {}
