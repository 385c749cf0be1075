"""What a conversation leaves to be done: the promise made on escalation, and the customer who comes again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from nlp.duplicates import Likeness, Recent, duplicates
from nlp.phrases import Matcher, PatternError, Phrases
from nlp.routing import Ticket
from nlp.tables import read_preset
from nlp.text import clean
from nlp.transcript import Customer, Turn

NAME = "follow_up"
_NUMERALS = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_SPAN = re.compile(
    r"(?P<number>\d{1,3}(?:\.\d)?|[一二两三四五六七八九十]{1,3}|半) ?个?(?P<half>半)?(?P<unit>分钟|小时|工作日|天|日)(?P<more>半)?"
)
_LATEST = re.compile(r"\d{1,3} ?[-~至到] ?(?P<number>\d{1,3}) ?(?:个)?(?P<unit>分钟|小时|工作日|天|日)")
_CLOCK = re.compile(
    r"(?P<day>今天|今晚|明天|明早|明晚|后天)?[^,。!?\d]{0,4}?(?P<part>上午|下午|晚上|早上|中午)? ?(?P<hour>\d{1,2})(?:[:点](?P<minute>\d{2})?分?)"
)
_SECONDS = {"分钟": 60, "小时": 3600, "天": 86400, "日": 86400, "工作日": 86400}
_DAYS = {"今天": 0, "今晚": 0, "明天": 1, "明早": 1, "明晚": 1, "后天": 2}
_OWNER = re.compile(
    r"由(?:我们?的?)?(?P<name>[^,。!?;:由]{1,10}?)(?=来|给|为|帮|替|向|跟|与|和|负责|处理|联系|回|跟进|上门|答复|解决|完成|[,。!?;]|$)"
)


@dataclass(frozen=True, slots=True)
class FollowUpPolicy:
    """`days` until a call back; what is older than `fresh_days` makes no task; words of an escalation; when a complaint is one again."""

    days: float
    fresh_days: float
    escalation: Phrases
    repeat_days: float
    repeat_categories: frozenset[str]
    likeness: float


@dataclass(frozen=True, slots=True)
class Commitment:
    """What was promised, by when and by whom; `turn` is where, `[start, end)` the promise in the text as sent."""

    turn: int
    start: int
    end: int
    text: str
    due: datetime
    owner: str | None


@dataclass(frozen=True, slots=True)
class Escalation:
    """A matter handed on in `turn`; without a `commitment` the customer was left without a time."""

    turn: int
    text: str
    commitment: Commitment | None


def read_follow_up(folder: Path | None = None) -> FollowUpPolicy:
    """The site's `follow_up.toml` where there is one, else the preset. Raises PolicyError."""
    table = read_preset(NAME, folder).table
    table.only("version", "days", "fresh_days", "escalation", "repeat")
    repeat = table.table("repeat", required=False)
    repeat.only("days", "categories", "likeness")
    phrases = Phrases(table.texts("escalation"))
    try:
        _matcher(phrases)
    except PatternError as problem:
        raise table.error("escalation", str(problem), "RE2 能编译的表达式") from None
    return FollowUpPolicy(
        days=table.number("days", 3, high=366),
        fresh_days=table.number("fresh_days", 30, high=3660),
        escalation=phrases,
        repeat_days=repeat.number("days", 30, high=366),
        repeat_categories=frozenset(repeat.texts("categories", ())),
        likeness=repeat.number("likeness", 0.5, high=1.0),
    )


@lru_cache(maxsize=8)
def _matcher(phrases: Phrases) -> Matcher:
    return Matcher({"escalation": phrases})


def escalations(turns: Sequence[Turn], began: datetime, policy: FollowUpPolicy) -> list[Escalation]:
    """Each turn in which an agent hands the matter on, with the time and owner promised there or in their next one."""
    matcher = _matcher(policy.escalation)
    ours = [at for at, turn in enumerate(turns) if turn.role in ("agent", "supervisor")]
    found = []
    for place, at in enumerate(ours):
        text = turns[at].text
        spans = matcher.hits(clean(text).text).get("escalation", ())
        if not spans:
            continue
        here = [at, *ours[place + 1 : place + 2]]
        promised = next((made for one in here if (made := commitment(turns, one, began))), None)
        start, end = clean(text).span(*spans[0])
        found.append(Escalation(at, text[start:end], promised))
    return found


def commitment(turns: Sequence[Turn], at: int, began: datetime) -> Commitment | None:
    """A time promised in a turn; the clock starts when the turn was said (`began` where turns have no times)."""
    seen = clean(turns[at].text)
    said = turns[at].at or began
    owner = _OWNER.search(seen.text)
    for match in (_LATEST.search(seen.text), _SPAN.search(seen.text)):
        if match is None:
            continue
        seconds = _number(match) * _SECONDS[match["unit"]]
        return _made(turns, at, seen.span(*match.span()), said + timedelta(seconds=seconds), owner)
    match = _CLOCK.search(seen.text)
    due = _clock(match, said) if match else None
    return None if match is None or due is None else _made(turns, at, seen.span(*match.span()), due, owner)


def _number(match: re.Match[str]) -> float:
    """A number in figures or Chinese numerals up to 99; 一个半 is 1.5."""
    text, parts = match["number"], match.groupdict()
    half = 0.5 if parts.get("half") or parts.get("more") else 0.0
    if text == "半":
        return 0.5
    if text[0].isdecimal():
        return float(text) + half
    tens, ten, ones = text.rpartition("十")
    return (10 * _NUMERALS.get(tens, 1) if ten else 0) + _NUMERALS.get(ones, 0) + half


def _clock(match: re.Match[str], said: datetime) -> datetime | None:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if (match["part"] in ("下午", "晚上") or match["day"] in ("今晚", "明晚")) and hour < 12:
        hour += 12
    if hour > 24 or minute > 59 or (match["day"] is None and match["part"] is None and ":" not in match[0]
                                    and not match[0].endswith(("点", "分"))):  # fmt: skip
        return None
    day = said + timedelta(days=_DAYS.get(match["day"] or "", 0))
    due = day.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=hour, minutes=minute)
    return due if due > said else due + timedelta(days=1)


def _made(
    turns: Sequence[Turn], at: int, span: tuple[int, int], due: datetime, owner: re.Match[str] | None
) -> Commitment:
    text = turns[at].text
    return Commitment(at, *span, text[span[0] : span[1]], due, owner["name"].strip() if owner else None)


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier contact of the same customer: its category and its words (masked)."""

    id: str
    at: datetime
    category: str | None
    text: str


def first_of(
    text: str, category: str | None, earlier: Sequence[Earlier], policy: FollowUpPolicy
) -> Earlier | None:
    """The first contact of the matter that this one is about again: of the same category, or in the same words."""
    recent = [Recent(one.id, one.text, "same") for one in earlier]
    ticket = Ticket(text, customer=Customer(id="same"))
    alike = {
        one.ticket_id
        for one in duplicates(ticket, recent, Likeness(least=policy.likeness, limit=len(recent) or 1))
    }
    same = [one for one in earlier if one.id in alike or (category is not None and one.category == category)]
    return min(same, key=lambda one: (one.at, one.id), default=None)
