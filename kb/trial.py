"""Who tries a changed handbook before everybody does, and how sure a rate counted in a trial is."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

SHORTEST_DAYS, LONGEST_DAYS = 7, 14
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Person:
    """An agent who reads the handbook."""

    id: str
    team: str | None = None


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who takes part: these teams, these agents, and `percent` of all others."""

    teams: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    percent: float = 0.0

    @property
    def empty(self) -> bool:
        return not self.teams and not self.agents and self.percent <= 0

    def holds(self, person: Person, salt: str) -> bool:
        """Whether a person takes part. The share is drawn by `salt`: the same people for the whole trial."""
        if person.id in self.agents or (person.team is not None and person.team in self.teams):
            return True
        return _drawn(person.id, salt) < self.percent / 100


def _drawn(identity: str, salt: str) -> float:
    digest = hashlib.sha256(f"{salt}\n{identity}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def wilson(hits: int, n: int, z: float = Z95) -> tuple[float, float] | None:
    """Confidence interval of a rate (95 % unless told), None without observations."""
    if n <= 0:
        return None
    rate = hits / n
    spread = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    middle, scale = rate + z * z / (2 * n), 1 + z * z / n
    return max(0.0, min(rate, (middle - spread) / scale)), min(1.0, max(rate, (middle + spread) / scale))
