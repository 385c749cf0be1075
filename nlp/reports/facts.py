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


class Counting:
    """Takes conversations in one by one and gives the facts of each day; other kinds pass by uncounted.

    One row of sums for each day, agent, team and category: what stands together is added up at the end.
    """

    def __init__(self, zone: tzinfo | None, pass_score: float) -> None:
        self._zone, self._pass = zone, pass_score
        self._rows: dict[tuple[date | None, str, str, str], list[int]] = {}
        self._failed: dict[tuple[date | None, str], Counter[str]] = {}
        self._grades: dict[date | None, Counter[str]] = {}

    def add(self, one: Observation) -> None:
        """Count an observation."""
        if one.kind != "conversation":
            return
        day = None if self._zone is None else one.at.astimezone(self._zone).date()
        team, sums = one.team or UNKNOWN, _sums(one, self._pass)
        key = (day, one.agent or UNKNOWN, team, top_of(one) or UNKNOWN)
        row = self._rows.get(key)
        if row is None:
            self._rows[key] = list(sums)
        else:
            for at, value in enumerate(sums):
                row[at] += value
        self._failed.setdefault((day, team), Counter()).update(one.values.get("failed") or ())
        if one.values.get("grade"):
            self._grades.setdefault(day, Counter())[str(one.values["grade"])] += 1

    def days(self) -> dict[date | None, Json]:
        """The facts of each day that has any; without a zone, of all of them under None."""
        rows: dict[date | None, list[tuple[tuple[str, str, str], list[int]]]] = {}
        for (day, *names), row in self._rows.items():
            rows.setdefault(day, []).append(((names[0], names[1], names[2]), row))
        return {day: self._facts(day, rows[day]) for day in sorted(rows, key=lambda day: day or date.min)}

    def _facts(self, day: date | None, rows: list[tuple[tuple[str, str, str], list[int]]]) -> Json:
        total = [0] * len(SUMS)
        groups: tuple[dict[str, list[int]], ...] = ({}, {}, {})
        for names, row in rows:
            for held in (
                total,
                *(group.setdefault(name, [0] * len(SUMS)) for group, name in zip(groups, names, strict=True)),
            ):
                for at, value in enumerate(row):
                    held[at] += value
        by_team = {team: failed for (of, team), failed in self._failed.items() if of == day}
        failed: Counter[str] = Counter()
        for one in by_team.values():
            failed.update(one)
        return {
            **dict(zip(SUMS, total, strict=True)),
            "failed": dict(sorted(failed.items())),
            "grades": dict(sorted(self._grades.get(day, {}).items())),
            **{
                name: {each: dict(zip(SUMS, group[each], strict=True)) for each in sorted(group)}
                for name, group in zip(GROUPS, groups, strict=True)
            },
            "team_failed": {team: dict(sorted(by_team[team].items())) for team in sorted(by_team)},
        }


def facts(observations: Iterable[Observation], pass_score: float) -> Json:
    """Sums over conversations: together, by agent, by team, by top category; failed items and grades by code."""
    counting = Counting(None, pass_score)
    for one in observations:
        counting.add(one)
    return counting.days().get(None) or counting._facts(None, [])


def _sums(one: Observation, pass_score: float) -> tuple[int, ...]:
    """In the order of SUMS."""
    values = one.values
    score, veto, resolved = values.get("score"), bool(values.get("veto")), values.get("resolved")
    return (
        1, int(score is not None), 0 if score is None else round(100 * float(score)), int(veto),
        int(values.get("passed") or 0), int(values.get("applicable") or 0), int(bool(values.get("praised"))),
        int(bool(values.get("complained"))), int(resolved is True), int(resolved is not None),
        int(score is not None and float(score) >= pass_score and not veto),
    )  # fmt: skip


def top_of(one: Observation) -> str | None:
    """The top category of an observation: the root of its path, else its category."""
    path = one.values.get("path")
    return str(path[0]) if path else one.category


def by_day(observations: Iterable[Observation], zone: tzinfo, pass_score: float) -> dict[date, Json]:
    """Facts of each day of the site's calendar that has any."""
    counting = Counting(zone, pass_score)
    for one in observations:
        counting.add(one)
    return {day: told for day, told in counting.days().items() if day is not None}


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
