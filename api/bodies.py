"""What a JSON body may hold beyond its fields' types: sound text, finite numbers, bounded depth.

Python reads lone surrogates, NaN and a thousand levels without a word; what is kept and told again must be
plain JSON, so they are refused at the door, before a field that takes anything lets them in.
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import Request
from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

from api.errors import Problem, invalid
from api.limits import UPLOADS

DEEPEST = 64
YEARS = (1900, 9000)
"""Years that every zone can still write, with days and policies added to them."""
_ODD = re.compile(rb"\\u[dD][89a-fA-F]|NaN|Infinity|[eE]\+?[0-9]{3}")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}")


def _written(value: Any) -> Any:
    """A time is written out: a bare number is no time."""
    if isinstance(value, str) and _ISO.match(value):
        return value
    if isinstance(value, datetime):
        return value
    raise PydanticCustomError("datetime_parsing", "no time")


def _usable(value: datetime) -> datetime:
    if not YEARS[0] <= value.year <= YEARS[1]:
        raise PydanticCustomError("datetime_parsing", "out of range")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_usable)]
"""A time with its offset, within what calendars can count."""


async def sound_body(request: Request) -> None:
    """Refuse a JSON body that is not plain JSON. Raises 400, or 422 naming the field."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method not in ("POST", "PUT") or not (kind == "application/json" or kind.endswith("+json")):
        return
    if request.scope["route"].path in UPLOADS:
        return  # a file: its reader judges it line by line
    body = await request.body()
    if _ODD.search(body) or body.count(b"[") + body.count(b"{") > DEEPEST:
        try:
            value = json.loads(body, parse_constant=_constant)
        except (ValueError, RecursionError):
            raise Problem("malformed_json", "请求体在解析时出错：请检查引号、逗号、数值与嵌套层数") from None
        _check(value)


def _constant(name: str) -> Any:
    raise ValueError(name)


def _check(value: Any) -> None:
    waiting: list[tuple[Any, tuple[str, ...]]] = [(value, ())]
    while waiting:
        item, path = waiting.pop()
        if isinstance(item, str):
            _sound(item, path)
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise invalid(".".join(path) or "body", "数值太大", "有限的数")
        elif isinstance(item, dict | list):
            if len(path) >= DEEPEST:
                raise Problem("malformed_json", f"请求体嵌套太深：至多 {DEEPEST} 层")
            pairs = item.items() if isinstance(item, dict) else enumerate(item)
            for name, inner in pairs:
                if isinstance(name, str):
                    _sound(name, path)
                waiting.append((inner, (*path, str(name))))


def _sound(text: str, path: tuple[str, ...]) -> None:
    """Raises 422 for half a surrogate pair, which no encoding can write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        field = ".".join(part.encode(errors="replace").decode() for part in path) or "body"
        raise invalid(field, "含有不成对的代理字符（\\ud800–\\udfff）", "有效的 Unicode 文本") from None
