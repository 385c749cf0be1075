"""Clocks and the ladder: when an answer is due, who is told, and what has already happened.

Pure functions of a moment: a restart asks the same questions again and gets the same answers, so an event
whose key was stored is never sent twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from nlp.calendar import Calendar
from nlp.tables import Preset, Table

Status = Literal["met", "warning", "breached"]
_CONDITIONS = ("category", "priority", "tier", "channel")


@dataclass(frozen=True, slots=True)
class Condition:
    """For each named field the accepted values; `category` accepts any code of the path."""

    fields: Mapping[str, frozenset[str]]

    def holds(self, given: Mapping[str, frozenset[str]]) -> bool:
        return all(wanted & given[name] for name, wanted in self.fields.items())


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit: `seconds` of the calendar `calendar` (`queue`: the one of the ticket's queue)."""

    code: str
    name: str
    seconds: float
    calendar: str
    warn_before: float
    field: str | None


@dataclass(frozen=True, slots=True)
class SlaPolicy:
    code: str
    name: str
    when: Condition
    limits: tuple[Limit, ...]
    notify: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """One running or stopped limit of a ticket. `field` must be filled before it may stop."""

    code: str
    name: str
    opened_at: datetime
    warn_at: datetime
    due: datetime
    field: str | None = None
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """A rung of the ladder and when it is told unless someone acknowledged before."""

    role: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ladder:
    code: str
    when: Condition
    hops: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that became true at `at`; `key` is the same however often it is computed."""

    key: str
    kind: Literal["warning", "breach", "escalate"]
    code: str
    at: datetime


def start(
    policy: SlaPolicy, opened_at: datetime, calendars: Mapping[str, Calendar], queue: Calendar
) -> tuple[Clock, ...]:
    """The clocks of a ticket opened at `opened_at` (aware)."""
    return tuple(_clock(limit, opened_at, calendars.get(limit.calendar, queue)) for limit in policy.limits)


def _clock(limit: Limit, opened_at: datetime, calendar: Calendar) -> Clock:
    due = calendar.add(opened_at, limit.seconds)
    warn_at = calendar.add(opened_at, max(limit.seconds - limit.warn_before, 0.0))
    return Clock(limit.code, limit.name, opened_at, warn_at, due, limit.field)


def status(clock: Clock, now: datetime) -> Status:
    """`breached` after the due moment, `warning` from the lead before it, else `met`; a stopped clock keeps its end."""
    if clock.stopped_at is not None:
        return "met" if clock.stopped_at <= clock.due else "breached"
    if now > clock.due:
        return "breached"
    return "warning" if clock.warn_at <= now < clock.due else "met"


def clock_events(clock: Clock, now: datetime, already: Collection[str] = ()) -> tuple[Event, ...]:
    """Warning and breach that are due by `now` and not in `already` (keys)."""
    end = min(now, clock.stopped_at) if clock.stopped_at is not None else now
    found: list[Event] = []
    if end >= clock.warn_at and clock.warn_at < clock.due:
        found.append(Event(f"{clock.code}:warning", "warning", clock.code, clock.warn_at))
    if end > clock.due:
        found.append(Event(f"{clock.code}:breach", "breach", clock.code, clock.due))
    return tuple(event for event in found if event.key not in already)


def climb(ladder: Ladder, opened_at: datetime) -> tuple[Hop, ...]:
    """The rungs of a ladder with their moments."""
    return tuple(Hop(role, name, opened_at + timedelta(seconds=after)) for role, name, after in ladder.hops)


def _reached(hops: tuple[Hop, ...], now: datetime, acks: Collection[datetime]) -> Iterator[tuple[int, Hop]]:
    for index, hop in enumerate(hops):
        # Whoever acknowledges stops every rung that was not told yet.
        if hop.at > now or any(ack <= hop.at for ack in acks if index):
            return
        yield index, hop


def level(hops: tuple[Hop, ...], now: datetime, acks: Collection[datetime] = ()) -> int:
    """How many rungs have been told by `now`: 0 before the first, 1 at L1, and so on."""
    return sum(1 for _ in _reached(hops, now, acks))


def ladder_events(
    hops: tuple[Hop, ...], now: datetime, acks: Collection[datetime] = (), already: Collection[str] = ()
) -> tuple[Event, ...]:
    """Rungs to tell by `now` that are not in `already` (keys), lowest first."""
    events = (
        Event(f"ladder:{i}:{hop.role}", "escalate", hop.role, hop.at) for i, hop in _reached(hops, now, acks)
    )
    return tuple(event for event in events if event.key not in already)


def read_sla(preset: Preset, calendars: Mapping[str, Calendar]) -> tuple[SlaPolicy, ...]:
    """The enabled policies of `sla.toml` in order; the first whose condition holds is the ticket's."""
    policies = tuple(
        _policy(item, calendars) for item in preset.table.tables("policy") if item.flag("enabled", True)
    )
    if not policies or policies[-1].when.fields:
        raise preset.table.error("policy", "最后一条不是兜底", "最后一条没有 when，适用于所有工单")
    return policies


def _policy(table: Table, calendars: Mapping[str, Calendar]) -> SlaPolicy:
    table.only("code", "name", "enabled", "when", "clock", "notify")
    limits = tuple(_limit(item, calendars) for item in table.tables("clock"))
    for needed in ("first_response", "resolution"):
        if needed not in {limit.code for limit in limits}:
            raise table.error("clock", f"缺少 {needed}", "至少有 first_response 与 resolution")
    return SlaPolicy(
        table.text("code"), table.text("name"), read_condition(table), limits, table.texts("notify", ())
    )


def _limit(table: Table, calendars: Mapping[str, Calendar]) -> Limit:
    table.only("code", "name", "seconds", "calendar", "warn_before", "field")
    seconds = table.number("seconds", low=1, high=366 * 86_400)
    return Limit(
        table.text("code"),
        table.text("name"),
        seconds,
        table.text("calendar", "always", ("queue", *calendars)),
        table.number("warn_before", 0.0, 0.0, seconds),
        table.text("field") if "field" in table.values else None,
    )


def read_ladders(preset: Preset) -> tuple[Ladder, ...]:
    """The ladders of `ladder.toml` in order; the first whose condition holds is the ticket's."""
    names = {role.text("code"): role.text("name") for role in preset.table.tables("role")}
    ladders = tuple(_ladder(item, names) for item in preset.table.tables("ladder"))
    if not ladders or ladders[-1].when.fields:
        raise preset.table.error("ladder", "最后一条不是兜底", "最后一条没有 when，适用于所有工单")
    return ladders


def _ladder(table: Table, names: Mapping[str, str]) -> Ladder:
    table.only("code", "when", "hop")
    hops: list[tuple[str, str, float]] = []
    for hop in table.tables("hop"):
        hop.only("role", "after")
        role = hop.text("role", choices=tuple(names))
        after = hop.number("after", 0.0)
        if hops and after <= hops[-1][2]:
            raise hop.error("after", "不晚于上一级", "逐级递增的秒数")
        hops.append((role, names[role], after))
    return Ladder(table.text("code"), read_condition(table), tuple(hops))


def read_condition(table: Table) -> Condition:
    """The `when` of a rule: `{category = […], priority = […], tier = […], channel = […]}`; absent holds always."""
    when = table.table("when", required=False)
    when.only(*_CONDITIONS)
    return Condition({key: frozenset(v.lower() for v in when.texts(key)) for key in when.values})
