"""Drills: long proofs of one claim each, small in the tests and full by `make drill NAME=…`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Say = Callable[[str], None]
"""Told a line about how far the work is."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one run gave. `failures` are what contradicted the claim, in words; none means that it held."""

    figures: Mapping[str, object] = field(default_factory=dict)
    failures: tuple[str, ...] = ()

    @property
    def held(self) -> bool:
        return not self.failures


def percentile(values: list[float], share: float) -> float:
    """The smallest value that `share` of the values do not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def resident_mb() -> float:
    """Memory that this process holds now, in MiB (Linux)."""
    return resident_of("self")


def resident_of(process: int | str) -> float:
    """Memory that a process holds now, in MiB (Linux); 0 for one that has ended."""
    try:
        with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as lines:
            return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)
    except OSError:
        return 0.0
