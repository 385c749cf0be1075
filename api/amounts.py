"""Amounts and times in a sentence, comparable: 2天 is 48小时, 1–5 个工作日 holds 3."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nlp.text import clean

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九十")} | {"两": 2}
_UNITS: tuple[tuple[str, str, float], ...] = (
    ("元", "money", 1),
    ("块钱", "money", 1),
    ("块", "money", 1),
    ("万元", "money", 10_000),
    ("%", "percent", 1),
    ("折", "discount", 1),
    ("个工作日", "working_day", 1),
    ("工作日", "working_day", 1),
    ("个小时", "hour", 1),
    ("小时", "hour", 1),
    ("天", "hour", 24),
    ("分钟", "hour", 1 / 60),
    ("个月", "month", 1),
    ("年", "month", 12),
    ("积分", "point", 1),
)
_SCALE = {name: (kind, scale) for name, kind, scale in _UNITS}
_NUMBER = r"(\d+(?:\.\d+)?|[零一二两三四五六七八九十]+)"
_UNIT = "|".join(sorted((name for name, _, _ in _UNITS), key=len, reverse=True))
_AMOUNT = re.compile(rf"(?<![\d.a-z第]){_NUMBER}(?: ?[-–—~至到] ?{_NUMBER})? ?({_UNIT})")
_YEAR = 1900


@dataclass(frozen=True, slots=True)
class Amount:
    """`low` to `high` of one kind of unit, at `[start, end)` of the text as sent."""

    kind: str
    low: float
    high: float
    start: int
    end: int

    def within(self, other: Amount) -> bool:
        """Whether the other says as much or leaves room for this."""
        return self.kind == other.kind and other.low - 1e-9 <= self.low and self.high <= other.high + 1e-9


def amounts(text: str) -> tuple[Amount, ...]:
    """The amounts of `text` in order; a calendar year or an ordinal is none."""
    seen = clean(text)
    found = []
    for match in _AMOUNT.finditer(seen.text):
        low = _value(match.group(1))
        high = low if match.group(2) is None else _value(match.group(2))
        kind, scale = _SCALE[match.group(3)]
        if low is None or high is None or (match.group(3) == "年" and high > _YEAR):
            continue
        start, end = seen.span(*match.span())
        found.append(Amount(kind, low * scale, high * scale, start, end))
    return tuple(found)


def _value(text: str) -> float | None:
    """A number in digits, or in Chinese numerals below a hundred."""
    if text[0].isdigit():
        return float(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return float(_DIGITS[text]) if len(text) == 1 else None
    if len(tens) > 1 or len(ones) > 1:
        return None
    return float((_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0))
