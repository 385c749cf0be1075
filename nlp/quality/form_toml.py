"""A form from TOML: every complaint names the place in it and the accepted form."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from nlp.quality.check_toml import check_of, inner_check
from nlp.quality.items import After, Applies, Dimension, Form, FormError, Grade, Item
from nlp.quality.kinds import Fatal
from nlp.quality.rules import values
from nlp.quality.rules.read import Names, node_of
from nlp.quality.rules.tree import Choice
from nlp.transcript import SERVICE_ROLES, TranscriptError, parse_time

_TOTAL = 100.0
_CLOSE = 1e-9
MOST_EXAMPLES = 2_000
"""All of them are scored before a form is put."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
_FORM_KEYS = ("code", "name", "version", "effective_from", "roles", "otherwise", "bonus_most", "let", "grade",
              "dimension", "item", "note")  # fmt: skip
_ITEM_KEYS = ("code", "name", "dimension", "points", "check", "applies", "roles", "each", "veto", "bonus", "when",
              "after", "must_hit", "must_miss", "untested")  # fmt: skip


def _applies(value: Any, name: str) -> Applies:
    table = values.table(value, name)
    accepted = [f.name for f in fields(Applies)]
    for key in table:
        values.choice(key, name, accepted)
    return Applies(**{key: values.strings(part, f"{name}.{key}") for key, part in table.items()})


def _after(value: Any, name: str, before: Mapping[str, Item]) -> tuple[After, ...]:
    """One table, or several that must all hold."""
    rows = value if isinstance(value, list) else [value]
    return tuple(
        _one_after(row, f"{name}[{at}]" if len(rows) > 1 else name, before) for at, row in enumerate(rows)
    )


def _one_after(value: Any, name: str, before: Mapping[str, Item]) -> After:
    table = values.table(value, name)
    values.known(table, name, ("item", "result", "answer", "unlike"))
    item = values.choice(table.get("item"), f"{name}.item", tuple(before))
    unlike = values.boolean(table.get("unlike", False), f"{name}.unlike")
    if "answer" not in table:
        result = values.choice(table.get("result", "pass"), f"{name}.result", ("pass", "fail", "na"))
        return After(item, result, (), unlike)
    check = before[item].check
    known = tuple(answer.name for answer in check.answers) if isinstance(check, Choice) else ()
    answers = values.listed(table["answer"], f"{name}.answer")
    for answer in answers:
        values.choice(answer, f"{name}.answer", known)
    return After(item, "", answers, unlike)


def _item(
    value: Any, index: int, dimensions: tuple[str, ...], before: Mapping[str, Item], names: Names
) -> Item:
    table = values.table(value, f"item.{index}")
    code = values.string(table.get("code"), f"item.{index}.code")
    name = f"item[{code}]"
    values.known(table, name, _ITEM_KEYS)
    roles = values.strings(table.get("roles", []), f"{name}.roles")
    for role in roles:
        values.choice(role, f"{name}.roles", tuple(sorted(SERVICE_ROLES)))
    veto = table.get("veto", False)
    if veto != "dimension":
        values.boolean(veto, f"{name}.veto")
    bonus = values.boolean(table.get("bonus", False), f"{name}.bonus")
    if bonus and veto:
        raise FormError(f"{name}.veto", "加分项不能一票否决", "bonus 与 veto 只写其一")
    return Item(
        code=code,
        name=values.string(table.get("name"), f"{name}.name"),
        dimension=values.choice(table.get("dimension"), f"{name}.dimension", dimensions),
        points=values.number(table.get("points"), f"{name}.points"),
        check=check_of(table.get("check"), f"{name}.check", names),
        applies=_applies(table.get("applies", {}), f"{name}.applies"),
        roles=roles,
        each=values.number(table["each"], f"{name}.each") if "each" in table else None,
        veto=veto is True,
        section_veto=veto == "dimension",
        bonus=bonus,
        when=node_of(table["when"], f"{name}.when", names) if "when" in table else None,
        after=_after(table["after"], f"{name}.after", before) if "after" in table else (),
        must_hit=values.strings(table.get("must_hit", []), f"{name}.must_hit"),
        must_miss=values.strings(table.get("must_miss", []), f"{name}.must_miss"),
        untested=values.boolean(table.get("untested", False), f"{name}.untested"),
    )


def _items(value: Any, dimensions: tuple[str, ...], names: Names) -> tuple[Item, ...]:
    if not isinstance(value, list) or not value:
        raise FormError("item", "缺失", "至少一个 [[item]]")
    items: list[Item] = []
    for index, row in enumerate(value):
        items.append(_item(row, index, dimensions, {item.code: item for item in items}, names))
    if sum(len(item.must_hit) + len(item.must_miss) for item in items) > MOST_EXAMPLES:
        raise FormError("item", "例句太多", f"整张表至多 {MOST_EXAMPLES} 句")
    codes = [item.code for item in items]
    for code in codes:
        if codes.count(code) > 1:
            raise FormError(f"item[{code}].code", "重复", "每项一个代码")
    for item in items:
        for other in item.check.items if isinstance(item.check, Fatal) else ():
            values.choice(other, f"item[{item.code}].check.items", codes)
    return tuple(items)


