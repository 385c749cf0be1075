"""Questionnaires as data: which one is asked, and what the answers count as."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nlp.metrics.observation import Json, Kinds, ObservationError, accepted, fits, load_kinds
from nlp.privacy import mask
from nlp.tables import Table, read_preset

PRESET = "surveys"
SCORES = ("nps", "csat", "ces")
_SCALE = re.compile(r"(-?\d+)\.\.(-?\d+)")
LONGEST = 1000
"""Characters of an answer in words."""


@dataclass(frozen=True, slots=True)
class Question:
    """`low` and `high` are None for a question answered in words."""

    code: str
    text: str
    low: float | None
    high: float | None
    gives: str | None
    dimension: str | None
    optional: bool


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """Asked where every condition of `when` (scenario, category, channel) meets one of its values."""

    code: str
    name: str
    when: Mapping[str, tuple[str, ...]]
    questions: tuple[Question, ...]

    def suits(self, about: Mapping[str, Sequence[str]]) -> bool:
        return all(set(wanted) & set(about.get(name, ())) for name, wanted in self.when.items())


@dataclass(frozen=True, slots=True)
class Surveys:
    """The questionnaires of a site in the order they are tried."""

    surveys: tuple[Questionnaire, ...]
    on_close: bool

    def by_code(self, code: str) -> Questionnaire | None:
        return next((one for one in self.surveys if one.code == code), None)

    def suiting(self, about: Mapping[str, Sequence[str]]) -> Questionnaire:
        """The first that suits; the last suits everything."""
        return next(one for one in self.surveys if one.suits(about))


@lru_cache(maxsize=8)
def load_surveys(folder: Path | None = None) -> Surveys:
    """The questionnaires of `surveys.toml`. Raises PolicyError."""
    table, kinds = read_preset(PRESET, folder).table, load_kinds(folder)
    table.only("version", "on_close", "survey")
    found = tuple(_survey(one, kinds) for one in table.tables("survey"))
    if not found or found[-1].when:
        raise table.error("survey", "最后一份还有条件", "最后一份没有 when，适用于其余的会话")
    return Surveys(found, table.flag("on_close", True))


def _survey(table: Table, kinds: Kinds) -> Questionnaire:
    table.only("code", "name", "when", "question")
    when = table.table("when", required=False)
    when.only("scenario", "category", "channel")
    questions = tuple(_question(one, kinds) for one in table.tables("question"))
    return Questionnaire(
        table.text("code"), table.text("name"), {name: when.texts(name) for name in when.values}, questions
    )


def _question(table: Table, kinds: Kinds) -> Question:
    table.only("code", "text", "scale", "gives", "dimension", "optional")
    scale = _SCALE.fullmatch(table.text("scale")) if "scale" in table.values else None
    if "scale" in table.values and (scale is None or int(scale[1]) >= int(scale[2])):
        raise table.error("scale", "写法不对", "低..高，如 1..5")
    gives = table.text("gives", choices=SCORES) if "gives" in table.values else None
    low, high = (float(scale[1]), float(scale[2])) if scale else (None, None)
    if gives is not None:
        form = kinds.kinds["survey"].values[gives].form
        if low is None or not fits(form, low) or not fits(form, high):
            raise table.error("scale", f"不在 {gives} 的范围之内", accepted(form))
    return Question(
        table.text("code"), table.text("text"), low, high, gives,
        table.text("dimension") if "dimension" in table.values else None, table.flag("optional", False),
    )  # fmt: skip


def values_of(survey: Questionnaire, answers: Mapping[str, Any], comment: str | None = None) -> Json:
    """What the answers count as: scores, dimensions, and the words masked. Raises ObservationError by question."""
    known = {one.code: one for one in survey.questions}
    if not isinstance(answers, Mapping):
        raise ObservationError("answers", "不是对象", "问题编码到答案的对象")
    for code in answers:
        if code not in known:
            raise ObservationError(f"answers.{code}", "没有这个问题", "|".join(known))
    values: Json = {"scenario": survey.code}
    dimensions: dict[str, float] = {}
    words = [comment] if comment else []
    for question in survey.questions:
        answer = answers.get(question.code)
        if answer is None and question.optional:
            continue
        form = "text" if question.low is None else f"number {question.low:g}..{question.high:g}"
        if answer is None or not fits(form, answer) or (isinstance(answer, str) and len(answer) > LONGEST):
            raise ObservationError(f"answers.{question.code}", "缺少或不对", accepted(form))
        if question.gives is not None:
            values[question.gives] = answer
        if question.dimension is not None:
            dimensions[question.dimension] = answer
        if isinstance(answer, str) and answer.strip():
            words.append(answer)
    if dimensions:
        values["dimensions"] = dimensions
    if words:
        values["comment"] = mask("；".join(words))
    return values


def to_json(survey: Questionnaire) -> Json:
    """The questions as they are asked."""
    return {
        "scenario": survey.code,
        "name": survey.name,
        "questions": [
            {"code": one.code, "text": one.text, "optional": one.optional, "dimension": one.gives or one.dimension,
             "scale": None if one.low is None else [one.low, one.high]}
            for one in survey.questions
        ],
    }  # fmt: skip
