"""Things a ticket names: order and tracking numbers, amounts, dates, the last digits of a phone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nlp.privacy import MASKS, find
from nlp.text import clean

_LIKELY = re.compile("[0-9０-９一二两三四五六七八九十百¥￥$前昨今明后後周週星礼禮]")
_NUMERAL = "[0-9一二两三四五六七八九十百千万零〇]"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "amount",
        re.compile(
            r"[¥$] ?(?P<a>[0-9][0-9,]*(?:\.[0-9]{1,2})?)(?: ?[万千])?"
            r"|(?P<b>[0-9][0-9,]*(?:\.[0-9]{1,2})?) ?(?:万|千)?(?:元|块钱?|rmb)(?![0-9]?[a-z])"
            r"|(?P<c>[一二两三四五六七八九][一二两三四五六七八九十百千万零〇]*)(?:元|块钱?)"
        ),
    ),
    (
        "date",
        re.compile(
            r"[0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?|[0-9一二三四五六七八九十]{1,3}月[0-9一二三四五六七八九十]{1,3}[日号]"
            r"|(?:大前|前|昨|今|明|后|大后)[天日晚早](?:上午|下午|晚上|早上|中午)?|(?:上|这|本|下)?(?:周|星期|礼拜)[一二三四五六日天末]"
            r"|(?<![0-9.])[0-9]{1,2}号(?![楼栋线店库仓])"
        ),
    ),
    ("phone_tail", re.compile(rf"尾号(?:是|为)?:? ?(?:{_NUMERAL}){{4}}(?![0-9])")),
)


@dataclass(frozen=True, slots=True)
class Entity:
    """`text` is the slice `[start, end)` of the text as sent, personal data replaced by its label."""

    type: str
    text: str
    start: int
    end: int


def entities(text: str) -> tuple[Entity, ...]:
    """What `text` names, in order of place; types order_no, tracking_no, amount, date, phone_tail."""
    if not _LIKELY.search(text):
        return ()
    found = [
        Entity(one.type, MASKS[one.type], one.start, one.end)
        for one in find(text)
        if one.type in ("order_no", "tracking_no")
    ]
    taken = [(one.start, one.end) for one in found]
    seen = clean(text)
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(seen.text):
            start, end = seen.span(*match.span())
            if all(end <= a or start >= b for a, b in taken):
                taken.append((start, end))
                found.append(Entity(kind, text[start:end], start, end))
    return tuple(sorted(found, key=lambda one: (one.start, one.type)))


_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNIT = {"十": 10, "百": 100, "千": 1000, "万": 10_000}


def amount_of(entity: Entity) -> float:
    """Value of an amount in its own unit of money; 0 where it cannot be told."""
    match = _PATTERNS[0][1].search(clean(entity.text).text)
    if match is None:
        return 0.0
    digits = match["a"] or match["b"]
    scale = next((_UNIT[c] for c in "万千" if c in entity.text), 1) if digits else 1
    return float(digits.replace(",", "")) * scale if digits else _spoken(match["c"])


def _spoken(text: str) -> float:
    total, section, digit = 0, 0, 0
    for character in text:
        if character in _DIGIT:
            digit = _DIGIT[character]
        elif character == "万":
            total, section, digit = (total + section + digit) * 10_000, 0, 0
        else:
            section, digit = section + (digit or 1) * _UNIT[character], 0
    return float(total + section + digit)
