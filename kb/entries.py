"""Entries and passages: frozen, with stable ids; the wire shape of an entry is read and checked here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Literal, cast, get_args
from zoneinfo import ZoneInfo

Kind = Literal["faq", "script", "sop", "case", "policy", "manual"]
Stage = Literal["greeting", "comfort", "verify", "solve", "follow_up", "closing"]
Field = Literal["title", "similar", "text"]
KINDS: tuple[Kind, ...] = get_args(Kind)
STAGES: tuple[Stage, ...] = get_args(Stage)
FIELDS: tuple[Field, ...] = get_args(Field)
ZONE = ZoneInfo("Asia/Shanghai")
"""The zone of a time that names none: the default of a site."""
_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}")
MAX_ID, MAX_TITLE, MAX_TEXT, MAX_ITEMS = 200, 1_000, 200_000, 1_000


class EntryError(ValueError):
    """An entry that cannot be read: which `field`, what is wrong (`message`) and what is `accepted`."""

    def __init__(self, field: str, message: str, accepted: str) -> None:
        super().__init__(f"{field}: {message} ({accepted})")
        self.field, self.message, self.accepted = field, message, accepted


@dataclass(frozen=True, slots=True)
class Slot:
    """A place `{name}` in a script's text; an optional one is written `{name?}`."""

    name: str
    required: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of knowledge. Empty `audience` or `channel` means everyone, everywhere."""

    id: str
    kind: Kind
    title: str
    text: str
    stage: Stage | None = None
    similar: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = ()
    tags: tuple[str, ...] = ()
    audience: frozenset[str] = frozenset()
    channel: frozenset[str] = frozenset()
    effective_from: datetime | None = None
    effective_to: datetime | None = None
    source: str = ""
    section: str = ""
    url: str = ""
    review_due: date | None = None
    """The last day on which the entry counts as looked through; on the next it is overdue."""
    owner: str = ""
    successor: str = ""
    """Id of the entry that takes over at `effective_to`: this is its text until then."""

    @property
    def known_as(self) -> str:
        """The id that people know: a text about to be replaced goes by that of its successor."""
        return self.successor or self.id

    @property
    def overdue_from(self) -> datetime | None:
        """The moment from which a review is overdue; None where no day is set."""
        if self.review_due is None:
            return None
        return datetime.combine(self.review_due + timedelta(days=1), time(), ZONE)

    def effective(self, as_of: datetime) -> bool:
        """Whether the entry holds at `as_of` (aware); the end is exclusive."""
        begun = self.effective_from is None or self.effective_from <= as_of
        return begun and (self.effective_to is None or as_of < self.effective_to)


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is indexed. `id` counts from 0 within its entry; `start` is an offset into that field."""

    id: int
    entry_id: str
    field: Field
    text: str
    start: int = 0


def entry_id(kind: str, title: str, text: str) -> str:
    """A stable id for an entry that came without one."""
    digest = hashlib.sha256(f"{kind}\n{title}\n{text}".encode()).hexdigest()
    return f"{kind}-{digest[:12]}"


def to_json(entry: Entry) -> dict[str, Any]:
    """The contract's shape; empty fields are left out, `from_json` gives the same entry back."""
    shown: dict[str, Any] = {
        "id": entry.id,
        "kind": entry.kind,
        "stage": entry.stage,
        "title": entry.title,
        "similar": list(entry.similar),
        "text": entry.text,
        "slots": [{"name": s.name, "required": s.required, "hint": s.hint} for s in entry.slots],
        "tags": list(entry.tags),
        "audience": sorted(entry.audience),
        "channel": sorted(entry.channel),
        "effective_from": entry.effective_from.isoformat() if entry.effective_from else None,
        "effective_to": entry.effective_to.isoformat() if entry.effective_to else None,
        "source": entry.source,
        "section": entry.section,
        "url": entry.url,
        "review_due": entry.review_due.isoformat() if entry.review_due else None,
        "owner": entry.owner,
        "successor": entry.successor,
    }
    return {name: value for name, value in shown.items() if value or name in {"title", "text"}}


