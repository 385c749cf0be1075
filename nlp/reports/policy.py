"""What a site says about its reports: `reports.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Literal, get_args

from nlp.tables import Table, read_preset

NAME = "reports"
Period = Literal["daily", "weekly", "monthly"]
PERIODS: tuple[Period, ...] = get_args(Period)
CHANNELS = ("page", "webhook")
TIES = ("adherence", "vetoes", "conversations")


@dataclass(frozen=True, slots=True)
class Slot:
    """When a report goes out, and to people of which scopes and roles."""

    at: time
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    catch_up_days: int
    channels: tuple[str, ...]
    slots: Mapping[Period, Slot]


@dataclass(frozen=True, slots=True)
class AuditTargets:
    """Shares 0…1; complaints are a ceiling, the others a floor. Teams of fewer than `least` are not judged."""

    pass_score: float
    execution: float
    attainment: float
    complaints: float
    least: int


@dataclass(frozen=True, slots=True)
class RankingRules:
    least: int
    ties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StarRules:
    least: int
    candidates: int
    score_weight: float
    praise_weight: float
    praise_full: float


@dataclass(frozen=True, slots=True)
class AlarmRules:
    """`false_alarms`: the chance of any alarm on a day without news; `ratio`: how much more than before is told."""

    days: int
    false_alarms: float
    least: int
    ratio: float


@dataclass(frozen=True, slots=True)
class ReportPolicy:
    """Everything of `reports.toml`."""

    version: str
    schedule: Schedule
    problems: Mapping[str, str]
    least: int
    top: int
    exceptions_below: float
    exceptions_listed: int
    improvement_top: int
    improvement_days: int
    improvement_least: int
    improvement_owners: Mapping[str, str]
    audit: AuditTargets
    ranking: RankingRules
    stars: StarRules
    cases_each: int
    quotes_each: int
    quotes_themes: int
    alarm: AlarmRules

    def problem(self, code: str, names: Mapping[str, str]) -> str:
        """How a failed item reads: the site's words for it, else its name in the form."""
        return self.problems.get(code) or names.get(code) or code


def read_reports(folder: Path | None = None) -> ReportPolicy:
    """The site's `reports.toml` where there is one, else the preset. Raises PolicyError."""
    preset = read_preset(NAME, folder)
    table = preset.table
    table.only(
        "version", "schedule", "problems", "shares", "exceptions", "improvement",
        "audit", "ranking", "stars", "cases", "quotes", "alarm",
    )  # fmt: skip
    shares, exceptions = _part(table, "shares", "least", "top"), _part(table, "exceptions", "below", "listed")
    improvement = _part(table, "improvement", "top", "days", "least", "owners")
    owners = improvement.table("owners", required=False)
    quotes, problems = _part(table, "quotes", "each", "themes"), table.table("problems", required=False)
    return ReportPolicy(
        version=f"{table.text('version')}+{preset.digest[:8]}",
        schedule=_schedule(table.table("schedule")),
        problems={code: problems.text(code) for code in problems.values},
        least=_count(shares, "least", 30),
        top=_count(shares, "top", 5),
        exceptions_below=exceptions.number("below", 60.0, high=100.0),
        exceptions_listed=_count(exceptions, "listed", 20),
        improvement_top=_count(improvement, "top", 3),
        improvement_days=_count(improvement, "days", 7),
        improvement_least=_count(improvement, "least", 2),
        improvement_owners={team: owners.text(team) for team in owners.values},
        audit=_audit(_part(table, "audit", "pass_score", "execution", "attainment", "complaints", "least")),
        ranking=_ranking(_part(table, "ranking", "least", "ties")),
        stars=_stars(
            _part(table, "stars", "least", "candidates", "score_weight", "praise_weight", "praise_full")
        ),
        cases_each=_count(_part(table, "cases", "each"), "each", 3),
        quotes_each=_count(quotes, "each", 3, most=3),
        quotes_themes=_count(quotes, "themes", 8),
        alarm=_alarm(_part(table, "alarm", "days", "false_alarms", "least", "ratio")),
    )


def _part(table: Table, name: str, *known: str) -> Table:
    part = table.table(name, required=False)
    part.only(*known)
    return part


def _count(table: Table, key: str, default: int, most: int = 1000) -> int:
    return int(table.number(key, default, low=1, high=most))


def _schedule(table: Table) -> Schedule:
    table.only("catch_up_days", "channels", *PERIODS)
    channels = table.texts("channels", ("page",))
    for one in channels:
        if one not in CHANNELS:
            raise table.error("channels", f"不能是 {one[:40]!r}", "|".join(CHANNELS))
    return Schedule(
        catch_up_days=_count(table, "catch_up_days", 7, most=60),
        channels=channels,
        slots={period: _slot(table.table(period)) for period in PERIODS if period in table.values},
    )


def _slot(table: Table) -> Slot:
    table.only("at", "roles")
    given = table.text("at")
    try:
        at = time.fromisoformat(given)
    except ValueError:
        raise table.error("at", f"不能是 {given[:40]!r}", "时刻，如 08:00") from None
    return Slot(at, table.texts("roles", ()))


def _audit(table: Table) -> AuditTargets:
    return AuditTargets(
        table.number("pass_score", 80.0, high=100.0), table.number("execution", 0.95, high=1.0),
        table.number("attainment", 0.9, high=1.0), table.number("complaints", 0.05, high=1.0),
        _count(table, "least", 30),
    )  # fmt: skip


def _ranking(table: Table) -> RankingRules:
    ties = table.texts("ties", ())
    for one in ties:
        if one not in TIES:
            raise table.error("ties", f"不能是 {one[:40]!r}", "|".join(TIES))
    return RankingRules(_count(table, "least", 30), ties)


def _stars(table: Table) -> StarRules:
    return StarRules(
        _count(table, "least", 30), _count(table, "candidates", 3), table.number("score_weight", 0.7, high=1.0),
        table.number("praise_weight", 0.3, high=1.0), table.number("praise_full", 0.2, low=1e-6, high=1.0),
    )  # fmt: skip


def _alarm(table: Table) -> AlarmRules:
    return AlarmRules(
        _count(table, "days", 28, most=365), table.number("false_alarms", 0.01, low=1e-9, high=0.5),
        _count(table, "least", 5), table.number("ratio", 2.0, low=1.0, high=1000.0),
    )  # fmt: skip
