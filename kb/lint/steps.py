"""Menus and buttons that an entry says are gone, and those an entry sends people to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from kb.lint import tables

_QUOTED = re.compile(r"[“\"「『【]([^“”\"「」『』【】\n]{2,24})[”\"」』】]")
_PARTS = re.compile(r"[-—>→/、]+")
LEAST = 3
"""Characters of a name that is known without quotes."""


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


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Said after a name that is gone, before one, a name without quotes, and what sends people to one."""
    known = tables.load().steps
    gone, place = known["gone"], known["place"]
    return (
        re.compile(rf"^[^,，。;；\n“”\"「」【】]{{0,12}}?(?:{gone})"),
        re.compile(rf"(?:{known['before']})[^。;；\n“”\"「」【】,，]{{0,4}}$"),
        re.compile(
            rf"(?:^|[,，。;；:的]|原来?|旧版?|里|上)(?P<name>[一-鿿a-z]{{2,8}}?)(?:{place})[^。;；,，\n]{{0,8}}?(?:{gone})"
        ),
        re.compile(rf"(?:{known['sends']})[^。,，;；]{{0,4}}$"),
    )


def _names(quoted: str) -> list[str]:
    whole = quoted.strip()
    parts = [part.strip() for part in _PARTS.split(whole)]
    return list(dict.fromkeys(name for name in (whole, *parts) if len(name) >= 2))


def removed(plain: str) -> tuple[Removed, ...]:
    """What normalised text says is gone."""
    after, before, bare, _ = _patterns()
    found = []
    spans = list(_QUOTED.finditer(plain))
    for at, match in enumerate(spans):
        following = spans[at + 1].start() if at + 1 < len(spans) else len(plain)
        said = plain[match.end() : min(match.end() + 28, following)]
        if after.match(said) or before.search(plain[max(match.start() - 12, 0) : match.start()]):
            now = spans[at + 1].group(1).strip() if at + 1 < len(spans) else ""
            near = at + 1 < len(spans) and "。" not in plain[match.end() : spans[at + 1].start()]
            found.append(Removed(match.group(1).strip(), *match.span(), now if near else ""))
    for match in bare.finditer(plain):
        if not any(one.at < match.end("name") and match.start("name") < one.to for one in found):
            found.append(Removed(match["name"], *match.span("name"), ""))
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


def sent_to(plain: str, name: str) -> Step | None:
    """Where normalised text sends people to a menu or button of this name without quotes."""
    if len(name) < LEAST:
        return None
    gone = {one.name for one in removed(plain)}
    sends = _patterns()[3]
    for match in re.finditer(re.escape(name), plain):
        if name not in gone and sends.search(plain[max(match.start() - 8, 0) : match.start()]):
            return Step(name, *match.span())
    return None
