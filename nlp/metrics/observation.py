"""The one fact: something happened, once, and can be counted. Kinds and their values are data."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from nlp.tables import Table, read_preset
from nlp.transcript import TranscriptError, parse_time

Json = dict[str, Any]
PRESET = "observations"
DIMENSIONS = ("subject", "agent", "team", "category", "channel", "region", "customer")
"""What an observation may be about besides its values: short texts, None where unknown."""
_ABOUT = frozenset(DIMENSIONS)
WRITTEN = ("conversation", "sheet", "live", "contact", "ticket", "survey", "suggestion", "case")
"""Kinds that the program itself writes."""
LABEL = 256
"""Characters of an id or a dimension."""
MOST_VALUES = 200
LARGEST = 1e15
"""What a number may be at most: sums of them stay exact enough."""
_RANGE = re.compile(r"number (-?[\d.]+)\.\.(-?[\d.]+)")
_SHOWN = {
    "number": "数",
    "count": "不小于 0 的整数",
    "seconds": "不小于 0 的秒数",
    "flag": "true 或 false",
    "text": "字符串",
    "texts": "字符串列表",
    "time": "ISO 8601 时间",
    "numbers": "名称到数的对象",
}
FORMS = "、".join((*_SHOWN, '"number 0..10"', '"a|b|c"'))


class ObservationError(ValueError):
    """An observation that cannot be kept; names the field and the accepted form."""

    def __init__(self, name: str, message: str, accepted: str) -> None:
        super().__init__(f"{name}: {message}（应为：{accepted}）")
        self.field, self.message, self.accepted = name, message, accepted


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that happened at `at` (aware). `values` are JSON; what its kind does not know is kept."""

    id: str
    kind: str
    at: datetime
    subject: str | None = None
    agent: str | None = None
    team: str | None = None
    category: str | None = None
    channel: str | None = None
    region: str | None = None
    customer: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """A dimension or a value by its name; `stages.fixing` reads inside a value. None where it is missing."""
        if name in _ABOUT:
            return getattr(self, name)
        if "." not in name:
            return self.values.get(name)
        found: Any = self.values
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found


@dataclass(frozen=True, slots=True)
class Value:
    """A known value of a kind. `sealed`: written by the program only."""

    name: str
    form: str
    title: str
    sealed: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of observation and the values it knows. `private`: told to none of those it is about."""

    code: str
    name: str
    about: str
    values: Mapping[str, Value]
    private: bool = False


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of a site. `form` is the sheet whose score a conversation carries when it has several."""

    kinds: Mapping[str, Kind]
    form: str


def fits(form: str, value: Any) -> bool:
    """Whether a JSON value has the form."""
    if form in ("number", "count", "seconds") or form.startswith("number "):
        if isinstance(value, bool) or not isinstance(value, int | float) or not -LARGEST <= value <= LARGEST:
            return False
        span = _RANGE.fullmatch(form)
        low, high = (
            (float(span[1]), float(span[2])) if span else (0.0 if form != "number" else -math.inf, math.inf)
        )
        return low <= value <= high and (form != "count" or float(value).is_integer())
    if form == "numbers":
        return isinstance(value, dict) and all(
            isinstance(k, str) and fits("number", v) for k, v in value.items()
        )
    if form == "flag":
        return isinstance(value, bool)
    if form == "texts":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if form == "time":
        return isinstance(value, str) and bool(value) and _time(value) is not None
    return isinstance(value, str) and (form == "text" or value in form.split("|"))


def accepted(form: str) -> str:
    """The form in words."""
    return _SHOWN.get(form) or form.replace("number ", "数，").replace("..", " 到 ")


def _time(value: Any) -> datetime | None:
    try:
        return parse_time(value, "at")
    except TranscriptError:
        return None


def _is_form(form: str) -> bool:
    return form in _SHOWN or _RANGE.fullmatch(form) is not None or ("|" in form and all(form.split("|")))


@lru_cache(maxsize=8)
def load_kinds(folder: Path | None = None) -> Kinds:
    """The kinds of `observations.toml`. Raises PolicyError."""
    table = read_preset(PRESET, folder).table
    table.only("version", "form", "kind")
    kinds = [_kind(one) for one in table.tables("kind")]
    missing = [code for code in WRITTEN if code not in {kind.code for kind in kinds}]
    if missing:
        raise table.error("kind", f"缺少程序要写的种类 {'、'.join(missing)}", "|".join(WRITTEN))
    return Kinds({kind.code: kind for kind in kinds}, table.text("form"))


