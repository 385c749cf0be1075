"""The first checks of a knowledge base: what is broken or stale in one entry, and titles that stand twice."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from kb.entries import Entry
from nlp.text import key

SLOT = re.compile(r"\{([^{}?\n]{1,40})(\??)\}")
SHORT = 4
"""Letters and digits below which a text says nothing."""


def findings(entries: Sequence[Entry], now: datetime) -> list[dict[str, Any]]:
    """Problems in order of severity, then entry: `{"code","severity","entry_id","text"}`."""
    found = [problem for entry in entries for problem in _of_entry(entry, now)]
    found += _doubles(entries)
    return sorted(found, key=lambda one: (one["severity"] != "error", one["entry_id"], one["code"]))


def _problem(code: str, severity: str, entry: Entry, text: str) -> dict[str, Any]:
    return {"code": code, "severity": severity, "entry_id": entry.id, "text": text}


def _of_entry(entry: Entry, now: datetime) -> Iterator[dict[str, Any]]:
    used = {name: not optional for name, optional in SLOT.findall(entry.text)}
    declared = {slot.name: slot.required for slot in entry.slots}
    if entry.kind == "script":
        for name in sorted(used.keys() - declared.keys()):
            yield _problem("slot_undeclared", "error", entry, f"正文里的槽位 {{{name}}} 没有声明")
        for name in sorted(declared.keys() - used.keys()):
            yield _problem("slot_dead", "error", entry, f"声明的槽位 {name} 在正文里没有出现")
        for name in sorted(used.keys() & declared.keys()):
            if used[name] != declared[name]:
                wanted = "必填" if declared[name] else "选填"
                yield _problem("slot_differs", "warning", entry, f"槽位 {name} 声明为{wanted}，正文写法不同")
    if len(key(entry.text)) < SHORT:
        yield _problem("too_short", "error", entry, "正文几乎是空的")
    if entry.effective_to is not None and entry.effective_to <= now:
        yield _problem("expired", "warning", entry, f"已于 {entry.effective_to:%Y-%m-%d} 失效，请停用或更新")


def _doubles(entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    titles: dict[tuple[str, str, frozenset[str], frozenset[str]], list[Entry]] = defaultdict(list)
    for entry in entries:
        titles[(entry.kind, key(entry.title), entry.audience, entry.channel)].append(entry)
    for same in titles.values():
        for entry in same[1:]:
            if key(entry.text) == key(same[0].text):
                yield _problem("duplicate", "error", entry, f"与 {same[0].id} 标题和正文都相同")
            else:
                text = f"与 {same[0].id} 标题相同：“{entry.title[:30]}”"
                yield _problem("same_title", "warning", entry, text)