def from_json(value: Mapping[str, Any], zone: tzinfo = ZONE) -> Entry:
    """Read one entry; unknown fields are ignored, a time without an offset is of `zone`.

    Raises `EntryError` naming the first field that is wrong.
    """
    if not isinstance(value, Mapping):
        raise EntryError("entry", "不是对象", "一个 JSON 对象")
    kind = _choice(value, "kind", KINDS)
    if kind is None:
        raise EntryError("kind", "缺少类型", " | ".join(KINDS))
    stage = _choice(value, "stage", STAGES)
    title, text = _text(value, "title", MAX_TITLE), _text(value, "text", MAX_TEXT)
    if not title:
        raise EntryError("title", "标题为空", "非空文本")
    if not text:
        raise EntryError("text", "正文为空", "非空文本")
    begin, end = _time(value, "effective_from", zone), _time(value, "effective_to", zone)
    if begin and end and end <= begin:
        raise EntryError("effective_to", "失效时间不晚于生效时间", "晚于 effective_from 的时间")
    return Entry(
        id=_text(value, "id", MAX_ID) or entry_id(kind, title, text),
        kind=cast(Kind, kind),
        title=title,
        text=text,
        stage=cast("Stage | None", stage),
        similar=_list(value, "similar"),
        slots=_slots(value),
        tags=_list(value, "tags"),
        audience=frozenset(_list(value, "audience")),
        channel=frozenset(_list(value, "channel")),
        effective_from=begin,
        effective_to=end,
        source=_text(value, "source", MAX_TITLE),
        section=_text(value, "section", MAX_TITLE),
        url=_text(value, "url", MAX_TITLE),
        review_due=_day(value, "review_due", zone),
        owner=_text(value, "owner", MAX_ID),
        successor=_text(value, "successor", MAX_ID),
    )


def _choice(value: Mapping[str, Any], field: str, allowed: tuple[str, ...]) -> str | None:
    found = value.get(field)
    if found is None or found == "":
        return None
    if found not in allowed:
        raise EntryError(field, f"不认识的取值 {str(found)[:40]!r}", " | ".join(allowed))
    return str(found)


def _text(value: Mapping[str, Any], field: str, limit: int) -> str:
    found = value.get(field)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise EntryError(field, "不是文本", "文本")
    if len(found) > limit:
        raise EntryError(field, f"长度 {len(found)} 超出上限", f"不超过 {limit} 个字符")
    return found.strip()


def _list(value: Mapping[str, Any], field: str) -> tuple[str, ...]:
    found = value.get(field)
    if found is None or found == "":
        return ()
    items = [found] if isinstance(found, str) else found
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise EntryError(field, "不是文本列表", '文本列表，如 ["甲", "乙"]')
    if len(items) > MAX_ITEMS or any(len(item) > MAX_TITLE for item in items):
        raise EntryError(field, "列表过长", f"不超过 {MAX_ITEMS} 项，每项不超过 {MAX_TITLE} 个字符")
    return tuple(dict.fromkeys(item.strip() for item in items if item.strip()))


def _slots(value: Mapping[str, Any]) -> tuple[Slot, ...]:
    found = value.get("slots")
    if found is None or found == "":
        return ()
    accepted = '["订单号", {"name": "称呼", "required": false}]'
    if not isinstance(found, list | tuple) or len(found) > MAX_ITEMS:
        raise EntryError("slots", "不是槽位列表", accepted)
    slots: list[Slot] = []
    for at, item in enumerate(found):
        shape = {"name": item} if isinstance(item, str) else item
        if not isinstance(shape, Mapping) or not isinstance(shape.get("required", True), bool):
            raise EntryError(f"slots[{at}]", "不是槽位", accepted)
        name = _text(shape, "name", MAX_ID)
        if not name:
            raise EntryError(f"slots[{at}].name", "槽位没有名称", accepted)
        slots.append(Slot(name, bool(shape.get("required", True)), _text(shape, "hint", MAX_TITLE)))
    return tuple(slots)


def _time(value: Mapping[str, Any], field: str, zone: tzinfo) -> datetime | None:
    found = value.get(field)
    if found is None or found == "":
        return None
    accepted = "ISO 8601 时间，如 2026-11-03T10:00:00+08:00"
    try:
        moment = found if isinstance(found, datetime) else datetime.fromisoformat(found.strip())
    except (AttributeError, ValueError):
        raise EntryError(field, f"不是时间 {str(found)[:40]!r}", accepted) from None
    if field == "effective_to" and isinstance(found, str) and _DAY.fullmatch(found.strip()):
        moment += timedelta(days=1)  # "until 10 December" includes that day
    return moment if moment.utcoffset() is not None else moment.replace(tzinfo=zone)


def _day(value: Mapping[str, Any], field: str, zone: tzinfo) -> date | None:
    found = value.get(field)
    if found is None or found == "":
        return None
    try:
        moment = found if isinstance(found, date) else datetime.fromisoformat(found.strip())
        if not 1900 <= moment.year <= 9000:
            raise ValueError
    except (AttributeError, ValueError):
        raise EntryError(field, f"不是日期 {str(found)[:40]!r}", "日期，如 2026-12-31") from None
    if not isinstance(moment, datetime):
        return moment
    return moment.date() if moment.utcoffset() is None else moment.astimezone(zone).date()
