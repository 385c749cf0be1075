"""阿里云智能对话分析: rules over conditions over operators, as UploadRule and GetRuleById write them.

https://help.aliyun.com/zh/sca/developer-reference/schema-of-rule-objects
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nlp.quality.imports.logic import tree_of
from nlp.quality.imports.reading import Fields, Imported, Json, Left, Unmapped, form_of, slug
from nlp.quality.imports.sca_operators import KNOWN, operator
from nlp.quality.problems import FormError

_ROLES: Mapping[str, Any] = {
    "客服": None,
    "客户": "customer",
    "所有": "any",
    "全部": "any",
    "": "any",
    "机器人": "bot",
}
"""None: those whom the form judges."""
_PLACES = {"BEFORE": "before", "AFTER": "after", "AROUND": "around", "CURRENT": "at"}
_SILENT = (
    "id",
    "rid",
    "cid",
    "oid",
    "name",
    "user_group",
    "create_time",
    "update_time",
    "status",
    "comments",
    "triggers",
)


def read(value: Mapping[str, Any], code: str) -> Imported:
    """One item a rule; a rule that needs something we cannot say is left out whole. Raises FormError."""
    inner = next((value[name] for name in ("data", "Data") if isinstance(value.get(name), Mapping)), value)
    top = Fields(inner, "document")
    conditions, rules = top.rows("conditions"), top.rows("rules")
    if not rules or not conditions:
        raise FormError("document", "没有 rules 或 conditions", '{"conditions": […], "rules": […]}')
    left: list[Left] = []
    let: Json = {}
    broken: dict[str, str] = {}
    for number, one in enumerate(conditions):
        _condition(one, f"conditions[{number}]", let, broken, left)
    items: list[Json] = []
    taken: set[str] = set()
    for number, one in enumerate(rules):
        place = f"rules[{number}]"
        try:
            items.append(_rule(Fields(one, place), place, let, broken, taken, left))
        except Unmapped as reason:
            left.append(Left(place, f"整条规则没有导入：{reason}"))
    if not items:
        raise FormError(
            "document",
            "没有一条规则能导入：" + "；".join(f"{one.place}：{one.reason}" for one in left)[:400],
            f"至少一条规则只用认识的算子：{'、'.join(KNOWN)}",
        )
    used = _used(items, let)
    dimension = [{"code": "rules", "name": "质检规则", "weight": 1}]
    return Imported(
        form_of(code, "阿里云智能对话分析规则", {n: let[n] for n in let if n in used}, dimension, items), left
    )


def _name(cid: str) -> str:
    return f"c_{cid.lower()}"


def _condition(one: Any, place: str, let: Json, broken: dict[str, str], left: list[Left]) -> None:
    fields = Fields(one, place) if isinstance(one, Mapping) else None
    cid = str(fields.get("cid", "condition_info_cid") or fields.get("id") or "") if fields else ""
    if fields is None or not cid.isalnum():
        left.append(Left(place, "没有条件编号 cid"))
        return
    try:
        operators = {
            str(row.get("oid") or row.get("id")): row
            for row in (Fields(row, f"{place}.operators") for row in fields.rows("operators"))
        }
        found = tree_of(
            str(fields.get("lambda", "oper_lambda") or next(iter(operators), "")),
            lambda oid: operator(_known(operators, oid), left),
        )
        let[_name(cid)] = _placed(found, fields.child("check_range"), left)
    except Unmapped as reason:
        broken[cid] = str(reason)
        return
    if unread := fields.unread(_SILENT):
        left.append(Left(place, f"没有用到的设置：{'、'.join(unread)}", True))


def _known(operators: Mapping[str, Fields], oid: str) -> Fields:
    if oid not in operators:
        raise Unmapped(f"没有算子 {oid}")
    return operators[oid]


def _placed(found: Any, where: Fields, left: list[Left]) -> Json:
    """The tree with role, anchor and range around it."""
    given: Json = {}
    role = str(where.get("role") or "")
    if role not in _ROLES:
        raise Unmapped(f"未知角色 {role!r}")
    if _ROLES[role] is not None:
        given["role"] = _ROLES[role]
    anchor = where.child("anchor")
    limits = where.child("range")
    first, last = limits.whole("from"), limits.whole("to")
    if anchor.get("cid", "anchor_cid"):
        given.update(_anchored(anchor, first, last, left))
    elif first is not None or last is not None:
        given["range"] = {
            "turns": [first or 1, last or -1],
            **({"of": "dialogue"} if where.get("absolute") else {}),
        }
    if where.get("all_sentences_satisfy"):
        return {"not": {"turn": {"not": found}}, **given}
    inner = {"all": [found]} if not isinstance(found, dict) or given.keys() & found.keys() else found
    return {**inner, **given}


def _anchored(anchor: Fields, first: int | None, last: int | None, left: list[Left]) -> Json:
    """The anchor, and what its range takes of the turns before, after or around each hit."""
    place = _PLACES.get(str(anchor.get("location") or "AFTER").upper())
    if place is None:
        raise Unmapped(f"未知的前置位置 {anchor.get('location')!r}")
    hit = anchor.whole("hit_time")
    if hit is not None and hit < 0:
        left.append(Left(anchor.place, "hit_time = -1（任意一次）按每一次命中处理", True))
    found: Json = {
        place: _name(str(anchor.get("cid", "anchor_cid"))),
        "hit": hit if hit is not None and hit > 0 else "every",
    }
    if place == "at" or (first in (None, 1) and last in (None, -1)):
        return {"anchor": found}
    if place == "around":
        return {"anchor": {**found, "turns": max(abs(first or 0), abs(last or 0), 1)}}
    if place == "after" and first in (None, 1) and last is not None and last > 0:
        return {"anchor": {**found, "turns": last}}
    if place == "before" and first is not None and first < 0 and last in (None, -1):
        return {"anchor": {**found, "turns": -first}}
    if found["hit"] == "every":
        raise Unmapped(f"每次命中{_LOCATIONS[place]}的第 {first} 到 {last} 句")
    return {"anchor": found, "range": {"turns": [first or 1, last or -1]}}


_LOCATIONS = {"before": "之前", "after": "之后"}


def _rule(
    fields: Fields, place: str, let: Json, broken: Mapping[str, str], taken: set[str], left: list[Left]
) -> Json:
    name = str(fields.get("name", "rule_name") or fields.get("rid") or place)

    def named(cid: str) -> str:
        if cid in broken:
            raise Unmapped(f"条件 {cid}：{broken[cid]}")
        if _name(cid) not in let:
            raise Unmapped(f"没有条件 {cid}")
        _sound(let[_name(cid)], let, broken)
        return _name(cid)

    tree = tree_of(str(fields.get("lambda", "rule_lambda") or ""), named)
    points = fields.number("score_num")
    kinds = [
        f"{key}={fields.get(key)}"
        for key in ("scoreType", "scoreNumType", "ruleScoreType")
        if fields.get(key)
    ]
    if kinds:
        left.append(Left(place, f"{'、'.join(kinds)}：命中一律按扣分处理", True))
    if unread := fields.unread(_SILENT):
        left.append(Left(place, f"没有用到的设置：{'、'.join(unread)}", True))
    return {
        "code": slug(f"rule_{fields.get('rid') or ''}", taken, "rule"),
        "name": name,
        "dimension": "rules",
        "points": abs(points) if points else 1,
        "untested": True,
        "check": {"kind": "rule", "forbid": tree if isinstance(tree, dict) else {"all": [tree]}},
    }


def _sound(tree: Any, let: Json, broken: Mapping[str, str]) -> None:
    """Refuse a condition whose anchor could not be read."""
    anchor = tree.get("anchor", {}) if isinstance(tree, dict) else {}
    for place in _PLACES.values():
        if place in anchor and anchor[place] not in let:
            cid = anchor[place].removeprefix("c_")
            raise Unmapped(f"前置条件 {cid}：{broken.get(cid, '不存在')}")


def _used(items: list[Json], let: Json) -> set[str]:
    """Names that the rules lead to."""
    found: set[str] = set()
    waiting: list[Any] = [item["check"] for item in items]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and one in let and one not in found:
            found.add(one)
            waiting.append(let[one])
        elif isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return found
