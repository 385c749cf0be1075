"""Entries that need a look: their review is overdue, nobody uses them, or agents throw them away or rewrite them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from kb.entries import Entry
from kb.outcomes import Tally, shown, tally
from kb.trial import wilson

Reason = Literal["overdue", "expired", "unused", "dismissed", "edited"]
NAMES: Mapping[Reason, str] = {
    "overdue": "已过复核日期",
    "expired": "已过有效期",
    "unused": "长期无人使用",
    "dismissed": "常被弃用",
    "edited": "常被改写后发送",
}


@dataclass(frozen=True, slots=True)
class Act:
    """What was done with an offered entry (UTC ISO)."""

    at: str
    suggestion: str
    entry_id: str
    action: str


@dataclass(frozen=True, slots=True)
class Rules:
    """`unused_since` (UTC ISO): older entries nobody used since are unused. `dismissed` and `edited` are shares
    that the lower end of a 95 % interval must reach; entries of the kinds `hidden` are not offered once overdue.
    """

    unused_since: str
    dismissed: float
    edited: float
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stale:
    """An entry with why it is stale and how it was used; `hidden`: the policy holds it back from agents."""

    entry: Entry
    reasons: tuple[Reason, ...]
    hidden: bool
    usage: Mapping[str, Any]


def usage(acts: Sequence[Act]) -> dict[str, Any]:
    """Counts of one entry's offers, and the shares used, dismissed and edited, each with its interval."""
    counted: Tally = tally((one.suggestion, one.entry_id, one.action) for one in acts)
    used = [one.at for one in acts if one.action in ("inserted", "edited", "sent")]
    return {
        **shown(counted),
        "dismissed": share(counted.actions["dismissed"], counted.offered),
        "edited": share(counted.actions["edited"], counted.used),
        "last_used_at": max(used, default=None),
    }


def share(hits: int, size: int) -> dict[str, Any]:
    """A share with its 95 % interval (Wilson); None of nothing."""
    interval = wilson(hits, size)
    return {
        "count": hits,
        "of": size,
        "rate": round(hits / size, 4) if size else None,
        "interval": None if interval is None else [round(bound, 4) for bound in interval],
    }


def stale(
    entries: Iterable[Entry], begun: Mapping[str, str], acts: Iterable[Act], rules: Rules, now: datetime
) -> list[Stale]:
    """Entries with at least one reason, most reasons first. `begun` tells since when each is there (UTC ISO)."""
    by_entry: dict[str, list[Act]] = {}
    for act in acts:
        by_entry.setdefault(act.entry_id, []).append(act)
    found = []
    for entry in entries:
        if entry.successor:  # its end is planned, and another text takes over
            continue
        used = usage(by_entry.get(entry.id, ()))
        reasons = _reasons(entry, begun.get(entry.id), used, rules, now)
        if reasons:
            hidden = "overdue" in reasons and entry.kind in rules.hidden
            found.append(Stale(entry, reasons, hidden, used))
    order: list[Reason] = list(NAMES)
    return sorted(
        found, key=lambda one: (-len(one.reasons), min(map(order.index, one.reasons)), one.entry.id)
    )


def _reasons(
    entry: Entry, begun: str | None, used: Mapping[str, Any], rules: Rules, now: datetime
) -> tuple[Reason, ...]:
    due = entry.overdue_from
    last = used["last_used_at"]
    tests: Mapping[Reason, bool] = {
        "overdue": due is not None and due <= now,
        "expired": entry.effective_to is not None and entry.effective_to <= now,
        "unused": (begun or "") < rules.unused_since and (last is None or last < rules.unused_since),
        "dismissed": _often(used["dismissed"], rules.dismissed),
        "edited": _often(used["edited"], rules.edited),
    }
    return tuple(reason for reason in NAMES if tests[reason])


def _often(found: Mapping[str, Any], least: float) -> bool:
    return found["interval"] is not None and found["interval"][0] >= least
