"""A target: from where, to where, by when, whose; and how far along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

Change = Literal["value", "points", "percent"]
Aim = Literal["reach", "hold"]
Status = Literal["met", "on_track", "behind", "missed", "no_data", "too_few"]
COLOURS: Mapping[str, str] = {
    "met": "green", "on_track": "amber", "behind": "red", "missed": "red", "no_data": "grey", "too_few": "grey",
}  # fmt: skip
MONTH_DAYS = 30.4375


@dataclass(frozen=True, slots=True)
class Target:
    """`target` is the number itself, points to add to the baseline, or percent of the baseline to change by.

    `reach`: on the way until `due`; `hold`: a line that must be kept all the time.
    """

    metric: str
    baseline: float
    target: float
    due: date
    owner: str
    start: date
    change: Change = "value"
    aim: Aim = "reach"
    phase: str = ""
    window_days: int = 30

    @property
    def goal(self) -> float:
        """The number to get to."""
        if self.change == "points":
            return self.baseline + self.target
        if self.change == "percent":
            return self.baseline * (1 + self.target / 100)
        return self.target


def phase_of(start: date, due: date, phases: Mapping[str, int]) -> str:
    """The shortest phase (3, 6, 12 months …) that lasts until `due`; the longest where none does."""
    months = (due - start).days / MONTH_DAYS
    ordered = sorted(phases.items(), key=lambda pair: pair[1])
    return next((name for name, most in ordered if months <= most + 0.1), ordered[-1][0])


@dataclass(frozen=True, slots=True)
class Progress:
    """`progress` is percent of the way from baseline to goal; `gap` is value − goal in the metric's unit."""

    value: float | None
    goal: float
    progress: float | None
    gap: float | None
    elapsed: float
    status: Status
    colour: str


def progress(target: Target, value: float | None, better: str, today: date, enough: bool = True) -> Progress:
    """How far along a target is today; a number of too few observations is told, and nothing said of it."""
    goal = target.goal
    whole = max(1, (target.due - target.start).days)
    elapsed = min(1.0, max(0.0, (today - target.start).days / whole))
    if value is None:
        return Progress(None, goal, None, None, round(100 * elapsed, 2), "no_data", COLOURS["no_data"])
    down = goal < target.baseline if better == "none" else better == "down"
    met = value <= goal + 1e-9 if down else value >= goal - 1e-9
    way = goal - target.baseline
    gone = 100 * (value - target.baseline) / way if way else (100.0 if met else 0.0)
    status: Status = "met"
    if not met:
        late = today > target.due or target.aim == "hold"
        status = "missed" if today > target.due else "behind"
        if not late and gone >= 100 * elapsed:
            status = "on_track"
    if not enough:
        status = "too_few"
    return Progress(
        value, goal, round(gone, 4), value - goal, round(100 * elapsed, 2), status, COLOURS[status]
    )
