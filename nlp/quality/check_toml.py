"""The check of an item from TOML: one of the closed set, its settings by their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, get_type_hints

from nlp.quality.kinds import KINDS, Check, StageOrder, phrase_lists
from nlp.quality.problems import FormError
from nlp.quality.rules import values
from nlp.quality.rules.read import Names, node_of
from nlp.quality.rules.tree import Answer, Choice, Rule
from nlp.stages import STAGES

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "stage": STAGES,
    "place": ("first", "last", "any"),
    "match": ("exact", "fuzzy", "semantic"),
    "context": ("any", "open"),
}
_ANSWER = ("name", "share", "when", "veto", "na")
_ANSWERS_FORM = '[{ name = "…", share = 1, when = 规则 }, …, { name = "…", share = 0 }]'


def check_of(value: Any, name: str, names: Names) -> Check:
    """Read a check. Raises FormError naming the setting and the accepted form."""
    table = values.table(value, name)
    kind = KINDS.get(str(table.get("kind")))
    if kind is None:
        raise FormError(f"{name}.kind", f"未知的检查 {table.get('kind')!r}", "|".join(KINDS))
    if kind is Rule:
        return _rule(table, name, names)
    return _choice(table, name, names) if kind is Choice else _plain(kind, table, name)


def inner_check(value: Any, name: str) -> Check:
    """A check that stands as an atom in a rule: any but those that read other items."""
    closed = [known for known in KINDS if known not in ("rule", "choice", "fatal", "unanswered")]
    values.choice(values.table(value, name).get("kind"), f"{name}.kind", closed)
    return _plain(KINDS[value["kind"]], value, name)


def _rule(table: Mapping[str, Any], name: str, names: Names) -> Rule:
    values.known(table, name, ("kind", "forbid", "require"))
    given = [key for key in ("forbid", "require") if key in table]
    if len(given) != 1:
        raise FormError(name, "恰好要写其一", "forbid = 不该有的规则，或 require = 应有的规则")
    return Rule(**{given[0]: node_of(table[given[0]], f"{name}.{given[0]}", names)})


def _choice(table: Mapping[str, Any], name: str, names: Names) -> Choice:
    values.known(table, name, ("kind", "answers"))
    given = table.get("answers")
    if not isinstance(given, list) or len(given) < 2:
        raise FormError(f"{name}.answers", "不足两个", _ANSWERS_FORM)
    answers = tuple(_answer(one, f"{name}.answers[{at}]", names) for at, one in enumerate(given))
    for at, answer in enumerate(answers[:-1]):
        if answer.when is None:
            raise FormError(f"{name}.answers[{at}].when", "只有最后一个答案可以不写条件", "规则")
    return Choice(answers)


def _answer(value: Any, name: str, names: Names) -> Answer:
    table = values.table(value, name)
    values.known(table, name, _ANSWER)
    na = values.boolean(table.get("na", False), f"{name}.na")
    return Answer(
        values.string(table.get("name"), f"{name}.name"),
        0.0 if na else values.number(table.get("share"), f"{name}.share", 0.0, 1.0),
        node_of(table["when"], f"{name}.when", names) if "when" in table else None,
        values.boolean(table.get("veto", False), f"{name}.veto"),
        na,
    )


def _plain(kind: type, table: Mapping[str, Any], name: str) -> Check:
    hints = get_type_hints(kind)
    settings: dict[str, Any] = {}
    for key, part in table.items():
        if key == "kind":
            continue
        if key not in hints:
            raise FormError(f"{name}.{key}", "未知的设置", "|".join(f.name for f in fields(kind)))
        settings[key] = _setting(hints[key], part, f"{name}.{key}")
        if key in _CHOICES and isinstance(settings[key], str):
            values.choice(settings[key], f"{name}.{key}", _CHOICES[key])
    try:
        check: Check = kind(**settings)
    except TypeError:
        missing = [f.name for f in fields(kind) if f.name not in settings]
        raise FormError(name, "缺少设置", "、".join(missing)) from None
    if isinstance(check, StageOrder):
        for stage in check.stages:
            values.choice(stage, f"{name}.stages", STAGES)
    for role, phrases in phrase_lists(check).items():
        place = f"{name}.{'patterns' if role == 'said' else role}"
        for pattern in (*phrases.patterns, *phrases.unless):
            values.pattern(pattern, place)
    return check


def _setting(hint: Any, value: Any, name: str) -> Any:
    if hint is float:
        return values.number(value, name)
    if hint is int:
        return values.whole(value, name)
    if hint is bool:
        return values.boolean(value, name)
    if hint is str:
        return values.string(value, name)
    if hint == Mapping[str, float]:
        given = values.table(value, name)
        return MappingProxyType({key: values.number(part, f"{name}.{key}") for key, part in given.items()})
    return values.strings(value, name)
