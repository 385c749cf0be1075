"""The figures of a run, added up row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

_SHOWN_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of a run. `violations`: item code → failed, judged and the rate between them; `unread`: file → columns nobody read."""

    total: int
    scored: int
    refused: int
    veto: int
    mean: float | None
    grades: Mapping[str, int] = field(default_factory=dict)
    distribution: Mapping[str, int] = field(default_factory=dict)
    satisfaction: float | None = None
    violations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)
    problems: Sequence[Mapping[str, Any]] = ()
    unread: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Tally:
    """Adds up results and problems; what it holds does not grow with them."""

    def __init__(self) -> None:
        self.scored = self.refused = self.veto = 0
        self.points = self.pleased = 0.0
        self.grades: Counter[str] = Counter()
        self.tens: Counter[int] = Counter()
        self.modes: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.judged: Counter[str] = Counter()
        self.names: dict[str, str] = {}
        self.problems: list[dict[str, Any]] = []

    def problem(self, problem: dict[str, Any]) -> None:
        self.refused += 1
        if len(self.problems) < _SHOWN_PROBLEMS:
            self.problems.append(problem)

    def result(self, row: Mapping[str, Any]) -> None:
        self.scored += 1
        self.veto += bool(row["veto"])
        self.points += row["score"]
        self.pleased += row["satisfaction"]["value"]
        self.grades[row["grade"]] += 1
        self.tens[min(int(row["score"] // 10), 9)] += 1
        self.modes[row["mode"]] += 1
        for item in row["items"]:
            self.names[item["code"]] = item["name"]
            if item["result"] != "na":
                self.judged[item["code"]] += 1
                self.failed[item["code"]] += item["result"] == "fail"

    def summary(self) -> Summary:
        violations = {
            code: {
                "name": self.names[code],
                "failed": self.failed[code],
                "judged": self.judged[code],
                "rate": round(self.failed[code] / self.judged[code], 4) if self.judged[code] else None,
            }
            for code in self.names
        }
        return Summary(
            total=self.scored + self.refused,
            scored=self.scored,
            refused=self.refused,
            veto=self.veto,
            mean=round(self.points / self.scored, 2) if self.scored else None,
            grades=dict(sorted(self.grades.items())),
            distribution={f"{ten * 10}-{ten * 10 + 10}": self.tens[ten] for ten in range(10)},
            satisfaction=round(self.pleased / self.scored, 3) if self.scored else None,
            violations=violations,
            modes=dict(self.modes),
            problems=tuple(self.problems),
        )
