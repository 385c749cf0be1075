"""Forms and documents with anything in any place: refused with a place, never a surprise."""

from __future__ import annotations

import contextlib
import copy
import json
import random
import tomllib
from pathlib import Path
from typing import Any

from transcripts import talk

from nlp.quality.examples import failures
from nlp.quality.form import PRESETS, FormError, parse_form
from nlp.quality.imports import imported
from nlp.quality.scorer import score

HERE = Path(__file__).parent
RULES: dict[str, Any] = {
    "code": "drawn", "name": "表", "version": "1", "bonus_most": 3, "note": "注",
    "grade": [{"code": "A", "name": "好", "least": 0}],
    "dimension": [{"code": "a", "name": "甲", "weight": 0.4}, {"code": "b", "name": "乙", "weight": 0.6}],
    "let": {"x": {"words": ["您好"], "match": 1}, "y": {"turn": {"all": ["x", {"not": {"pattern": "a+", "unless": ["b"]}}]}}},
    "item": [
        {"code": "one", "name": "一", "dimension": "a", "points": 2, "each": 1, "roles": ["agent"], "must_hit": ["说"],
         "must_miss": ["客户@0：在|客服@3：您好"], "applies": {"channels": ["chat"]},
         "check": {"kind": "rule", "require": {"any": ["x", {"similar": ["您好"], "at_least": 0.5}], "range": {"turns": [1, -1]},
                   "anchor": {"after": {"emotion": ["angry"], "role": "customer"}, "hit": "every", "turns": 2, "seconds": 9}}}},
        {"code": "two", "name": "二", "dimension": "b", "points": 1, "veto": "dimension", "untested": True,
         "when": {"count": {"measure": "wait", "over": 3}, "at_least": 1}, "after": [{"item": "one", "result": "fail"}],
         "check": {"kind": "choice", "answers": [{"name": "甲", "share": 1, "when": {"sequence": ["x", "y"], "turns": 2}},
                                                 {"name": "乙", "share": 0, "veto": True}]}},
        {"code": "three", "name": "三", "dimension": "b", "points": 1, "bonus": True, "untested": True,
         "after": {"item": "two", "answer": ["甲"]}, "check": {"kind": "stage", "stage": "greeting", "place": "first"}},
    ],
}  # fmt: skip
JUNK: list[Any] = [
    None,
    0,
    -1,
    3.5,
    float("nan"),
    float("inf"),
    "",
    "x",
    "一" * 300,
    [],
    [[]],
    [None],
    {},
    {"x": {}},
    True,
    ["x"],
    10**30,
    "(",
    "a*",
]


def mutated(value: Any, draw: random.Random) -> Any:
    """A copy with one thing in it replaced, dropped, doubled or renamed."""
    found = copy.deepcopy(value)
    places: list[tuple[Any, Any]] = []
    waiting = [found]
    while waiting:
        one = waiting.pop()
        for key in list(one if isinstance(one, dict) else range(len(one))):
            places.append((one, key))
            if isinstance(one[key], dict | list):
                waiting.append(one[key])
    holder, key = draw.choice(places)
    how = draw.randrange(4)
    if how == 0:
        del holder[key]
    elif how == 1 and isinstance(holder, dict):
        holder[draw.choice(["x", "kind", "words", "turns", "after", "at_least"])] = holder.pop(key)
    elif how == 2 and isinstance(holder, list):
        holder.append(holder[key])
    else:
        holder[key] = draw.choice(JUNK)
    return found


def test_forms_with_anything_in_them() -> None:
    """R104: whatever stands in a form, it is refused with its place and the accepted form, or it scores."""
    draw = random.Random(7)
    standard = tomllib.loads((PRESETS / "standard.toml").read_text(encoding="utf-8"))
    talked = talk("客：气死我了", "服：您好", seconds=[0, 4], channel="chat")
    read = 0
    for number in range(600):
        value = mutated(standard if number % 4 == 0 else RULES, draw)
        form = None
        with contextlib.suppress(FormError):
            form = parse_form(value)
        if form is not None:
            read += 1
            if number % 4:
                score(talked, form)
                list(failures(form))
    assert read > 40


def test_documents_with_anything_in_them() -> None:
    """B27: whatever stands in another system's document, it is refused, or what came of it is a form that scores."""
    draw = random.Random(11)
    talked = talk("客：我要投诉", "服：您好", seconds=[0, 4])
    made = 0
    for source in ("sca", "connect"):
        value = json.loads((HERE / "imports" / f"{source}.json").read_text(encoding="utf-8"))
        for _ in range(120):
            with contextlib.suppress(FormError):
                found = score(talked, parse_form(imported(source, mutated(value, draw), "x").form))
                assert 0 <= found.score <= 100
                made += 1
    assert made > 20
