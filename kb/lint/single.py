"""What is wrong with one entry by itself: slots, an empty text, a date that has passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from kb.entries import Entry
from kb.lint.issues import Issue, issue, spot
from kb.slots import names
from nlp.text import key

SHORT = 4
"""Letters and digits below which a text says nothing."""


def single(entry: Entry, now: datetime) -> Iterator[Issue]:
    """Findings that need no other entry."""
    yield from _slots(entry)
    if len(key(entry.text)) < SHORT:
        yield issue("too_short", f"《{entry.title}》正文几乎是空的", spot(entry, 0, len(entry.text)))
    if entry.effective_to is not None and entry.effective_to <= now:
        yield issue(
            "expired", f"《{entry.title}》已于 {entry.effective_to:%Y-%m-%d} 失效，请停用或更新", spot(entry)
        )


def _slots(entry: Entry) -> Iterator[Issue]:
    used = dict(names(entry.text))
    declared = {slot.name: slot.required for slot in entry.slots}
    for name in sorted(used.keys() - declared.keys()):
        if entry.kind == "script" or entry.slots:
            start = max(entry.text.find("{" + name), 0)
            end = entry.text.find("}", start) + 1
            text = f"《{entry.title}》正文用了槽位“{name}”，但没有声明"
            told = issue("slot_not_declared", text, spot(entry, start, end))
            yield told if used[name] else replace(told, severity="warning")  # an optional one just vanishes
    for name in sorted(declared.keys() - used.keys()):
        yield issue("slot_not_used", f"《{entry.title}》声明了槽位“{name}”，正文里没有用到", spot(entry))
    for name in sorted(used.keys() & declared.keys()):
        if used[name] and not declared[name]:
            text = f"《{entry.title}》的槽位“{name}”声明为选填，正文却写成必填"
            yield issue("slot_differs", text, spot(entry))
