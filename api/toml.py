"""Policies as files: written whole or not at all, and JSON objects written as TOML."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_file(path: Path, text: str) -> None:
    """Replace a file whole or not at all, durable when this returns."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def to_toml(value: Mapping[str, Any]) -> str:
    """A JSON object as TOML: tables of tables at the top, everything below in one line. Nulls are left out."""
    lines, tables = [], []
    for name, item in value.items():
        if isinstance(item, list) and item and all(isinstance(one, Mapping) for one in item):
            for one in item:
                tables += [
                    "",
                    f"[[{_key(name)}]]",
                    *(f"{_key(k)} = {_inline(v)}" for k, v in one.items() if v is not None),
                ]
        elif item is not None:
            lines.append(f"{_key(name)} = {_inline(item)}")
    return "\n".join([*lines, *tables]) + "\n"


def _key(name: str) -> str:
    return json.dumps(str(name), ensure_ascii=True)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_inline(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(one) for one in value if one is not None) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
