"""Values of a form read one by one: every complaint names the place and the accepted form."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nlp.phrases import PatternError, compile_pattern
from nlp.quality.problems import FormError


def table(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise FormError(name, "缺失或不是表", "TOML 表")
    return value


def string(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise FormError(name, "缺失或为空", "非空字符串")
    return value


def number(value: Any, name: str, least: float = 0.0, most: float = math.inf) -> float:
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    if wrong or not least <= value <= most or not math.isfinite(value):
        accepted = f"不小于 {least:g} 的数" if math.isinf(most) else f"{least:g} 到 {most:g} 的数"
        raise FormError(name, f"不是合法的数 {value!r}", accepted)
    return float(value)


def whole(value: Any, name: str, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        accepted = "正整数" if least == 1 else f"不小于 {least} 的整数"
        raise FormError(name, f"不是整数 {value!r}", accepted)
    return value


def boolean(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise FormError(name, f"不是布尔值 {value!r}", "true|false")
    return value


def strings(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(part, str) and part for part in value):
        raise FormError(name, "不是字符串列表", '["…", "…"]')
    return tuple(value)


def listed(value: Any, name: str) -> tuple[str, ...]:
    """A list of texts with at least one, or one text alone."""
    found = (string(value, name),) if isinstance(value, str) else strings(value, name)
    if not found:
        raise FormError(name, "列表为空", '["…", "…"]')
    return found


def choice(value: Any, name: str, accepted: Sequence[str]) -> str:
    if value not in accepted:
        raise FormError(name, f"未知的值 {value!r}", "|".join(accepted))
    return str(value)


def known(value: Mapping[str, Any], name: str, accepted: Sequence[str]) -> None:
    for key in value:
        if key not in accepted:
            raise FormError(f"{name}.{key}", "未知的设置", "|".join(accepted))


def pattern(value: str, name: str) -> None:
    try:
        compile_pattern(value)
    except PatternError as problem:
        raise FormError(name, f"{value!r} {problem.reason}", "RE2 模式，不匹配空文本") from None
