"""Declared arithmetic over named numbers: + - * / and parentheses, read without running anything."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

LONGEST = 500
_DEEPEST = 40
_OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}


class FormulaError(ValueError):
    """A formula that cannot be read; says where."""


@dataclass(frozen=True, slots=True)
class Formula:
    """`text` as written and the names it uses."""

    text: str
    names: tuple[str, ...]

    def value(self, given: Mapping[str, float | None]) -> float | None:
        """The number, None where a used one is missing or the divisor is zero. Raises KeyError for a stranger."""
        if any(given[name] is None for name in self.names):
            return None
        known = {name: float(given[name] or 0.0) for name in self.names}
        try:
            return _value(_tree(self.text), known)
        except (ZeroDivisionError, OverflowError):
            return None


def parse(text: str) -> Formula:
    """Read a formula. Raises FormulaError."""
    tree = _tree(text)
    names: dict[str, None] = {}
    _check(tree, names, 0)
    return Formula(text, tuple(names))


def _tree(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise FormulaError(f"公式超过 {LONGEST} 个字符")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError(f"无法识别的公式 {text[:60]!r}") from None


def _check(node: ast.expr, names: dict[str, None], depth: int) -> None:
    if depth > _DEEPEST:
        raise FormulaError("公式嵌套太深")
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        _check(node.left, names, depth + 1)
        _check(node.right, names, depth + 1)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        _check(node.operand, names, depth + 1)
    elif isinstance(node, ast.Name):
        names[node.id] = None
    elif not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        raise FormulaError(f"公式里只能有名称、数、+ - * / 与括号，不能有 {ast.unparse(node)[:40]!r}")


def _value(node: ast.expr, given: Mapping[str, float]) -> float:
    if isinstance(node, ast.BinOp):
        return _OPERATIONS[type(node.op)](_value(node.left, given), _value(node.right, given))
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand, given)
    if isinstance(node, ast.Name):
        return given[node.id]
    assert isinstance(node, ast.Constant)
    return float(node.value)  # type: ignore[arg-type]
