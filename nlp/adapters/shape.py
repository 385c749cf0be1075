"""What the adapters share: fields read with a complaint that names them, and times from offsets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from nlp.transcript import TranscriptError, parse_time

Json = dict[str, Any]
LONGEST = 7 * 24 * 3600 * 1000
"""Milliseconds of one conversation; more is a mistaken unit."""
_LATEST = 4_102_444_800_000  # 2100-01-01


@dataclass(frozen=True, slots=True)
class Adapter:
    """How one system's exports are read.

    `parts` cuts a document into conversations; `transcript` turns one of them into the contract's object and
    raises TranscriptError, which names the system's own field.
    """

    name: str
    title: str
    recognises: Callable[[Mapping[str, Any]], bool]
    parts: Callable[[Any], Iterator[Any]]
    transcript: Callable[[Mapping[str, Any]], Json]


def listed(value: Any, name: str) -> list[Any]:
    """A list; raises TranscriptError for anything else."""
    if not isinstance(value, list):
        raise TranscriptError(name, "缺失或不是列表", "列表")
    return value


def table(value: Any, name: str) -> Mapping[str, Any]:
    """An object; raises TranscriptError for anything else."""
    if not isinstance(value, Mapping):
        raise TranscriptError(name, "不是对象", "JSON 对象")
    return value


def words(value: Any, name: str) -> str:
    """A string, empty where there is none; raises TranscriptError for anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TranscriptError(name, "不是字符串", "字符串")
    return value


def offset(value: Any, name: str) -> float | None:
    """Milliseconds from the beginning; raises TranscriptError for what is none, below zero or beyond a week."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST:
        raise TranscriptError(name, f"不是有效的偏移 {str(value)[:30]!r}", "从开始算起的毫秒数，0 到 7 天")
    return float(value)


def moment(value: Any, name: str) -> datetime | None:
    """A time as text or as milliseconds since 1970; raises TranscriptError."""
    if value in (None, ""):
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 < value < _LATEST:
            raise TranscriptError(
                name, f"不是有效的时间 {str(value)[:30]!r}", "1970 年起的毫秒数，或 ISO 8601"
            )
        return datetime.fromtimestamp(value / 1000, UTC)
    return parse_time(value, name)


def told(start: datetime | None, after: float | None) -> str | None:
    """When something was said, if the beginning is known; offsets alone tell no time."""
    if start is None or after is None:
        return None
    return (start + timedelta(milliseconds=after)).isoformat()


def turn(role: str, text: str, at: str | None) -> Json:
    """One turn of the contract."""
    return {"role": role, "text": text} | ({"at": at} if at else {})


def one(value: Any) -> Iterator[Any]:
    """A document that is one conversation, or a list of them."""
    yield from value if isinstance(value, list) else (value,)
