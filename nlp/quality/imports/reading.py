"""What both imports share: fields whatever their spelling, names, and what was left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
MOST = 1e12
_WORDS = re.compile(r"[^a-z0-9]+")
_GRADES = [{"code": "pass", "name": "合格", "least": 60}, {"code": "fail", "name": "不合格", "least": 0}]


@dataclass(frozen=True, slots=True)
class Left:
    """Something of the source that has no counterpart, or only an approximate one (`kept`)."""

    place: str
    reason: str
    kept: bool = False


@dataclass(slots=True)
class Imported:
    """`form` in the shape of our TOML; `left` names everything that is not in it as it was."""

    form: Json
    left: list[Left] = field(default_factory=list)


class Unmapped(Exception):
    """A part of the source that cannot be said in our words."""


class Fields:
    """An object whose keys may be written in_snake, inCamel or InPascal; knows which were read."""

    def __init__(self, value: Any, place: str) -> None:
        if not isinstance(value, Mapping):
            raise Unmapped(f"{place} 不是对象")
        self.place = place
        self._given = {_plain(str(key)): (str(key), part) for key, part in value.items()}
        self._read: set[str] = set()

    def get(self, *names: str) -> Any:
        """The value under one of several names; None where it is missing."""
        for name in names:
            self._read.add(_plain(name))
        return next((self._given[_plain(name)][1] for name in names if _plain(name) in self._given), None)

    def child(self, *names: str) -> Fields:
        """An object below; an empty one where it is missing."""
        return Fields(self.get(*names) or {}, f"{self.place}.{names[0]}")

    def rows(self, *names: str) -> list[Any]:
        found = self.get(*names)
        if isinstance(found, Mapping) and len(found) == 1:  # {"Keyword": [...]}, as remote calls write a list
            found = next(iter(found.values()))
        return list(found) if isinstance(found, list) else []

    def number(self, *names: str) -> float | None:
        """A number, also one written as text. Raises Unmapped."""
        found = self.get(*names)
        if found in (None, ""):
            return None
        try:
            value = float(found)
            if not abs(value) <= MOST:  # nor is NaN a number
                raise ValueError
            return value
        except (TypeError, ValueError, OverflowError):
            raise Unmapped(f"{self.place}.{names[0]} 不是数：{str(found)[:40]}") from None

    def whole(self, *names: str) -> int | None:
        found = self.number(*names)
        return None if found is None else int(found)

    def texts(self, *names: str) -> list[str]:
        return [str(one) for one in self.rows(*names) if str(one).strip()]

    def unread(self, known: Iterable[str] = ()) -> list[str]:
        """Keys with a value that nobody asked for; `known` ones say nothing about scoring."""
        silent = {_plain(name) for name in known}
        return sorted(
            name
            for plain, (name, part) in self._given.items()
            if plain not in self._read and plain not in silent and part not in (None, "", [], {}, False, 0)
        )


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def slug(name: str, taken: set[str], fallback: str) -> str:
    """A code out of a name, unlike those taken."""
    base = _WORDS.sub("_", name.lower()).strip("_")[:48] or fallback
    code, number = base, 2
    while code in taken:
        code, number = f"{base}_{number}", number + 1
    taken.add(code)
    return code


def form_of(
    code: str, name: str, let: Json, dimensions: list[Json], items: list[Json], grades: Any = None
) -> Json:
    """A form in the shape of our TOML."""
    return {
        "code": code,
        "name": name,
        "version": "1",
        **({"let": let} if let else {}),
        "grade": grades or _GRADES,
        "dimension": dimensions,
        "item": items,
    }
