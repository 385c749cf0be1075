"""Amounts, times, dates and numbers to call in a text, in one measure: 两天 is 48 小时, 早九晚九 is 9:00–21:00."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from kb.lint import tables
from kb.lint.numerals import DIGITS, NUMBER, value
from nlp.text import Clean, clean

_TO = r" ?(?:[-–—~]|至|到) ?"
_DAYPART = r"(?:凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里|夜间|半夜|明早|今早|今晚|明晚|昨晚|早|晚)"
_CLOCK = (
    rf"(?P<part{{n}}>{_DAYPART})? ?(?:(?P<hour{{n}}>\d{{{{1,2}}}}):(?P<minute{{n}}>\d{{{{2}}}})"
    r"|(?P<spoken{n}>\d{{1,2}}|[零一二两三四五六七八九十]{{1,3}}) ?(?:点钟?(?!:|[建要求原])|时(?!间|段|候|效|长|限))"
    r"(?P<half{n}>半|整|[一三]刻)?)"
)
_OPEN = re.compile(rf"(?<![\d:]){_CLOCK.format(n=1)}{_TO}(?:次日|当日)? ?{_CLOCK.format(n=2)}")
_SHUT = re.compile(
    rf"(?<![\d:])(?! ){_CLOCK.format(n=1)}(?:就|才)?(?:开|上班|起|营业)[^\d。;]{{0,8}}?{_CLOCK.format(n=2)}(?:就|才)?(?=[关打下结停])"
)
_NINE = re.compile(
    r"早 ?([六七八九十]|\d{1,2}) ?(?:点|时)?(?:到|至|-)?晚 ?([六七八九十]{1,2}|\d{1,2}) ?(?:点|时)?"
)
_TIME = re.compile(rf"(?<![\d:])(?! ){_CLOCK.format(n=1)}")
_DATE = re.compile(
    r"(?:(?P<year>\d{4}) ?[年/.-] ?)?(?P<month>\d{1,2}|十[一二]?|[一二三四五六七八九]) ?[月/] ?"
    r"(?P<day>\d{1,2}|[一二三]?十?[一二三四五六七八九]?) ?[日号]"
)
_MONTH = re.compile(r"(?<![\d个])(?P<month>\d{1,2}) ?月(?! ?\d)(?!份?发)")
_PHONE = re.compile(r"(?<!\d)(?:[48]00(?:[- ]?\d){7}|0\d{2,3}[- ]\d{3,4}[- ]?\d{4})(?!\d)")
_HOTLINE = re.compile(r"(?:拨打?|打|热线|电话|致电)[^\d,。;]{0,6}(\d{3,6})(?![\d-])(?! ?[元天个次分小])")
_SHORT = re.compile(r"(?<=[或、和/])\s?(\d{3,5})(?=[\s,。;、)报]|$)")
_SHARE = re.compile(rf"百分之 ?(?P<share>{NUMBER})|(?P<mille>\d+(?:\.\d+)?) ?‰")
_HALF = re.compile(r"(?<![大小前后上下另多过近一])(?<!不到)(?<!超过)一半|半价")
_TALL = re.compile(
    r"(?<![\d零一二三四五六七八九十])(?P<metres>[一二两\d]) ?米 ?(?P<tenths>[一二三四五六七八九]|\d{1,2})(?![\d.一二三四五六七八九十个年天元块次件])"
)
_SPOKEN = re.compile(
    rf"(?P<before>满|[立再直]?减|抵|加收|另收|返|送您?)(?P<number>{NUMBER})(?=[就减抵返包能可以的]|[,，。;；!?]|$)"
)
_EACH = re.compile(
    r"(?:每|一)(?:年|个?月|次|张|晚|人|个|本|件)(?:是|要|收|只要)?(?P<number>[一二两三四五六七八九]?[十百][一二三四五六七八九]?十?[一二三四五六七八九]?)(?=[,，。;；!?]|$)"
)
_TENS = re.compile(
    r"(?<![\d.一二三四五六七八九十百千万])(?P<number>(?:\d+(?:\.\d+)?|[一二两三四五六七八九十百]+) ?万)(?=[,，。;；!?以的就]|$|[才可升])"
)
_LIST = re.compile(r"(?:(?<![\d.])\d+(?:\.\d+)?、[^\d、。,;]{0,3})+$")
_BARE = re.compile(r"\d+(?:\.\d+)?")
_NOT_COUNTED = tuple("第同哪某当这那前隔")
_WITHIN = re.compile(" ?(?:[内之以起后]|无理由|价保)")
_RATE = re.compile(" ?(?:最多|上限|能|可以|只|限|封顶|内?最高|里)")
_YEAR = 1900
_LEAST_BARE = 5
"""Money without its unit is not smaller."""
_MONTH_HOURS = 600
"""From here on a month may have been meant as 30 days or 31."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """`low` to `high` of a family (`unit` is working, duration …) at `[start, end)` of the text as sent.

    `at`, `to` are the same span in the normalised text. `about` marks an approximation.
    """

    family: str
    unit: str
    low: float
    high: float
    start: int
    end: int
    at: int
    to: int
    about: bool = False

    def same(self, other: Quantity) -> bool:
        """Whether both say as much, in whatever unit."""
        months = self.family == "duration" and min(self.low, other.low) >= _MONTH_HOURS
        near = tables.load().compare["tolerance"] if months else 0.0
        if self.unit != other.unit or self.family != other.family:
            return False
        return _near(self.low, other.low, near) and _near(self.high, other.high, near)

    def within(self, other: Quantity) -> bool:
        """Whether the other says as much or leaves room for this."""
        if self.unit != other.unit or self.family != other.family:
            return False
        months = self.family == "duration" and min(self.high, other.high) >= _MONTH_HOURS
        slack = tables.load().compare["tolerance"] * abs(other.high) if months else 1e-9
        return other.low - slack <= self.low and self.high <= other.high + slack


def _near(left: float, right: float, share: float) -> bool:
    return abs(left - right) <= max(share * max(abs(left), abs(right)), 1e-6)


@lru_cache(maxsize=1)
def _amount() -> re.Pattern[str]:
    units = tables.alternatives(tables.load().units)
    return re.compile(
        rf"(?<![\d.a-z第\-])(?P<first>{NUMBER})(?P<more>[来多几余])?(?:{_TO}(?P<second>{NUMBER}))? ?(?P<mid>个半)?(?P<unit>{units})"
        r"(?P<half>半)?(?![a-z])(?<!分(?=之))"
    )


def quantities(text: str, seen: Clean | None = None) -> tuple[Quantity, ...]:
    """What `text` states in numbers, in order of place; nothing overlaps."""
    seen = seen or clean(text)
    taken = bytearray(len(seen.text))
    found = []
    for reader in (_phones, _hours, _dates, _shares, _spoken, _amounts):
        for family, unit, low, high, at, to, about in reader(seen.text):
            if any(taken[at:to]):
                continue
            taken[at:to] = b"\x01" * (to - at)
            start, end = seen.span(at, to)
            found.append(Quantity(family, unit, low, high, start, end, at, to, about))
    return tuple(sorted(found, key=lambda one: one.at))


Reading = tuple[str, str, float, float, int, int, bool]


def _phones(text: str) -> Iterator[Reading]:
    for match in _PHONE.finditer(text):
        number = float(re.sub(r"\D", "", match.group()))
        yield "phone", "phone", number, number, *match.span(), False
    for pattern in (_HOTLINE, _SHORT):
        for match in pattern.finditer(text):
            number = float(match.group(1))
            yield "phone", "phone", number, number, *match.span(1), False


def _hours(text: str) -> Iterator[Reading]:
    for match in (*_OPEN.finditer(text), *_SHUT.finditer(text)):
        first, last = _clock(match, 1), _clock(match, 2, _clock(match, 1))
        if first is not None and last is not None:
            yield "hours", "hours", first, last, *match.span(), False
    for match in _NINE.finditer(text):
        first, last = _bare(match.group(1)), _bare(match.group(2))
        if first is not None and last is not None and last <= 12:
            yield "hours", "hours", first, last + 12, *match.span(), False
    for match in _TIME.finditer(text):
        moment = _clock(match, 1)
        if moment is not None:
            yield "clock", "clock", moment, moment, *match.span(), False


def _bare(text: str) -> float | None:
    found = value(text)
    return None if found is None else found[0]


def _clock(match: re.Match[str], n: int, after: float | None = None) -> float | None:
    said = match[f"hour{n}"] or match[f"spoken{n}"]
    hour = _bare(said)
    if hour is None or hour > 24:
        return None
    half = match[f"half{n}"] or ""
    minutes = float(match[f"minute{n}"] or {"半": 30, "一刻": 15, "三刻": 45}.get(half, 0))
    part = match[f"part{n}"] or ""
    if part in ("下午", "傍晚", "晚上", "今晚", "明晚", "昨晚", "晚", "夜里", "夜间", "半夜") and hour <= 12:
        hour += 12 if hour < 12 or part not in ("下午",) else 0
    elif not part and match[f"spoken{n}"] and after is not None and hour <= after and hour <= 12:
        hour += 12  # 9 点到 6 点
    return hour + minutes / 60


def _dates(text: str) -> Iterator[Reading]:
    for match in _DATE.finditer(text):
        month, day = _bare(match["month"]), _bare(match["day"]) if match["day"] else None
        if month is None or day is None or not 1 <= month <= 12 or not 1 <= day <= 31:
            continue
        yield "date", "day", month * 100 + day, month * 100 + day, *match.span(), False
    for match in _MONTH.finditer(text):
        month = float(match["month"])
        if 1 <= month <= 12:
            yield "date", "month", month, month, *match.span(), False


def _amounts(text: str) -> Iterator[Reading]:
    units = tables.load()
    for match in _amount().finditer(text):
        first = value(match["first"]) or _discounted(match)
        second = value(match["second"]) if match["second"] else first
        if first is None or second is None:
            continue
        unit, scale = units.units[match["unit"]]
        low, high = first[0], second[1]
        if unit == "discount" and low == high and low > 10:
            low = high = low / 10  # 75 折
        if match["half"] or match["mid"]:
            low, high = low + 0.5, high + 0.5
        if (match["unit"] == "年" and low > _YEAR) or _counts_nothing(text, match, unit, low):
            continue
        family = units.kinds.get(unit, unit)
        yield family, unit, low * scale, high * scale, *match.span(), bool(match["more"])
        for listed in _before(text, match.start()):  # 宽 835、深 690、高 1780 毫米
            yield family, unit, float(listed[0]) * scale, float(listed[0]) * scale, *listed.span(), False


def _discounted(match: re.Match[str]) -> tuple[float, float] | None:
    """七五折: two digits read out."""
    read = [DIGITS.get(c) for c in match["first"]]
    if match["unit"] != "折" or len(read) != 2 or read[0] is None or read[1] is None:
        return None
    return (read[0] + read[1] / 10,) * 2


def _shares(text: str) -> Iterator[Reading]:
    """百分之五, 3‰, 一半; and one metre forty."""
    for match in _SHARE.finditer(text):
        found = value(match["share"]) if match["share"] else (float(match["mille"]) / 10,) * 2
        if found is not None:
            yield "percent", "percent", *found, *match.span(), False
    for match in _HALF.finditer(text):
        yield "percent", "percent", 50.0, 50.0, *match.span(), False
    for match in _TALL.finditer(text):
        metres, tenths = _bare(match["metres"]), match["tenths"]
        if metres is not None:
            part = (_bare(tenths) or 0.0) * (10 if len(tenths) == 1 else 1)
            yield "length", "length", *(metres * 100 + part,) * 2, *match.span(), False


def _spoken(text: str) -> Iterator[Reading]:
    """Money whose unit is left out: 满两百减四十, 一天二十万."""
    for pattern in (_SPOKEN, _EACH, _TENS):
        for match in pattern.finditer(text):
            found = value(match["number"])
            if found is not None and found[0] >= _LEAST_BARE:
                yield "money", "money", *found, *match.span("number"), False


def _before(text: str, at: int) -> Iterator[re.Match[str]]:
    """Bare numbers of a list whose last one, at `at`, carries the unit."""
    chain = _LIST.search(text, max(at - 40, 0), at)
    if chain is not None:
        yield from _BARE.finditer(text, chain.start(), chain.end())


def _counts_nothing(text: str, match: re.Match[str], unit: str, number: float) -> bool:
    """ "一个", "一下", "两位" of speech, "七天无理由" the name, "第二天"."""
    bare = match["first"]
    if (
        unit.startswith("count:")
        and bare in ("一", "两")
        and match["unit"] in ("个", "条", "件", "份", "只", "双")
    ):
        return True
    if bare == "一" and unit == "duration" and _RATE.match(text, match.end()):
        return True
    if match["unit"] == "日" and not _WITHIN.match(text, match.end()):
        return True  # a day of the month
    return text[max(match.start() - 1, 0) : match.start()] in _NOT_COUNTED and number < 10
