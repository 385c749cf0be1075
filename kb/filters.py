"""Who may see what, and when: the same rule for one entry (with the reason) and for all of them (as a mask)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from kb.entries import KINDS, STAGES, Entry
from kb.index import Mask

Refusal = Literal[
    "kind", "stage", "audience", "channel", "not_yet_effective", "expired", "overdue", "already_sent"
]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search may return; empty `kinds` or `stages` mean all.

    An entry with an `audience` is seen only by a request that shares one of its groups; one without is seen by
    all. An entry with a `channel` is hidden from a request of another channel; a request that names no channel
    sees every channel's. `as_of` None means now. `exclude` holds entry ids. An entry of a kind in `unless_overdue`
    is hidden once its review is overdue.
    """

    kinds: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    audience: frozenset[str] | None = None
    channel: str | None = None
    as_of: datetime | None = None
    exclude: frozenset[str] = frozenset()
    unless_overdue: frozenset[str] = frozenset()

    @property
    def moment(self) -> datetime:
        return self.as_of or datetime.now(UTC)


def refusal(entry: Entry, filters: Filters) -> Refusal | None:
    """Why `filters` hide `entry`, or None when it may be shown."""
    if entry.known_as in filters.exclude:
        return "already_sent"
    if filters.kinds and entry.kind not in filters.kinds:
        return "kind"
    if filters.stages and entry.stage not in filters.stages:
        return "stage"
    if entry.audience and not entry.audience & (filters.audience or frozenset()):
        return "audience"
    if entry.channel and filters.channel is not None and filters.channel not in entry.channel:
        return "channel"
    moment = filters.moment
    if entry.effective_from is not None and moment < entry.effective_from:
        return "not_yet_effective"
    if not entry.effective(moment):
        return "expired"
    due = entry.overdue_from if entry.kind in filters.unless_overdue else None
    return None if due is None or moment < due else "overdue"


@dataclass(frozen=True, slots=True)
class Columns:
    """The filtered fields of many entries, one array each; group `i` of audiences is `audiences[i]`."""

    kind: npt.NDArray[np.int8]
    stage: npt.NDArray[np.int8]
    audience: npt.NDArray[np.int32]
    channel: npt.NDArray[np.int32]
    begin: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    due: npt.NDArray[np.float64]
    audiences: tuple[frozenset[str], ...]
    channels: tuple[frozenset[str], ...]
    moments: npt.NDArray[np.float64]

    def interval(self, moment: datetime) -> int:
        """Between two neighbouring moments at which anything begins or ends, the mask is the same."""
        return int(np.searchsorted(self.moments, moment.timestamp(), side="right"))

    def mask(self, filters: Filters) -> Mask:
        """Entries that `filters` let through, `exclude` left aside."""
        moment = filters.moment.timestamp()
        seen: Mask = (self.begin <= moment) & (moment < self.end)
        if filters.kinds:
            seen &= np.isin(self.kind, [KINDS.index(k) for k in KINDS if k in filters.kinds])
        if filters.stages:
            seen &= np.isin(self.stage, [STAGES.index(s) for s in STAGES if s in filters.stages])
        if filters.unless_overdue:
            kinds = [KINDS.index(k) for k in KINDS if k in filters.unless_overdue]
            seen &= (moment < self.due) | ~np.isin(self.kind, kinds)
        asked = filters.audience or frozenset()
        seen &= np.array([not group or bool(group & asked) for group in self.audiences], np.bool_)[
            self.audience
        ]
        if filters.channel is not None:
            there = [not group or filters.channel in group for group in self.channels]
            seen &= np.array(there, np.bool_)[self.channel]
        return seen


def columns(entries: Sequence[Entry]) -> Columns:
    """The columns of `entries`, in their order."""
    kinds = {kind: at for at, kind in enumerate(KINDS)}
    stages = {stage: at for at, stage in enumerate(STAGES)}
    audience, audiences = _groups([entry.audience for entry in entries])
    channel, channels = _groups([entry.channel for entry in entries])
    begin = np.array(
        [e.effective_from.timestamp() if e.effective_from else -np.inf for e in entries], np.float64
    )
    end = np.array([e.effective_to.timestamp() if e.effective_to else np.inf for e in entries], np.float64)
    due = np.array([d.timestamp() if (d := e.overdue_from) else np.inf for e in entries], np.float64)
    moments = np.unique(np.concatenate((begin, end, due)))
    return Columns(
        kind=np.array([kinds[e.kind] for e in entries], np.int8),
        stage=np.array([stages[e.stage] if e.stage else -1 for e in entries], np.int8),
        audience=audience,
        channel=channel,
        begin=begin,
        end=end,
        due=due,
        audiences=audiences,
        channels=channels,
        moments=moments[np.isfinite(moments)],
    )


def _groups(found: Sequence[frozenset[str]]) -> tuple[npt.NDArray[np.int32], tuple[frozenset[str], ...]]:
    numbers: dict[frozenset[str], int] = {frozenset(): 0}
    places = np.array([numbers.setdefault(group, len(numbers)) for group in found], np.int32)
    return places, tuple(numbers)
