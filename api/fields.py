"""Fields of a step, declared as data: what each must look like, and what is told when it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.errors import FieldError, Problem

FORMS = 'text、texts、time、flag、any、number、"number 0..100"、"a|b|c"，可选的末尾加 ?'
_RANGE = re.compile(r"number (-?[\d.]+)\.\.(-?[\d.]+)")
_SHOWN = {
    "text": "非空文本",
    "texts": "文本列表",
    "time": "ISO 8601 时间，如 2026-11-03T10:12:00+08:00",
    "flag": "true 或 false",
    "any": "任意值",
    "number": "数",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A named value of a given form."""

    name: str
    form: str
    required: bool


def is_form(form: str) -> bool:
    """Whether a form can be read."""
    return form in _SHOWN or _RANGE.fullmatch(form) is not None or ("|" in form and all(form.split("|")))


def accepted(form: str) -> str:
    """The form in words."""
    return _SHOWN.get(form) or form.replace("number ", "数，").replace("..", " 到 ")


def fits(form: str, value: Any) -> bool:
    """Whether a JSON value has the form."""
    if form == "any":
        return value is not None
    if form == "text":
        return isinstance(value, str) and bool(value.strip())
    if form == "texts":
        return isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)
    if form == "flag":
        return isinstance(value, bool)
    if form == "time":
        return moment(value) is not None
    if form.startswith("number"):
        span = _RANGE.fullmatch(form)
        low, high = (float(span[1]), float(span[2])) if span else (float("-inf"), float("inf"))
        return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    return isinstance(value, str) and value in form.split("|")


def moment(value: Any) -> datetime | None:
    """A time with its offset, None for anything else."""
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return read if read.tzinfo is not None and 1900 <= read.year <= 9000 else None


def check(fields: Sequence[Field], given: Mapping[str, Any], at: str = "", *, closed: bool = True) -> None:
    """Refuse missing and misshapen fields, and unknown ones when `closed`. Raises 422 naming every one."""
    errors = []
    for field in fields:
        value = given.get(field.name)
        if value is None and field.required:
            errors.append(FieldError(at + field.name, "缺少必填字段", accepted(field.form)))
        elif value is not None and not fits(field.form, value):
            errors.append(FieldError(at + field.name, "写法不对", accepted(field.form)))
    known = [field.name for field in fields]
    for name in given:
        if closed and name not in known:
            errors.append(FieldError(at + name, "没有这个字段", "、".join(known) or "这一步不带字段"))
    if errors:
        raise Problem("invalid", "；".join(f"{one.field}: {one.message}" for one in errors), errors=errors)
