"""周复盘改进清单: what the week's violations ask for, and what last week left open."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nlp.reports.policy import ReportPolicy
from nlp.reports.shares import Share


@dataclass(frozen=True, slots=True)
class Proposed:
    """An item to open: the violation, the team it is most frequent in, how often."""

    code: str
    problem: str
    share: Share
    team: str | None
    in_team: int

    def title(self) -> str:
        return f"{self.problem}：{self.share.count} 段，占 {100 * (self.share.value or 0):.1f}%"


def proposed(
    total: Mapping[str, Any], open_codes: Collection[str], policy: ReportPolicy, names: Mapping[str, str]
) -> list[Proposed]:
    """The most frequent violations of a week that no open item deals with yet."""
    ordered = sorted(total["failed"].items(), key=lambda pair: (-pair[1], pair[0]))
    found = []
    for code, count in ordered[: policy.improvement_top]:
        if count >= policy.improvement_least and code not in open_codes:
            team, in_team = _worst(total["team_failed"], code)
            share = Share(count, total["scored"])
            found.append(Proposed(code, policy.problem(code, names), share, team, in_team))
    return found


def _worst(by_team: Mapping[str, Mapping[str, int]], code: str) -> tuple[str | None, int]:
    counts = {team: failed[code] for team, failed in by_team.items() if failed.get(code)}
    if not counts:
        return None, 0
    team = min(counts, key=lambda name: (-counts[name], name))
    return team, counts[team]


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the list as it stands; `week` is the Monday it was opened for."""

    id: str
    week: date
    code: str
    title: str
    owner: str | None
    due: str | None
    state: str
    final: bool


def listed(items: Sequence[Item], week: date) -> list[tuple[Item, int]]:
    """The list of a week: what earlier weeks left open first, oldest first, each with its age in weeks; then new."""
    old = sorted(
        (one for one in items if one.week < week and not one.final), key=lambda one: (one.week, one.id)
    )
    new = sorted((one for one in items if one.week == week), key=lambda one: one.id)
    return [(one, (week - one.week).days // 7) for one in (*old, *new)]
