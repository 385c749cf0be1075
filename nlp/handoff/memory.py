"""What is remembered of a conversation between turns: bounded, plain, and the same after a round trip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal

from nlp.transcript import Turn

Name = Literal["bot", "requested", "offered", "accepted", "human", "closed"]
WINDOW = 8
"""Turns kept word for word, shortened to `KEPT` characters."""
KEPT = 200
TOLD = 60


@dataclass(frozen=True, slots=True)
class Seen:
    """A turn of the window. `topics`: what it is about; `codes`: the cues found in it."""

    turn: int
    turn_id: str | None
    role: str
    text: str
    topics: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """One conversation. Counters belong to the present episode: they start again when who serves changes."""

    state: Name
    served_by: Literal["bot", "agent"]
    turns: int = 0
    window: tuple[Seen, ...] = ()
    restated: int = 0
    missed: int = 0
    referrals: int = 0
    shouting: int = 0
    judged: int = -1
    offered: bool = False
    told: tuple[str, ...] = ()
    cause: str | None = None
    queue: str | None = None
    request: str = ""
    tried: tuple[str, ...] = ()
    mood: str = ""
    stages: tuple[tuple[str, int], ...] = ()
    waiting_since: str | None = None

    @property
    def bot_may_speak(self) -> bool:
        """False from `accepted` on, until the conversation is given back or opened anew."""
        return self.state in ("bot", "requested", "offered")


def start(served_by: str = "bot") -> State:
    """The state of a conversation nobody has spoken in; `served_by` is `bot` or `agent`."""
    if served_by == "agent":
        return State("human", "agent")
    return State("bot", "bot")


def remember(state: State, seen: Seen, turn: Turn) -> State:
    """`state` after a turn was heard: the window moves on, the clock of the waiting customer runs or stops."""
    waiting = state.waiting_since
    if turn.role in ("bot", "agent", "supervisor"):
        waiting = None
    elif turn.role == "customer" and waiting is None and turn.at is not None:
        waiting = turn.at.isoformat()
    window = (*state.window, seen)[-WINDOW:]
    return replace(state, turns=state.turns + 1, window=window, waiting_since=waiting)


def fresh_episode(state: State, name: Name, served_by: Literal["bot", "agent"]) -> State:
    """`state` with another server: counters and reasons start again, what was said stays."""
    return replace(
        state,
        state=name,
        served_by=served_by,
        restated=0,
        missed=0,
        referrals=0,
        shouting=0,
        judged=state.turns - 1,
        offered=False,
        cause=None,
    )


def waited(state: State, now: datetime) -> float:
    """Seconds the customer has been waiting for an answer; 0 when nobody waits."""
    if state.waiting_since is None:
        return 0.0
    return max((now - datetime.fromisoformat(state.waiting_since)).total_seconds(), 0.0)


def to_json(state: State) -> dict[str, Any]:
    """Plain JSON of a state."""
    return asdict(state)


def from_json(value: Mapping[str, Any]) -> State:
    """Read back what `to_json` wrote; unknown fields of a newer version are left out."""
    known = {field.name for field in fields(State)}
    given = {key: item for key, item in value.items() if key in known}
    given["window"] = tuple(
        Seen(**{**one, "topics": tuple(one["topics"]), "codes": tuple(one["codes"])})
        for one in value.get("window", ())
    )
    for key in ("told", "tried"):
        given[key] = tuple(value.get(key, ()))
    given["stages"] = tuple((str(stage), int(turn)) for stage, turn in value.get("stages", ()))
    return State(**given)
