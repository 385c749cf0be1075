"""A form from TOML: every complaint names the place in it and the accepted form."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, get_type_hints

from nlp.phrases import PatternError, compile_pattern
from nlp.quality.items import Applies, Dimension, Form, FormError, Grade, Item
from nlp.quality.kinds import KINDS, Check, Fatal, StageOrder, phrase_lists
from nlp.stages import STAGES
from nlp.transcript import SERVICE_ROLES, TranscriptError, parse_time

_TOTAL = 100.0


def _table(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise FormError(name, "缺失或不是表", "TOML 表")
    return value


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise FormError(name, "缺失或为空", "非空字符串")
    return value


def _number(value: Any, name: str, least: float = 0.0) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < float("inf"):
        raise FormError(name, f"不是合法的数 {value!r}", f"不小于 {least:g} 的数")
    return float(value)


def _strings(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(part, str) and part for part in value):
        raise FormError(name, "不是字符串列表", '["…", "…"]')
    return tuple(value)


def _choice(value: str, name: str, accepted: tuple[str, ...]) -> str:
    if value not in accepted:
        raise FormError(name, f"未知的值 {value!r}", "|".join(accepted))
    return value


def _numbers(value: Any, name: str) -> Mapping[str, float]:
    return MappingProxyType({k: _number(v, f"{name}.{k}") for k, v in _table(value, name).items()})


def _setting(kind: type, hint: Any, value: Any, name: str) -> Any:
    if hint is float:
        return _number(value, name)
    if hint is int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise FormError(name, f"不是正整数 {value!r}", "正整数")
        return value
    if hint is bool:
        if not isinstance(value, bool):
            raise FormError(name, f"不是布尔值 {value!r}", "true|false")
        return value
    if hint is str:
        return _string(value, name)
    if hint == Mapping[str, float]:
        return _numbers(value, name)
    return _strings(value, name)


_CHOICES = {
    "stage": STAGES,
    "place": ("first", "last", "any"),
    "match": ("exact", "fuzzy", "semantic"),
    "context": ("any", "open"),
}


def _check(value: Any, name: str) -> Check:
    table = _table(value, name)
    kind = KINDS.get(str(table.get("kind")))
    if kind is None:
        raise FormError(f"{name}.kind", f"未知的检查 {table.get('kind')!r}", "|".join(KINDS))
    hints = get_type_hints(kind)
    settings: dict[str, Any] = {}
    for key, part in table.items():
        if key == "kind":
            continue
        if key not in hints:
            raise FormError(f"{name}.{key}", "未知的设置", "|".join(f.name for f in fields(kind)))
        settings[key] = _setting(kind, hints[key], part, f"{name}.{key}")
        if key in _CHOICES and isinstance(settings[key], str):
            _choice(settings[key], f"{name}.{key}", _CHOICES[key])
    try:
        check: Check = kind(**settings)
    except TypeError:
        missing = [f.name for f in fields(kind) if f.name not in settings]
        raise FormError(name, "缺少设置", "、".join(missing)) from None
    if isinstance(check, StageOrder):
        for stage in check.stages:
            _choice(stage, f"{name}.stages", STAGES)
    _compile(check, name)
    return check


def _compile(check: Check, name: str) -> None:
    for role, phrases in phrase_lists(check).items():
        for pattern in (*phrases.patterns, *phrases.unless):
            try:
                compile_pattern(pattern)
            except PatternError as problem:
                place = f"{name}.{'patterns' if role == 'said' else role}"
                raise FormError(place, f"{pattern!r} {problem.reason}", "RE2 模式，不匹配空文本") from None


def _applies(value: Any, name: str) -> Applies:
    table = _table(value, name)
    known = [f.name for f in fields(Applies)]
    for key in table:
        _choice(key, name, tuple(known))
    return Applies(**{key: _strings(part, f"{name}.{key}") for key, part in table.items()})


_ITEM_KEYS = frozenset(
    {
        "code",
        "name",
        "dimension",
        "points",
        "check",
        "applies",
        "roles",
        "each",
        "veto",
        "must_hit",
        "must_miss",
    }
)


def _item(value: Any, index: int, dimensions: frozenset[str]) -> Item:
    table = _table(value, f"item.{index}")
    code = _string(table.get("code"), f"item.{index}.code")
    name = f"item[{code}]"
    if unknown := sorted(set(table) - _ITEM_KEYS):
        raise FormError(f"{name}.{unknown[0]}", "未知的设置", "|".join(sorted(_ITEM_KEYS)))
    roles = _strings(table.get("roles", []), f"{name}.roles")
    for role in roles:
        _choice(role, f"{name}.roles", tuple(sorted(SERVICE_ROLES)))
    return Item(
        code=code,
        name=_string(table.get("name"), f"{name}.name"),
        dimension=_choice(str(table.get("dimension")), f"{name}.dimension", tuple(sorted(dimensions))),
        points=_number(table.get("points"), f"{name}.points"),
        check=_check(table.get("check"), f"{name}.check"),
        applies=_applies(table.get("applies", {}), f"{name}.applies"),
        roles=roles,
        each=_number(table["each"], f"{name}.each") if "each" in table else None,
        veto=bool(table.get("veto", False)),
        must_hit=_strings(table.get("must_hit", []), f"{name}.must_hit"),
        must_miss=_strings(table.get("must_miss", []), f"{name}.must_miss"),
    )


def _grades(value: Any) -> tuple[Grade, ...]:
    if not isinstance(value, list) or not value:
        raise FormError("grade", "缺失", "至少一个 [[grade]]")
    grades = [
        Grade(
            _string(row.get("code"), f"grade.{index}.code"),
            _string(row.get("name"), f"grade.{index}.name"),
            _number(row.get("least"), f"grade.{index}.least"),
        )
        for index, row in enumerate(value)
    ]
    grades.sort(key=lambda grade: -grade.least)
    if grades[-1].least != 0:
        raise FormError("grade", "最低一级不从 0 分起", "least = 0")
    return tuple(grades)


def _dimensions(value: Any) -> tuple[Dimension, ...]:
    if not isinstance(value, list) or not value:
        raise FormError("dimension", "缺失", "至少一个 [[dimension]]")
    dimensions = tuple(
        Dimension(
            _string(row.get("code"), f"dimension.{index}.code"),
            _string(row.get("name"), f"dimension.{index}.name"),
            _number(row.get("points"), f"dimension.{index}.points"),
        )
        for index, row in enumerate(value)
    )
    total = sum(dimension.points for dimension in dimensions)
    if abs(total - _TOTAL) > 1e-9:
        raise FormError("dimension.points", f"合计 {total:g}", "合计 100")
    return dimensions


def _consistent(form: Form) -> Form:
    codes = [item.code for item in form.items]
    for code in codes:
        if codes.count(code) > 1:
            raise FormError(f"item[{code}].code", "重复", "每项一个代码")
    for item in form.items:
        if isinstance(item.check, Fatal):
            for other in item.check.items:
                _choice(other, f"item[{item.code}].check.items", tuple(codes))
    for dimension in form.dimensions:
        total = sum(item.points for item in form.items if item.dimension == dimension.code)
        if abs(total - dimension.points) > 1e-9:
            raise FormError(
                f"dimension[{dimension.code}].points", f"各项合计 {total:g}", f"{dimension.points:g}"
            )
    return form


def parse_form(value: Mapping[str, Any]) -> Form:
    """Read a form's TOML content. Raises FormError naming the item and the accepted form."""
    dimensions = _dimensions(value.get("dimension"))
    items = value.get("item")
    if not isinstance(items, list) or not items:
        raise FormError("item", "缺失", "至少一个 [[item]]")
    codes = frozenset(dimension.code for dimension in dimensions)
    try:
        effective_from = parse_time(value.get("effective_from"), "effective_from")
    except TranscriptError as problem:
        raise FormError("effective_from", problem.message, problem.accepted) from None
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return _consistent(
        Form(
            code=_string(value.get("code"), "code"),
            name=_string(value.get("name"), "name"),
            version=_string(value.get("version"), "version"),
            effective_from=effective_from,
            roles=_strings(value.get("roles", ["agent", "supervisor"]), "roles"),
            otherwise=_strings(value.get("otherwise", ["bot"]), "otherwise"),
            dimensions=dimensions,
            items=tuple(_item(row, index, codes) for index, row in enumerate(items)),
            grades=_grades(value.get("grade")),
            digest=hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )


def parse_form_text(text: str) -> Form:
    """Read a form from TOML text. Raises FormError."""
    try:
        return parse_form(tomllib.loads(text))
    except tomllib.TOMLDecodeError as problem:
        raise FormError("TOML", str(problem), "合法的 TOML") from None
