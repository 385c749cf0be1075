"""What a trained head suspects in a turn, laid beside what patterns found there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nlp.phrases import Spans

Hit = tuple[int, int, float]
"""Span of a clause in the normalised turn and the probability of the label."""
Suspects = Mapping[str, tuple[Hit, ...]]
"""By label; a label that no clause may have is absent."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a head's label is trusted beside patterns: from `sure` on it decides alone, below `doubt` a pattern's
    hit does not count. Without a label, or with `sure` above 1 and no doubt, patterns alone decide. In a turn that also
    comforts or solves, nothing less likely than `helped` counts: a refusal with another way is none."""

    head: str = ""
    sure: float = 2.0
    doubt: float = 0.0
    helped: float = 0.0


def overlaps(start: int, end: int, spans: Spans) -> bool:
    """Whether a span touches one of others."""
    return any(start < b and a < end for a, b in spans)


def weigh(
    rules: Spans, suspects: Suspects | None, trust: Trust, excused: Spans = ()
) -> dict[tuple[int, int], float]:
    """Spans that count, each with the head's probability (1 where it was not asked): those of the patterns that the
    head does not find less likely than it may doubt, and clauses that it alone is sure of and nothing excuses."""
    if suspects is None or not trust.head:
        return dict.fromkeys(rules, 1.0)
    hits = suspects.get(trust.head, ())
    if not hits:
        return {} if trust.doubt > 0 else dict.fromkeys(rules, 0.0)
    kept: dict[tuple[int, int], float] = {}
    for start, end in rules:
        share = max((p for a, b, p in hits if start < b and a < end), default=0.0)
        if share >= trust.doubt:
            kept[start, end] = share
    for start, end, share in hits:
        if share >= trust.sure and not overlaps(start, end, (*kept, *excused)):
            kept[start, end] = share
    return kept
