"""A share of things counted, with its 95 % interval (Wilson 1927)."""

from __future__ import annotations

from dataclasses import dataclass

from nlp.metrics.interval import wilson


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.count, self.of)

    def told(self) -> str:
        """5.0% [2.2, 11.2]; — of nothing."""
        found = self.interval
        if found is None:
            return "—"
        return f"{100 * self.count / self.of:.1f}% [{100 * found[0]:.1f}, {100 * found[1]:.1f}]"

    def json(self) -> dict[str, object]:
        found = self.interval
        return {
            "count": self.count,
            "of": self.of,
            "share": None if self.value is None else round(self.value, 4),
            "interval": None if found is None else [round(found[0], 4), round(found[1], 4)],
        }
