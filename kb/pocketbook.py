"""The pocket book: what is in force, by kind and stage, to print; the same handbook always gives the same bytes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from html import escape

from kb.entries import KINDS, STAGES, Entry

KIND_NAMES = {
    "faq": "常见问题",
    "script": "话术",
    "sop": "流程",
    "case": "案例",
    "policy": "规则",
    "manual": "手册",
}
STAGE_NAMES = {
    "greeting": "开场", "comfort": "安抚", "verify": "核实", "solve": "解决", "follow_up": "跟进", "closing": "结束"
}  # fmt: skip
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|!~&])")
_LIST = re.compile(r"^(\s*)(\d+)([.)])(?=\s)|^(\s*)([-+=])", re.MULTILINE)
STYLE = (
    "body{font:14px/1.6 sans-serif;max-width:42em;margin:1em auto;padding:0 1em}"
    "h1{font-size:1.4em}h2{font-size:1.2em;border-bottom:1px solid #999}"
    "h3{font-size:1em;margin-bottom:0}p{white-space:pre-wrap;margin-top:.2em}"
    "small{color:#555}article{break-inside:avoid}"
)


def chosen(
    entries: Iterable[Entry], at: datetime, kinds: Collection[str] = (), stages: Collection[str] = ()
) -> list[Entry]:
    """Entries in force at `at`, of these kinds and stages (empty: all), in the order of the book."""
    found = [
        entry
        for entry in entries
        if entry.effective(at)
        and (not kinds or entry.kind in kinds)
        and (not stages or entry.stage in stages)
    ]
    return sorted(found, key=_place)


def _place(entry: Entry) -> tuple[int, int, str, str]:
    stage = STAGES.index(entry.stage) if entry.stage else len(STAGES)
    return KINDS.index(entry.kind), stage, entry.title, entry.known_as


def _chapter(entry: Entry) -> str:
    name = KIND_NAMES[entry.kind]
    return f"{name} · {STAGE_NAMES[entry.stage]}" if entry.stage else name


def _until(entry: Entry) -> str:
    return "" if entry.effective_to is None else f"，有效至 {entry.effective_to.isoformat()}"


def markdown(entries: Iterable[Entry], title: str, stamp: str) -> str:
    """The book as Markdown; nothing an entry says is read as markup."""
    lines, chapter = [f"# {_plain(title)}", "", _plain(stamp), ""], ""
    for entry in entries:
        if _chapter(entry) != chapter:
            chapter = _chapter(entry)
            lines += [f"## {chapter}", ""]
        body = _plain(entry.text).replace("\n", "  \n")
        about = _plain(f"{entry.known_as}{_until(entry)}")
        lines += [f"### {_plain(entry.title)}", "", body, "", f"（{about}）", ""]
    return "\n".join(lines)


def _plain(text: str) -> str:
    marked = _MARKDOWN.sub(r"\\\1", text)
    return _LIST.sub(lambda m: f"{m[1]}{m[2]}\\{m[3]}" if m[2] else f"{m[4]}\\{m[5]}", marked)


def html(entries: Iterable[Entry], title: str, stamp: str) -> str:
    """The book as one HTML page that loads nothing."""
    parts, chapter = [], ""
    for entry in entries:
        if _chapter(entry) != chapter:
            chapter = _chapter(entry)
            parts.append(f"<h2>{escape(chapter)}</h2>")
        about = escape(f"{entry.known_as}{_until(entry)}")
        parts.append(
            f"<article><h3>{escape(entry.title)}</h3><p>{escape(entry.text)}</p><small>{about}</small></article>"
        )
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    top = f"<h1>{escape(title)}</h1><p>{escape(stamp)}</p>"
    return f'<!doctype html><html lang="zh-CN"><head>{head}</head><body>{top}{"".join(parts)}</body></html>\n'
