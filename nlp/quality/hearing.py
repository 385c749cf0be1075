"""What the trained heads suspect in the turns of a batch: each different turn is read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlp.quality.ports import Conduct
from nlp.suspects import Suspects


@dataclass(frozen=True, slots=True)
class Hearing:
    """By normalised text: what an agent's turn may hold, how distressed a customer's sounds."""

    agents: Mapping[str, Suspects]
    customers: Mapping[str, float]


SILENCE = Hearing({}, {})


def hear(conduct: Conduct | None, agents: Sequence[str], customers: Sequence[str]) -> Hearing:
    """Ask the heads about the turns of a batch, all in one pass."""
    if conduct is None:
        return SILENCE
    said, told = list(dict.fromkeys(agents)), list(dict.fromkeys(customers))
    return Hearing(
        dict(zip(said, conduct.hear(said), strict=True)),
        dict(zip(told, conduct.distressed(told), strict=True)),
    )
