"""Spreadsheet columns and their words, Chinese or English, as the contract's fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from kb.entries import EntryError

_HEADINGS: dict[str, str] = {
    "id": "id 编号 条目编号 知识编号 知识id 条目id",
    "kind": "kind 类型 种类 知识类型 条目类型",
    "stage": "stage 阶段 话术阶段 服务阶段",
    "title": "title question 标题 问题 标准问题 标准问 主问题 主题 知识标题 话术标题 名称",
    "similar": "similar 相似问法 相似问题 相似问 扩展问 扩展问法 同义问法 其他问法 问法",
    "text": "text answer content 答案 回答 回复 内容 正文 话术 话术内容 标准答案 答复",
    "slots": "slots 变量 槽位 占位符",
    "tags": "tags 标签 关键词 关键字",
    "audience": "audience 适用对象 适用人群 受众 对象 客户类型",
    "channel": "channel 渠道 适用渠道",
    "effective_from": "effective_from 生效日期 生效时间 开始日期 生效",
    "effective_to": "effective_to 失效日期 失效时间 截止日期 结束日期 有效期至 失效",
    "review_due": "review_due 复核日期 复审日期 下次复核",
    "owner": "owner 负责人 内容负责人",
    "source": "source 来源 出处",
    "section": "section 章节",
    "url": "url 链接 网址",
}
_FIELDS = {word: field for field, words in _HEADINGS.items() for word in words.split()}
_KINDS = {
    "faq": "faq 问答 常见问题 问题 常见问答",
    "script": "script 话术 话术模板",
    "sop": "sop 流程 标准流程 操作流程 标准作业 作业流程",
    "case": "case 案例 典型案例",
    "policy": "policy 政策 制度 规则 规定 规范",
    "manual": "manual 手册 文档 说明书 产品手册",
}
_STAGES = {
    "greeting": "greeting 开场白 开场 问候",
    "comfort": "comfort 安抚 致歉 安抚情绪",
    "verify": "verify 核实 核对 确认信息",
    "solve": "solve 解决 处理 解决方案",
    "follow_up": "follow_up 回访 跟进",
    "closing": "closing 结束语 结束 结语",
}
_WORDS = {
    "kind": {word: code for code, words in _KINDS.items() for word in words.split()},
    "stage": {word: code for code, words in _STAGES.items() for word in words.split()},
}
_LISTS = frozenset({"similar", "slots", "tags", "audience", "channel"})
_SPLIT = re.compile(r"[|｜]")
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
ACCEPTED_HEADINGS = (
    "问题（标题）、相似问法、答案（内容）、类型、阶段、标签、渠道、适用对象、生效日期、失效日期、编号"
)


def fields(headings: Sequence[str]) -> list[str | None]:
    """The field of each column, None for a heading that is not known. 相似问法1, 相似问法2 are one field."""
    found: list[str | None] = []
    for heading in headings:
        word = re.sub(r"[\s*（）()：:]|必填|选填", "", heading.strip().lstrip("\ufeff").lower())
        found.append(_FIELDS.get(word) or _FIELDS.get(re.sub(r"[_\d]+$", "", word)))
    return found


def is_header(found: Sequence[str | None]) -> bool:
    """Whether these columns can make entries: a title and a text."""
    return "title" in found and "text" in found


def to_value(columns: Sequence[str | None], cells: Sequence[Any], zone: tzinfo) -> dict[str, Any]:
    """One row as the contract's entry shape. Raises `EntryError` for a word or date that is not understood."""
    gathered: dict[str, list[Any]] = {}
    for field, cell in zip(columns, cells, strict=False):
        if field and cell is not None and str(cell).strip():
            gathered.setdefault(field, []).append(cell)
    value: dict[str, Any] = {}
    for field, found in gathered.items():
        if field in _LISTS:
            value[field] = [
                item.strip() for cell in found for item in _SPLIT.split(_shown(cell)) if item.strip()
            ]
        elif field in _WORDS:
            value[field] = _code(field, _shown(found[0]))
        elif field.startswith("effective_"):
            value[field] = _moment(field, found[0], zone)
        elif field == "review_due":
            value[field] = _moment(field, found[0], zone)[:10]
        else:
            value[field] = _shown(found[0])
    if "slots" in value:
        value["slots"] = [_slot(name) for name in value["slots"]]
    value.setdefault("kind", "script" if "stage" in value else "faq")
    return value


def _shown(cell: Any) -> str:
    """A cell as text; a whole number that a spreadsheet keeps as 1001.0 is 1001."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _code(field: str, word: str) -> str:
    code = _WORDS[field].get(word.lower())
    if code is None:
        known: Mapping[str, str] = _KINDS if field == "kind" else _STAGES
        accepted = "、".join(words.split()[1] for words in known.values())
        raise EntryError(field, f"不认识的取值“{word[:40]}”", accepted)
    return code


def _slot(name: str) -> dict[str, Any]:
    bare = name.strip("{} ")
    return {"name": bare.rstrip("?？"), "required": not bare.endswith(("?", "？"))}


def _moment(field: str, cell: Any, zone: tzinfo) -> str:
    """ISO 8601 with offset. A bare last day counts in full, so the (exclusive) end is the next midnight."""
    moment = cell if isinstance(cell, datetime) else None
    day = cell if isinstance(cell, date) and moment is None else None
    if moment is None and day is None:
        moment, day = _parse(str(cell).strip())
    if moment is None and day is None:
        raise EntryError(
            field, f"不是日期“{str(cell)[:40]}”", "如 2026-11-03、2026年11月3日 或 2026-11-03 10:00"
        )
    if moment is None or (isinstance(cell, datetime) and moment.time() == time.min):
        start = day if day is not None else moment.date() if moment else date.min
        moment = datetime.combine(start + timedelta(days=field == "effective_to"), time.min)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()


def _parse(text: str) -> tuple[datetime | None, date | None]:
    try:
        match = _DATE.match(text)
        if match is None:
            return datetime.fromisoformat(text), None
        day = date(*map(int, match.groups()))
        rest = text[match.end() :].strip().lstrip("T")
        return (datetime.fromisoformat(f"{day.isoformat()}T{rest}"), None) if rest else (None, day)
    except (ValueError, OverflowError):
        return None, None
