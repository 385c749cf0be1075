"""Menus and buttons that an entry says are gone, and those an entry sends people to."""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUOTED = re.compile(r"[“\"「『【]([^“”\"「」『』【】\n]{2,24})[”\"」』】]")
_GONE = re.compile(
    r"^[^,，。;；\n“”\"]{0,10}?(?:撤销|撤下|下线|下架|移除|删除了|不再|改名|更名|改叫|改称|并入|合并|归到|归入|搬到|迁到|移到|挪到|"
    r"(?:已经?|将|被|现|统一|全部)(?:取消|关闭|停用|替换|改为|改成|换成)|改为|改成|换成|没有了|取消了)"
)
_PARTS = re.compile(r"[-—>→/、]+")


@dataclass(frozen=True, slots=True)
class Step:
    """A menu or button named at `[at, to)` of the normalised text."""

    name: str
    at: int
    to: int


@dataclass(frozen=True, slots=True)
class Removed:
    """A menu or button that an entry says is gone or has another name; `now` is the new one, if told."""

    name: str
    at: int
    to: int
    now: str


def _names(quoted: str) -> list[str]:
    whole = quoted.strip()
    parts = [part.strip() for part in _PARTS.split(whole)]
    return list(dict.fromkeys(name for name in (whole, *parts) if len(name) >= 2))


def removed(plain: str) -> tuple[Removed, ...]:
    """What normalised text says is gone."""
    found = []
    spans = list(_QUOTED.finditer(plain))
    for at, match in enumerate(spans):
        if _GONE.match(plain[match.end() : match.end() + 24]):
            now = spans[at + 1].group(1).strip() if at + 1 < len(spans) else ""
            near = at + 1 < len(spans) and "。" not in plain[match.end() : spans[at + 1].start()]
            found.append(Removed(match.group(1).strip(), *match.span(), now if near else ""))
    return tuple(found)


def named(plain: str) -> tuple[Step, ...]:
    """The menus and buttons that normalised text names, those it says are gone left out."""
    gone = {one.at for one in removed(plain)}
    return tuple(
        Step(name, *match.span())
        for match in _QUOTED.finditer(plain)
        if match.start() not in gone
        for name in _names(match.group(1))
    )
