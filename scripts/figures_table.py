"""One table of figures: ours, a plain way on the same rows, what is wanted, and whether it is reached."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.console import Failed

BEGIN, END = "<!-- figures:begin -->", "<!-- figures:end -->"
HEAD = ("任务", "数据与做法", "指标", "本程序", "对照", "底线 / 目标", "结果")
REACHED, ABOVE_FLOOR, MISSED = "达标", "过底线", "未达"


@dataclass(frozen=True, slots=True)
class Line:
    """One row. `what` says what the plain figure is; `floor` and `aim` are absolute; `lower`: less is better."""

    task: str
    data: str
    measure: str
    ours: float
    plain: float | None = None
    what: str = ""
    floor: float | None = None
    aim: float | None = None
    lower: bool = False

    def _holds(self, wanted: float) -> bool:
        return self.ours <= wanted if self.lower else self.ours >= wanted

    def mark(self) -> str:
        """Whether the aim is reached, or at least the floor; empty where nothing was asked."""
        if self.aim is not None and self._holds(self.aim):
            return REACHED
        if self.floor is not None and self._holds(self.floor):
            return REACHED if self.aim is None else ABOVE_FLOOR
        return "" if self.aim is None and self.floor is None else MISSED

    def cells(self) -> tuple[str, ...]:
        """The row as it is shown."""
        plain = "" if self.plain is None else f"{shown(self.plain)}（{self.what}）"
        sign = "≤ " if self.lower else "≥ "
        wanted = " / ".join(shown(value) for value in (self.floor, self.aim) if value is not None)
        wanted = sign + wanted if wanted else ""
        return (self.task, self.data, self.measure, shown(self.ours), plain, wanted, self.mark())


def shown(value: float) -> str:
    """Three decimals, counts and numbers from a thousand on whole; a mean of nothing is a dash."""
    if math.isnan(value):
        return "—"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3f}"


def table(lines: Sequence[Line]) -> str:
    """The lines as a Markdown table."""
    rows = [HEAD, ("---",) * len(HEAD), *(line.cells() for line in lines)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def written(text: str, figures: str) -> str:
    """README with the figures between its markers. Raises Failed where there are none."""
    pattern = re.compile(re.escape(BEGIN) + r".*?" + re.escape(END), re.DOTALL)
    if not pattern.search(text):
        raise Failed(f"README.md 里没有标记 {BEGIN} 与 {END}")
    return pattern.sub(lambda _: f"{BEGIN}\n{figures}\n{END}", text)
