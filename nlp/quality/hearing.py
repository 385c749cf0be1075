"""What the trained heads suspect in the turns of a batch: each different turn is read once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlp.privacy import MASKS
from nlp.quality.ports import Conduct
from nlp.suspects import Suspects
from nlp.transcript import SERVICE_ROLES


@dataclass(frozen=True, slots=True)
class Hearing:
    """By normalised text: what an agent's turn may hold, how distressed a customer's sounds."""

    agents: Mapping[str, Suspects]
    customers: Mapping[str, float]


_NUMBER = re.compile("|".join((r"(?<![0-9a-z])1[0-9]{10}(?![0-9])", re.escape(MASKS["mobile"]))))
"""A telephone number, or what was put over it: it says nothing of a mood, and drowns the words beside it."""
SILENCE = Hearing({}, {})


def breaths(roles: Sequence[str], texts: Sequence[str]) -> dict[int, str]:
    """By customer turn, what the customer said so far without an answer: a thought is often sent in pieces."""
    found: dict[int, str] = {}
    said = ""
    for turn, (role, text) in enumerate(zip(roles, texts, strict=True)):
        if role == "customer":
            if text:
                said = f"{said} {text}" if said else text
                found[turn] = said
        elif role in SERVICE_ROLES:
            said = ""
    return found


def hear(conduct: Conduct | None, agents: Sequence[str], customers: Sequence[str]) -> Hearing:
    """Ask the heads about the turns of a batch, all in one pass."""
    if conduct is None:
        return SILENCE
    said, told = list(dict.fromkeys(agents)), list(dict.fromkeys(customers))
    return Hearing(
        dict(zip(said, conduct.hear(said), strict=True)),
        dict(zip(told, conduct.distressed([_NUMBER.sub("", text) for text in told]), strict=True)),
    )