def _grades(value: Any) -> tuple[Grade, ...]:
    if not isinstance(value, list) or not value:
        raise FormError("grade", "缺失", "至少一个 [[grade]]")
    rows = [values.table(row, f"grade.{index}") for index, row in enumerate(value)]
    grades = [
        Grade(
            values.string(row.get("code"), f"grade.{index}.code"),
            values.string(row.get("name"), f"grade.{index}.name"),
            values.number(row.get("least"), f"grade.{index}.least"),
        )
        for index, row in enumerate(rows)
    ]
    grades.sort(key=lambda grade: -grade.least)
    if grades[-1].least != 0:
        raise FormError("grade", "最低一级不从 0 分起", "least = 0")
    return tuple(grades)


def _dimensions(value: Any) -> tuple[tuple[Dimension, ...], bool]:
    """The dimensions, and whether they are weighed: then the points of their items count against each other only."""
    if not isinstance(value, list) or not value:
        raise FormError("dimension", "缺失", "至少一个 [[dimension]]")
    rows = [values.table(row, f"dimension.{index}") for index, row in enumerate(value)]
    for index, row in enumerate(rows):
        values.known(row, f"dimension.{index}", ("code", "name", "points", "weight"))
    weighed = ["weight" in row for row in rows]
    if any(weighed) and (not all(weighed) or any("points" in row for row in rows)):
        raise FormError("dimension.weight", "有的写权重、有的写分数", "每个维度都写 weight，或都写 points")
    unit, whole = ("weight", 1.0) if all(weighed) else ("points", _TOTAL)
    given = [values.number(row.get(unit), f"dimension.{index}.{unit}") for index, row in enumerate(rows)]
    if abs(sum(given) - whole) > _CLOSE:
        raise FormError(f"dimension.{unit}", f"合计 {sum(given):g}", f"合计 {whole:g}")
    dimensions = tuple(
        Dimension(
            values.string(row.get("code"), f"dimension.{index}.code"),
            values.string(row.get("name"), f"dimension.{index}.name"),
            share * _TOTAL / whole,
        )
        for index, (row, share) in enumerate(zip(rows, given, strict=True))
    )
    return dimensions, all(weighed)


def _shared(items: tuple[Item, ...], dimensions: tuple[Dimension, ...], weighed: bool) -> tuple[Item, ...]:
    """Items whose points make up their dimension's; weighed ones are brought to its scale."""
    scale: dict[str, float] = {}
    for dimension in dimensions:
        total = sum(item.points for item in items if item.dimension == dimension.code and not item.bonus)
        place = f"dimension[{dimension.code}]"
        if weighed:
            if total <= 0 < dimension.points:
                raise FormError(place, "没有计分的项", "至少一个分数大于 0 的项")
            scale[dimension.code] = dimension.points / total if total else 0.0
        elif abs(total - dimension.points) > _CLOSE:
            raise FormError(f"{place}.points", f"各项合计 {total:g}", f"{dimension.points:g}")
    return tuple(
        replace(
            item,
            points=item.points * scale[item.dimension],
            each=None if item.each is None else item.each * scale[item.dimension],
        )
        if weighed and not item.bonus
        else item
        for item in items
    )


def _names(value: Any) -> Names:
    given = values.table(value, "let")
    for name in given:
        if not _NAME.fullmatch(name):
            raise FormError(f"let.{name}", "不能作名字", "小写字母、数字与下划线")
    names = Names(given, inner_check)
    for name in given:  # what nobody names must be sound as well
        names.find(name, f"let.{name}")
    return names


def parse_form(value: Mapping[str, Any]) -> Form:
    """Read a form's TOML content. Raises FormError naming the item and the accepted form."""
    for key in value:
        if key not in _FORM_KEYS:
            raise FormError(str(key), "未知的设置", "|".join(_FORM_KEYS))
    dimensions, weighed = _dimensions(value.get("dimension"))
    names = _names(value.get("let", {}))
    items = _items(value.get("item"), tuple(d.code for d in dimensions), names)
    most = value.get("bonus_most")
    if most is None and any(item.bonus for item in items):
        raise FormError("bonus_most", "有加分项而没有上限", "所有加分项合计至多加的分数")
    try:
        effective_from = parse_time(value.get("effective_from"), "effective_from")
    except TranscriptError as problem:
        raise FormError("effective_from", problem.message, problem.accepted) from None
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return Form(
        code=values.string(value.get("code"), "code"),
        name=values.string(value.get("name"), "name"),
        version=values.string(value.get("version"), "version"),
        effective_from=effective_from,
        roles=values.strings(value.get("roles", ["agent", "supervisor"]), "roles"),
        otherwise=values.strings(value.get("otherwise", ["bot"]), "otherwise"),
        dimensions=dimensions,
        items=_shared(items, dimensions, weighed),
        grades=_grades(value.get("grade")),
        bonus_most=0.0 if most is None else values.number(most, "bonus_most", 0.0, _TOTAL),
        digest=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def parse_form_text(text: str) -> Form:
    """Read a form from TOML text. Raises FormError."""
    try:
        return parse_form(tomllib.loads(text))
    except tomllib.TOMLDecodeError as problem:
        raise FormError("TOML", str(problem), "合法的 TOML") from None
    except RecursionError:
        raise FormError("TOML", "嵌套太深", "合法的 TOML") from None
