"""Policies as data: presets a site overrides file by file, each with a digest that is its version."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
_MISSING: Any = object()


class PolicyError(ValueError):
    """A policy that cannot be used; names the file, the key, the value found and the accepted form."""

    def __init__(self, file: str, key: str, message: str, accepted: str) -> None:
        super().__init__(f"{file}: {key}: {message}（应为：{accepted}）")
        self.file, self.key, self.message, self.accepted = file, key, message, accepted


@dataclass(frozen=True, slots=True)
class Table:
    """One TOML table that knows where it stands, so that every complaint names file and key."""

    file: str
    values: Mapping[str, Any]
    at: str = ""

    def where(self, key: str) -> str:
        return f"{self.at}.{key}" if self.at else key

    def error(self, key: str, message: str, accepted: str) -> PolicyError:
        return PolicyError(self.file, self.where(key), message, accepted)

    def _get(self, key: str, default: Any, accepted: str, fits: Callable[[Any], bool]) -> Any:
        value = self.values.get(key, default)
        if value is _MISSING:
            raise self.error(key, "缺失", accepted)
        if value is not default and not fits(value):
            raise self.error(key, f"不能是 {str(value)[:40]!r}", accepted)
        return value

    def text(self, key: str, default: str = _MISSING, choices: tuple[str, ...] | None = None) -> str:
        """A non-empty string, one of `choices` when given."""
        accepted = "|".join(choices) if choices else "非空字符串"
        value = self._get(
            key, default, accepted, lambda v: isinstance(v, str) and bool(v) and (not choices or v in choices)
        )
        return str(value)

    def number(self, key: str, default: float = _MISSING, low: float = 0.0, high: float = 1e9) -> float:
        """A number within `[low, high]`."""
        value = self._get(
            key,
            default,
            f"{low:g} 到 {high:g} 之间的数",
            lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and low <= v <= high,
        )
        return float(value)

    def flag(self, key: str, default: bool = _MISSING) -> bool:
        return bool(self._get(key, default, "true 或 false", lambda v: isinstance(v, bool)))

    def texts(self, key: str, default: tuple[str, ...] = _MISSING) -> tuple[str, ...]:
        """A list of strings."""
        value = self._get(
            key, default, "字符串列表", lambda v: isinstance(v, list) and all(isinstance(i, str) for i in v)
        )
        return tuple(value)

    def day(self, key: str, value: Any = _MISSING) -> date:
        """A date such as 2026-10-01; pass `value` to read an element of a list."""
        value = self.values.get(key) if value is _MISSING else value
        if type(value) is not date:
            raise self.error(key, f"不能是 {str(value)[:40]!r}", "日期，如 2026-10-01")
        return value

    def table(self, key: str, required: bool = True) -> Table:
        value = self._get(key, _MISSING if required else {}, "表", lambda v: isinstance(v, dict))
        return Table(self.file, value, self.where(key))

    def tables(self, key: str, required: bool = True) -> Iterator[Table]:
        """The elements of an array of tables, in file order."""
        value = self._get(key, _MISSING if required else [], "表的列表", lambda v: isinstance(v, list))
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                raise self.error(f"{key}.{index}", "不是表", "表")
            yield Table(self.file, item, self.where(f"{key}.{index}"))

    def only(self, *known: str) -> None:
        """Refuse a misspelt key rather than ignore it."""
        for key in self.values:
            if key not in known:
                raise self.error(key, "未知的键", "|".join(known))


@dataclass(frozen=True, slots=True)
class Preset:
    """A parsed policy file; `digest` is the SHA-256 of its bytes, hexadecimal."""

    name: str
    table: Table
    digest: str
    source: str


def _candidates(folder: Path, name: str, as_of: date | None) -> Path | None:
    dated: list[tuple[date, Path]] = []
    for path in folder.glob(f"{name}.from-*.toml"):
        try:
            start = date.fromisoformat(path.name[len(name) + 6 : -5])
        except ValueError:
            raise PolicyError(path.name, "文件名", "日期无法识别", f"{name}.from-2026-12-01.toml") from None
        if as_of is not None and start <= as_of:
            dated.append((start, path))
    if dated:
        return max(dated)[1]
    plain = folder / f"{name}.toml"
    return plain if plain.exists() else None


def read_preset(name: str, folder: Path | None = None, as_of: date | None = None) -> Preset:
    """The policy `name`: the site's `folder/name.toml` where there is one, else the shipped preset.

    A file `name.from-2026-12-01.toml` replaces it for every `as_of` on or after that day. Raises PolicyError.
    """
    path = _candidates(folder, name, as_of) if folder is not None else None
    shipped = resources.files("nlp").joinpath("presets", f"{name}.toml")
    content = path.read_bytes() if path else shipped.read_bytes()
    file = str(path) if path else f"{name}.toml"
    try:
        values = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise PolicyError(file, "全文", f"不是有效的 TOML：{problem}", "UTF-8 编码的 TOML") from None
    return Preset(name, Table(file, values), hashlib.sha256(content).hexdigest(), file)


def version_of(presets: Mapping[str, Preset]) -> str:
    """One short version for a set of policies: equal when every file is byte for byte equal."""
    joined = "\n".join(f"{name} {presets[name].digest}" for name in sorted(presets))
    return hashlib.sha256(joined.encode()).hexdigest()[:12]
