"""What a shadow model has shown so far: how often it agrees, where it does not, and who was right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.store import Reader, decisions, shadows
from nlp.metrics.interval import Interval, wilson
from nlp.taxonomy import Taxonomy

Json = dict[str, Any]
MOST = 20
"""Kinds of disagreement shown, the commonest first."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two models: `against` is the one in use."""

    shadow: str
    against: str


def report(reader: Reader, tenant: str, pair: Pair, since: str, tree: Taxonomy) -> Json:
    """The whole report of what was recorded since `since` (UTC ISO)."""
    table = shadows.counted(reader, tenant, since, pair.shadow, pair.against)
    seen = sum(table.values())
    agreed = sum(count for (served, said), count in table.items() if served == said)
    return {
        "shadow": pair.shadow,
        "against": pair.against,
        "since": since,
        "seen": seen,
        "agreed": agreed,
        "agreement": round(agreed / seen, 4) if seen else None,
        "interval": _rounded(wilson(agreed, seen)),
        "confusions": _confusions(table, tree),
        "labels": _labels(table, tree),
        "corrections": _corrections(reader, tenant, pair, since, tree),
    }


def _rounded(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(end, 4) for end in interval]


def _named(label: str, tree: Taxonomy) -> Json:
    node = tree.codes.get(label)
    return {"code": label, "name": label if node is None else node.name}


def _confusions(table: Mapping[tuple[str, str], int], tree: Taxonomy) -> list[Json]:
    unlike = [(pair, count) for pair, count in table.items() if pair[0] != pair[1]]
    unlike.sort(key=lambda item: (-item[1], item[0]))
    return [
        {"served": _named(served, tree), "shadow": _named(said, tree), "count": count}
        for (served, said), count in unlike[:MOST]
    ]


def _labels(table: Mapping[tuple[str, str], int], tree: Taxonomy) -> list[Json]:
    """Each label of the model in use: how often it was said, and how often the shadow said the same."""
    seen: Counter[str] = Counter()
    agreed: Counter[str] = Counter()
    for (served, said), count in table.items():
        seen[served] += count
        agreed[served] += count if served == said else 0
    ranked = sorted(seen, key=lambda label: (agreed[label] - seen[label], label))
    return [{**_named(label, tree), "seen": seen[label], "agreed": agreed[label]} for label in ranked]


def _corrections(reader: Reader, tenant: str, pair: Pair, since: str, tree: Taxonomy) -> Json:
    """Who was right where a person put the category right; the last correction of a decision counts."""
    given = decisions.feedback_since(reader, tenant, "correction", since)
    right = {one["decision_id"]: one["category"] for one in given if one.get("category")}
    records = shadows.about(reader, tenant, list(right))
    ends: Counter[str] = Counter()
    for decision_id, record in records.items():
        served, said = record["served"], record["shadow"]
        if (served["version"], said["version"]) == (pair.against, pair.shadow):
            code = right[decision_id]
            ends[_end(_is(served["label"], code, tree), _is(said["label"], code, tree))] += 1
    return {"judged": ends.total(), **{end: ends[end] for end in ("both", "served", "shadow", "neither")}}


def _is(label: str, code: str, tree: Taxonomy) -> bool:
    """Whether a label is the category or lies under it."""
    node = tree.codes.get(label)
    return label == code if node is None else code in node.path


def _end(served: bool, shadow: bool) -> str:
    return ("both" if shadow else "served") if served else ("shadow" if shadow else "neither")
