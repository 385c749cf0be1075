"""Expressions such as `1&&(2||!3)` as a tree of our words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from nlp.quality.imports.reading import Unmapped

_TOKEN = re.compile(r"\s*(&&|\|\||[&|!()]|[A-Za-z0-9_]+)")
_DEEPEST = 20


def tree_of(text: str, named: Callable[[str], Any]) -> Any:
    """`named` gives what stands for an identifier. `!` binds before `&&`, which binds before `||`. Raises Unmapped."""
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unmapped(f"看不懂的逻辑式 {text[:60]!r}")
        tokens.append(match.group(1)[0] if match.group(1) in ("&&", "||") else match.group(1))
        at = match.end()
    reader = _Reader(tokens, named, text)
    found = reader.either(0)
    if reader.tokens:
        raise Unmapped(f"逻辑式 {text[:60]!r} 在 {reader.tokens[0]!r} 处多余")
    return found


class _Reader:
    def __init__(self, tokens: list[str], named: Callable[[str], Any], text: str) -> None:
        self.tokens, self._named, self._text = tokens, named, text

    def _take(self, token: str) -> bool:
        if self.tokens[:1] == [token]:
            del self.tokens[0]
            return True
        return False

    def either(self, depth: int) -> Any:
        parts = [self._both(depth)]
        while self._take("|"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else {"any": parts}

    def _both(self, depth: int) -> Any:
        parts = [self._one(depth)]
        while self._take("&"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else {"all": parts}

    def _one(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise Unmapped("逻辑式嵌套太深")
        if self._take("!"):
            return {"not": self._one(depth + 1)}
        if self._take("("):
            found = self.either(depth + 1)
            if not self._take(")"):
                raise Unmapped(f"逻辑式 {self._text[:60]!r} 缺右括号")
            return found
        if not self.tokens or not self.tokens[0].replace("_", "").isalnum():
            raise Unmapped(f"逻辑式 {self._text[:60]!r} 不完整")
        return self._named(self.tokens.pop(0))
