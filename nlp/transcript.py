"""Turns and transcripts, the shape every capability reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

Role = Literal["customer", "agent", "bot", "supervisor", "system"]
ROLES: tuple[Role, ...] = get_args(Role)
SERVICE_ROLES: frozenset[str] = frozenset({"agent", "bot", "supervisor"})


@dataclass(frozen=True, slots=True)
class Masked:
    """Personal data of one type at `[start, end)`; `given`: the customer had said it before."""

    type: str
    start: int
    end: int
    given: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One message. `at` is aware; None where the source has no time.

    `masked`: what was covered in `text` when it was kept; None where the text is as it was sent.
    """

    role: Role
    text: str
    at: datetime | None = None
    turn_id: str | None = None
    masked: tuple[Masked, ...] | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open code-point span of `turns[turn].text`; `absent` marks the place where something was expected."""

    turn: int
    start: int
    end: int
    text: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Customer:
    id: str | None = None
    tier: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    id: str
    name: str | None = None
    team: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of the end; `satisfaction` 0…2, None where not recorded."""

    resolved: bool | None = None
    satisfaction: int | None = None
    follow_up: bool | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A finished dialogue. `extra` keeps the fields we do not know."""

    id: str
    turns: tuple[Turn, ...]
    channel: str | None = None
    category: str | None = None
    agent: Agent | None = None
    customer: Customer = Customer()
    started_at: datetime | None = None
    outcome: Outcome | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class TranscriptError(ValueError):
    """A transcript that cannot be read; names the field and the accepted form."""

    def __init__(self, name: str, message: str, accepted: str) -> None:
        super().__init__(f"{name}: {message}（应为：{accepted}）")
        self.field, self.message, self.accepted = name, message, accepted


_KNOWN = frozenset({"id", "turns", "channel", "category", "agent", "customer", "started_at", "outcome"})


def parse_time(value: Any, name: str) -> datetime | None:
    """ISO 8601 to an aware datetime; a time without offset is Beijing time."""
    from datetime import timedelta, timezone

    if value in (None, ""):
        return None
    try:
        moment = datetime.fromisoformat(str(value))
        if not 1900 <= moment.year <= 9000:  # beyond, zones and spans cannot be counted
            raise ValueError
    except ValueError:
        raise TranscriptError(
            name, f"无法识别的时间 {str(value)[:40]!r}", "ISO 8601，如 2026-11-03T10:12:00+08:00"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone(timedelta(hours=8)))


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise TranscriptError(name, "不是字符串", "字符串")
    return value


def _label(value: Any, name: str) -> str | None:
    """A short text that may be missing; a number is read as its digits."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise TranscriptError(name, "不是字符串", "字符串")


def _turn(value: Any, index: int) -> Turn:
    name = f"turns.{index}"
    if not isinstance(value, Mapping):
        raise TranscriptError(name, "不是对象", '{"role","text","at"?}')
    role = value.get("role")
    if role not in ROLES:
        raise TranscriptError(f"{name}.role", f"未知角色 {str(role)[:40]!r}", "|".join(ROLES))
    turn_id = value.get("turn_id")
    return Turn(
        role,
        _text(value.get("text", ""), f"{name}.text"),
        parse_time(value.get("at"), f"{name}.at"),
        _label(turn_id, f"{name}.turn_id"),
    )


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TranscriptError(name, "不是对象", "JSON 对象")
    return value


def _agent(value: Mapping[str, Any]) -> Agent | None:
    identity, name, team = (_label(value.get(part), f"agent.{part}") for part in ("id", "name", "team"))
    return Agent(identity, name, team) if identity else None


def parse_transcript(value: Any, default_id: str = "") -> Transcript:
    """Read the contract's JSON object. Raises TranscriptError naming the field."""
    if not isinstance(value, Mapping):
        raise TranscriptError("transcript", "不是对象", '{"id","turns":[…]}')
    turns = value.get("turns")
    if not isinstance(turns, list):
        raise TranscriptError("turns", "缺失或不是列表", "话轮列表")
    identity = _label(value.get("id"), "id") or default_id
    if not identity:
        raise TranscriptError("id", "缺失", "非空字符串")
    customer = _mapping(value.get("customer"), "customer")
    outcome = _mapping(value.get("outcome"), "outcome")
    return Transcript(
        id=identity,
        turns=tuple(_turn(turn, index) for index, turn in enumerate(turns)),
        channel=_label(value.get("channel"), "channel"),
        category=_label(value.get("category"), "category"),
        agent=_agent(_mapping(value.get("agent"), "agent")),
        customer=Customer(
            *(_label(customer.get(name), f"customer.{name}") for name in ("id", "tier", "region"))
        ),
        started_at=parse_time(value.get("started_at"), "started_at"),
        outcome=Outcome(outcome.get("resolved"), outcome.get("satisfaction"), outcome.get("follow_up"))
        if outcome
        else None,
        extra={name: item for name, item in value.items() if name not in _KNOWN},
    )
