"""Fill the slots of a script: `{订单号}` must be filled, `{称呼?}` vanishes when there is nothing to say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kb.entries import Entry

_SLOT = re.compile(r"\{([^{}\n?？]{1,40})([?？]?)\}")
_ORDER = re.compile(r"(?<![0-9A-Za-z])(?:[A-Za-z]{1,4}-?)?\d{8,20}(?![0-9A-Za-z])")
_PHONE = re.compile(r"1[3-9]\d{9}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_OPENING = re.compile(r"(^|[。！？\n])[，、；：]+")
ORDER_SLOTS = frozenset({"订单号", "订单编号", "单号", "order_no", "order_id"})
BLANK = "【请填写:"
"""How the mark of a required slot that was not filled begins; a text that holds one is not to be sent."""
LONGEST = 200
"""Characters of a value that are used."""


@dataclass(frozen=True, slots=True)
class FilledSlot:
    """A slot as the agent sees it; `value` is None where nothing was known."""

    name: str
    value: str | None
    filled: bool


@dataclass(frozen=True, slots=True)
class Filled:
    text: str
    slots: tuple[FilledSlot, ...]


def marker(name: str) -> str:
    """What stands in a text for a required slot that was not filled: it cannot be overlooked."""
    return f"{BLANK}{name}】"


def fill(entry: Entry, variables: Mapping[str, object]) -> Filled:
    """The text of `entry` with its slots filled; the words around them stay as they are.

    Values are taken literally (braces in them are not slots). Slots the entry declares but does not write are
    listed too.
    """
    optional = {slot.name for slot in entry.slots if not slot.required}
    found: dict[str, FilledSlot] = {}
    dropped = False

    def put(match: re.Match[str]) -> str:
        nonlocal dropped
        name = match[1].strip()
        value = _value(variables.get(name))
        found[name] = FilledSlot(name, value, value is not None)
        if value is not None:
            return value
        if match[2] or name in optional:
            dropped = True
            return "\x00"
        return marker(name)

    text = _SLOT.sub(put, entry.text)
    if dropped:
        text = _tidied(text)
    for slot in entry.slots:
        value = _value(variables.get(slot.name))
        found.setdefault(slot.name, FilledSlot(slot.name, value, value is not None))
    return Filled(text, tuple(found.values()))


def _tidied(text: str) -> str:
    """Take out the places of dropped slots with the comma that only they needed."""
    text = re.sub(r"[，、；：]?\x00(?=[，、；：。！？])", "", text)
    text = text.replace("\x00", "")
    return _OPENING.sub(r"\1", text).strip()


def _value(value: object) -> str | None:
    if value is None or isinstance(value, dict | list):
        return None
    shown = _CONTROL.sub(" ", str(value)).strip()[:LONGEST]
    return shown or None


def names(text: str) -> tuple[tuple[str, bool], ...]:
    """Slots written in `text` in order, each with whether it is required."""
    found: dict[str, bool] = {}
    for match in _SLOT.finditer(text):
        name = match[1].strip()
        found[name] = found.get(name, False) or not match[2]
    return tuple(found.items())


def from_turns(said: Iterable[str]) -> dict[str, str]:
    """What can be read from the conversation: the last order number that was said."""
    number = ""
    for text in said:
        for match in _ORDER.finditer(text):
            if not _PHONE.fullmatch(match[0]):
                number = match[0]
    return dict.fromkeys(sorted(ORDER_SLOTS), number) if number else {}
