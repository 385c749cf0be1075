"""Forms of other systems as ours: what could be said in our words, and what could not, with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nlp.quality.imports import connect, sca
from nlp.quality.imports.reading import Imported, Unmapped
from nlp.quality.problems import FormError

SOURCES = {"sca": sca.read, "connect": connect.read}
"""阿里云智能对话分析 rules; Amazon Connect evaluation forms."""


def imported(source: str, value: Any, code: str) -> Imported:
    """Read another system's form. Raises FormError where nothing of it could be."""
    if source not in SOURCES:
        raise FormError("from", f"未知的来源 {source!r}", "|".join(SOURCES))
    if not isinstance(value, Mapping):
        raise FormError("document", "不是 JSON 对象", "规则或质检表的 JSON 对象")
    try:
        return SOURCES[source](value, code)
    except Unmapped as reason:
        raise FormError("document", str(reason), "规则或质检表的 JSON 对象") from None
