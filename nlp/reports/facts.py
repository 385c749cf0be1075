"""Facts of a day: numbers that can be added, so that a week is its days and a month its days.

Every number of a report about conversations is made of these alone. Points are counted in hundredths: whole numbers
add up exactly, whatever the order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, tzinfo
from typing import Any

from nlp.metrics.observation import Observation

Json = dict[str, Any]
UNKNOWN = "未知"
SUMS = (
    "conversations", "scored", "hundredths", "vetoes", "passed", "applicable", "praised", "complained",
    "resolved", "resolution_known", "attained",
)  # fmt: skip
"""What is counted of everybody, of each agent, team and category."""
GROUPS = ("agents", "teams", "categories")


def facts(observations: Iterable[Observation], pass_score: float) -> Json:
    """Sums over conversations: together, by agent, by team, by top category; failed items and grades by code."""
    total: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    grades: Counter[str] = Counter()
    groups: dict[str, dict[str, Counter[str]]] = {name: {} for name in GROUPS}
    team_failed: dict[str, Counter[str]] = {}
    for one in observations:
        if one.kind != "conversation":
            continue
        sums = _sums(one, pass_score)
        total.update(sums)
        codes = [str(code) for code in one.values.get("failed") or ()]
        failed.update(codes)
        grades.update([str(one.values["grade"])] if one.values.get("grade") else [])
        names = (one.agent or UNKNOWN, one.team or UNKNOWN, top_of(one) or UNKNOWN)
        for group, name in zip(GROUPS, names, strict=True):
            groups[group].setdefault(name, Counter()).update(sums)
        team_failed.setdefault(names[1], Counter()).update(codes)
    return {
        **{name: total[name] for name in SUMS},
        "failed": dict(sorted(failed.items())),
        "grades": dict(sorted(grades.items())),
        **{group: {name: _told(sums) for name, sums in sorted(groups[group].items())} for group in GROUPS},
        "team_failed": {name: dict(sorted(codes.items())) for name, codes in sorted(team_failed.items())},
    }


def _told(sums: Counter[str]) -> Json:
    return {name: sums[name] for name in SUMS}


def _sums(one: Observation, pass_score: float) -> dict[str, int]:
    values = one.values
    score, veto = values.get("score"), bool(values.get("veto"))
    return {
        "conversations": 1,
        "scored": int(score is not None),
        "hundredths": 0 if score is None else round(100 * float(score)),
        "vetoes": int(veto),
        "passed": int(values.get("passed") or 0),
        "applicable": int(values.get("applicable") or 0),
        "praised": int(bool(values.get("praised"))),
        "complained": int(bool(values.get("complained"))),
        "resolved": int(values.get("resolved") is True),
        "resolution_known": int(values.get("resolved") is not None),
        "attained": int(score is not None and float(score) >= pass_score and not veto),
    }


def top_of(one: Observation) -> str | None:
    """The top category of an observation: the root of its path, else its category."""
    path = one.values.get("path")
    return str(path[0]) if path else one.category


def by_day(observations: Iterable[Observation], zone: tzinfo, pass_score: float) -> dict[date, Json]:
    """Facts of each day of the site's calendar that has any."""
    days: dict[date, list[Observation]] = {}
    for one in observations:
        days.setdefault(one.at.astimezone(zone).date(), []).append(one)
    return {day: facts(days[day], pass_score) for day in sorted(days)}


def added(parts: Sequence[Mapping[str, Any]]) -> Json:
    """The sum of tables of numbers, name by name, however deep."""
    total: Json = {}
    for part in parts:
        for name, value in part.items():
            if isinstance(value, Mapping):
                total[name] = added([total.get(name, {}), value])
            else:
                total[name] = total.get(name, 0) + value
    return total


def summed(days: Iterable[Mapping[str, Any]]) -> Json:
    """Facts of several days together, in the same order of names as `facts` gives."""
    total = added([facts((), 0.0), *days])
    return {name: _sorted(value) if isinstance(value, dict) else value for name, value in total.items()}


def _sorted(value: Json) -> Json:
    return {name: value[name] for name in sorted(value)}


def mean(sums: Mapping[str, Any]) -> float | None:
    """Mean score 0…100, two decimals."""
    return round(sums["hundredths"] / 100 / sums["scored"], 2) if sums["scored"] else None
