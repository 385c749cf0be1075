"""Points by steps: full marks at a threshold, one point less for each step beyond it, explained in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Rounding = Literal["ceil", "floor", "nearest"]
Better = Literal["up", "down"]
ROUNDINGS: tuple[Rounding, ...] = ("ceil", "floor", "nearest")
_DIGITS = 9
"""A share such as 0.95 lies beside its decimal; steps are counted to this many digits."""

ROUNDED = {
    "ceil": "不足一步按一步计",
    "floor": "满一步才扣分，不足一步不扣",
    "nearest": "按最近的整步计，恰好半步按一步计",
}
_UNITS = {"minutes": "分钟", "share": "%"}


@dataclass(frozen=True, slots=True)
class Options:
    """The declared answers to the form's open points: how part of a step counts, how low points go (None: on)."""

    rounding: Rounding
    floor: float | None
    top: float = 5.0


@dataclass(frozen=True, slots=True)
class Steps:
    """Full marks up to `best` (or from it on where more is better); `size` of a step, in the unit of the value."""

    best: float
    size: float
    better: Better
    unit: str

    def beyond(self, value: float) -> float:
        """How many steps `value` lies on the wrong side of `best`; 0 on the right one."""
        gap = value - self.best if self.better == "down" else self.best - value
        return round(max(0.0, gap) / self.size, _DIGITS)

    def points(self, value: float, options: Options) -> float:
        """Points of a value; a whole number of steps below the top, never under the floor."""
        steps = self.beyond(value)
        if options.rounding == "ceil":
            lost = math.ceil(steps)
        elif options.rounding == "floor":
            lost = math.floor(steps)
        else:
            lost = math.floor(steps + 0.5)
        left = options.top - lost
        return left if options.floor is None else max(options.floor, left)

    def told(self, value: float) -> str:
        """A value in the form's unit: 12.5 分钟, 95.0%."""
        if self.unit == "share":
            return f"{100 * value:.1f}%"
        return f"{value:.1f} {_UNITS.get(self.unit, self.unit)}"

    def rule(self, options: Options) -> str:
        """The rule in the form's own words."""
        sign, verb = ("≤", "超") if self.better == "down" else ("≥", "低")
        best, size = _plain(self.best, self.unit), _plain(self.size, self.unit)
        low = "不设最低分" if options.floor is None else f"最低 {options.floor:g} 分"
        return (
            f"{sign}{best} 得 {options.top:g} 分，每{verb} {size} 减 1 分；{ROUNDED[options.rounding]}；{low}"
        )

    def explain(self, value: float, options: Options) -> str:
        """Why a value has its points."""
        steps, points = self.beyond(value), self.points(value, options)
        if steps == 0:
            return f"{self.told(value)} 达到 {_plain(self.best, self.unit)}，得 {points:g} 分"
        side = "超出" if self.better == "down" else "低于"
        lost = options.top - points
        capped = options.floor is not None and points == options.floor and steps > lost
        tail = f"，到最低分为止得 {points:g} 分" if capped else f"，减 {lost:g} 分，得 {points:g} 分"
        return f"{self.told(value)} {side} {_plain(self.best, self.unit)} 共 {steps:g} 步（{ROUNDED[options.rounding]}）{tail}"


def _plain(value: float, unit: str) -> str:
    if unit == "share":
        return f"{round(100 * value, 6):g}%"
    return f"{value:g} {_UNITS.get(unit, unit)}"
