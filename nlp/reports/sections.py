"""The sections of a report made of facts: scores, violations with intervals, people, teams, the course of days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from nlp.reports.facts import UNKNOWN, mean
from nlp.reports.policy import ReportPolicy
from nlp.reports.shares import Share

Json = dict[str, Any]


def quality(total: Mapping[str, Any]) -> Json:
    """What was scored: mean, vetoes, grades, violations by how often, agents by name."""
    scored = total["scored"]
    ordered = sorted(total["failed"].items(), key=lambda pair: (-pair[1], pair[0]))
    return {
        "scored": scored,
        "mean": mean(total),
        "vetoes": total["vetoes"],
        "grades": dict(total["grades"]),
        "violations": [
            {"code": code, "count": count, "rate": round(count / scored, 4)}
            for code, count in ordered
            if scored
        ],
        "agents": [
            {"agent": name, "scored": sums["scored"], "mean": mean(sums)}
            for name, sums in total["agents"].items()
            if name != UNKNOWN and sums["scored"]
        ],
    }


def adherence(total: Mapping[str, Any]) -> list[Json]:
    """Rules passed of those that applied, by agent: how well the handbook is kept."""
    return [
        {
            "agent": name,
            "scored": sums["scored"],
            "passed": sums["passed"],
            "applicable": sums["applicable"],
            "rate": round(sums["passed"] / sums["applicable"], 4) if sums["applicable"] else None,
        }
        for name, sums in total["agents"].items()
        if name != UNKNOWN
    ]


def violations(total: Mapping[str, Any], policy: ReportPolicy, names: Mapping[str, str]) -> list[Json]:
    """Share of the scored conversations that failed each item, most frequent first, as a report reads it."""
    told = []
    for code, count in sorted(total["failed"].items(), key=lambda pair: (-pair[1], pair[0])):
        share, problem = Share(count, total["scored"]), policy.problem(code, names)
        text = f"{problem} {100 * (share.value or 0):.1f}%"
        told.append({"code": code, "problem": problem, **share.json(), "text": text, "told": share.told()})
    return told


def people(total: Mapping[str, Any], group: str, policy: ReportPolicy) -> list[Json]:
    """Agents or teams: conversations, mean score, rules met with interval; few conversations are marked."""
    return [
        {
            "name": name,
            "conversations": sums["conversations"],
            "scored": sums["scored"],
            "mean": mean(sums),
            "vetoes": sums["vetoes"],
            "adherence": Share(sums["passed"], sums["applicable"]).json(),
            "attained": Share(sums["attained"], sums["scored"]).json(),
            "praised": Share(sums["praised"], sums["conversations"]).json(),
            "complained": Share(sums["complained"], sums["conversations"]).json(),
            "small": sums["scored"] < policy.least,
        }
        for name, sums in total[group].items()
    ]


def course(days: Mapping[date, Mapping[str, Any]], every: list[date]) -> list[Json]:
    """One row a day, the days without conversations too."""
    return [
        {
            "date": day.isoformat(),
            "conversations": days[day]["conversations"] if day in days else 0,
            "scored": days[day]["scored"] if day in days else 0,
            "mean": mean(days[day]) if day in days else None,
            "vetoes": days[day]["vetoes"] if day in days else 0,
            "violations": sum(days[day]["failed"].values()) if day in days else 0,
        }
        for day in every
    ]


def compared(now: Mapping[str, Any], before: Mapping[str, Any]) -> Json:
    """This period beside the one before it."""
    mine, theirs = mean(now), mean(before)
    delta = None if mine is None or theirs is None else round(mine - theirs, 2)
    return {
        "mean": mine, "before": theirs, "delta": delta, "n": now["scored"], "n_before": before["scored"],
    }  # fmt: skip


def trends(
    now: Mapping[str, Any], before: Mapping[str, Any], policy: ReportPolicy, names: Mapping[str, str]
) -> list[Json]:
    """How the share of each violation moved, in percentage points, the most frequent first."""
    told = []
    for code in sorted(
        {*now["failed"], *before["failed"]}, key=lambda code: (-now["failed"].get(code, 0), code)
    ):
        mine = Share(now["failed"].get(code, 0), now["scored"]).value
        theirs = Share(before["failed"].get(code, 0), before["scored"]).value
        moved = None if mine is None or theirs is None else round(100 * (mine - theirs), 1)
        told.append({"code": code, "problem": policy.problem(code, names), "points": moved})
    return told[: policy.top]
