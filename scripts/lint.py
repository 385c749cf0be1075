"""The lint on the command line: read from the store, told by what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from api.store import Store, entries
from kb.entries import from_json
from kb.lint.base import Base
from kb.lint.issues import counts
from kb.lint.run import lint
from nlp.encode import quick
from scripts.console import note, say

NAMES = {
    "conflict": "互相矛盾",
    "step_removed": "已撤的入口还在用",
    "slot_not_used": "槽位声明了没用",
    "slot_not_declared": "槽位用了没声明",
    "slot_differs": "槽位必填与选填不一致",
    "duplicate": "完全重复",
    "twins": "几乎重复",
    "same_title": "标题重复",
    "too_short": "正文太短",
    "expired": "已失效",
    "expired_referenced": "还在引用已失效的条目",
    "review_missing": "缺复审日期",
}
LEVELS = {"error": "错误", "warning": "提醒", "note": "备忘"}
SHOWN = 20


def linted(store: Store, tenant: str, advance: Callable[[int, int], None]) -> tuple[dict[str, Any], int]:
    """Issues and their counts in the wire's shape, and how many entries were read."""
    head = store.read(lambda reader: entries.head(reader, tenant))
    raw = store.read(lambda reader: entries.entries_of(reader, tenant, head.seq if head else 0))
    found = [from_json(one) for one in raw.values()]
    seeing = quick()
    base = Base(encode=None if seeing is None else seeing.encode)
    for done in base.grow(found):
        advance(done // 2, len(found))
    issues = lint(base, datetime.now(UTC), lambda done, total: advance((done + total) // 2, total))
    return {"issues": [one.to_json() for one in issues], "counts": counts(issues)}, len(found)


def show(found: dict[str, Any], size: int) -> None:
    """Print the issues under a heading for each kind."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in found["issues"]:
        groups.setdefault((one["severity"], one["code"]), []).append(one)
    for (severity, code), issues in groups.items():
        say(f"{LEVELS[severity]} · {NAMES.get(code, code)}：{len(issues)} 处")
        for one in issues[:SHOWN]:
            ids = "、".join(spot["entry_id"] for spot in one["entries"])
            right = f"；以“{one['expected']}”为准" if one.get("expected") else ""
            say(f"  {one['message']}{right}（{ids}）")
        if len(issues) > SHOWN:
            say(f"  …另有 {len(issues) - SHOWN} 处，用 --json 看全部")
    told = "，".join(f"{found['counts'][level]} 个{name}" for level, name in LEVELS.items())
    note(f"{size} 条知识，{told}")