def _kind(table: Table) -> Kind:
    table.only("code", "name", "about", "values", "sealed", "private")
    sealed = table.texts("sealed", ())
    values = {}
    rows = table.table("values")
    for name, given in rows.values.items():
        form, title = given if isinstance(given, list) and len(given) == 2 else ("", "")
        if not _is_form(str(form)):
            raise rows.error(name, f"不能是 {str(given)[:40]!r}", f"[写法, 名称]，写法为 {FORMS}")
        values[name] = Value(name, form, title, name in sealed)
    for name in sealed:
        if name not in values:
            raise table.error("sealed", f"没有 {name!r}", "values 里的名称")
    private = table.flag("private", False)
    return Kind(table.text("code"), table.text("name"), table.text("about"), values, private)


def parse(raw: Any, kinds: Kinds, at: datetime, name: str = "observation") -> Observation:
    """Read an observation from outside: unknown values are kept, a known one of a wrong type is an error.

    Without `id` it is `kind:subject`; without `at` it is `at`. Raises ObservationError naming the field.
    """
    if not isinstance(raw, Mapping):
        raise ObservationError(name, "不是对象", '{"kind","id"|"subject","at"?,"values"}')
    kind = kinds.kinds.get(str(raw.get("kind")))
    if kind is None:
        raise ObservationError(f"{name}.kind", "未知的种类", "|".join(kinds.kinds))
    for key in raw:
        if key not in ("id", "kind", "at", "values", *DIMENSIONS):
            raise ObservationError(
                f"{name}.{key}", "未知字段", "、".join(("id", "kind", "at", "values", *DIMENSIONS))
            )
    labels = {one: _label(raw.get(one), f"{name}.{one}") for one in ("id", *DIMENSIONS)}
    identity = labels.pop("id") or (f"{kind.code}:{labels['subject']}" if labels["subject"] else None)
    if identity is None:
        raise ObservationError(f"{name}.id", "缺失", "id 或 subject 至少给一个")
    try:
        moment = parse_time(raw.get("at"), f"{name}.at")
    except TranscriptError as error:
        raise ObservationError(error.field, error.message, error.accepted) from None
    given = raw.get("values", {})
    if not isinstance(given, Mapping) or len(given) > MOST_VALUES:
        raise ObservationError(f"{name}.values", "不是对象或太大", f"至多 {MOST_VALUES} 个值的对象")
    check(kind, given, f"{name}.values")
    return Observation(identity, kind.code, moment or at, values=dict(given), **labels)


def check(kind: Kind, given: Mapping[str, Any], name: str = "values") -> None:
    """Refuse a known value of a wrong type, and one that only the program writes. Raises ObservationError."""
    for key, value in given.items():
        known = kind.values.get(key)
        if known is None or value is None:
            continue
        if known.sealed:
            raise ObservationError(f"{name}.{key}", "只由程序写入", "去掉这个值")
        if not fits(known.form, value):
            raise ObservationError(f"{name}.{key}", f"不能是 {str(value)[:40]!r}", accepted(known.form))


def _label(value: Any, name: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > LABEL:
        raise ObservationError(name, "写法不对", f"至多 {LABEL} 个字符的字符串")
    return value


def merged(before: Observation, after: Observation) -> Observation:
    """What is known of one thing when it is told again: what is told now stands over what was told before."""
    labels = {one: getattr(after, one) or getattr(before, one) for one in DIMENSIONS}
    return replace(after, values={**before.values, **after.values}, **labels)


def to_json(one: Observation) -> Json:
    """As it travels in a result or an answer; times in ISO 8601."""
    labels: Json = {name: getattr(one, name) for name in DIMENSIONS}
    return {"id": one.id, "kind": one.kind, "at": one.at.isoformat(), **labels, "values": dict(one.values)}


def from_json(value: Mapping[str, Any], at: datetime) -> Observation:
    """Read back what `to_json` wrote; an observation without a time happened at `at`."""
    labels = {name: value.get(name) for name in DIMENSIONS}
    moment = datetime.fromisoformat(value["at"]) if value.get("at") else at
    return Observation(str(value["id"]), str(value["kind"]), moment, values=dict(value["values"]), **labels)


def titles(kind: Kind) -> Sequence[tuple[str, str, str]]:
    """(name, form in words, title) of each known value: what an export's schema tells."""
    return [(one.name, accepted(one.form), one.title) for one in kind.values.values()]
