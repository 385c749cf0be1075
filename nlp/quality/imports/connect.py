"""Amazon Connect evaluation forms, as CreateEvaluationForm takes and DescribeEvaluationForm gives them.

https://docs.aws.amazon.com/connect/latest/APIReference/API_CreateEvaluationForm.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nlp.quality.imports.connect_questions import question
from nlp.quality.imports.reading import Fields, Imported, Json, Left, Unmapped, form_of, slug
from nlp.quality.problems import FormError


@dataclass(slots=True)
class _Section:
    """A section that holds questions itself; `weight` None: not told."""

    title: str
    weight: float | None
    questions: list[Fields] = field(default_factory=list)


def read(value: Mapping[str, Any], code: str) -> Imported:
    """Sections become dimensions, questions that answer themselves become items. Raises FormError."""
    top = Fields(_inner(value), "document")
    left: list[Left] = []
    try:
        sections = list(_sections(top.rows("items"), "", None, left))
        strategy = top.child("scoring_strategy")
    except Unmapped as reason:
        raise FormError("document", str(reason), '{"Title", "Items": […]}') from None
    if not sections:
        raise FormError(
            "document.Items", "没有带问题的 Section", '[{"Section": {"Items": [{"Question": …}]}}]'
        )
    mode = str(strategy.get("mode") or "") if strategy.get("status") != "DISABLED" else ""
    if not mode:
        left.append(Left("ScoringStrategy", "没有计分方式：各题同分", True))
    reading = _Reading(left)
    taken: set[str] = set()
    parts = [
        (section, slug(section.title, taken, "section"), [reading.item(one) for one in section.questions])
        for section in sections
    ]
    items, dimensions = _weighed(parts, mode, left)
    if not items:
        reasons = "；".join(one.reason for one in left if not one.kept)
        raise FormError("document.Items", f"没有一题能自动评：{reasons[:400]}", "带 Automation 的题")
    name = str(top.get("title") or "Amazon Connect 质检表")
    return Imported(form_of(code, name, reading.let, dimensions, items, _grades(strategy)), left)


def _inner(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The form itself, also inside an answer of the service or the properties of a stack's resource."""
    for name in ("EvaluationForm", "evaluationForm", "Properties"):
        if isinstance(value.get(name), Mapping):
            return _inner(value[name])
    return value


def _sections(rows: list[Any], above: str, weight: float | None, left: list[Left]) -> Iterator[_Section]:
    """Sections in order; a subsection has its share of the section above."""
    for row in rows:
        item = Fields(row, "Items")
        given = item.get("section")
        if given is None:
            continue
        section = Fields(given, "Section")
        title = str(section.get("title") or section.get("ref_id") or "未命名")
        own = section.number("weight")
        share = own if own is None or weight is None else own * weight / 100
        found = _Section(f"{above}{title}", share if share is not None else weight)
        inner = section.rows("items")
        for one in inner:
            if isinstance(one, Mapping) and (asked := Fields(one, title).get("question")) is not None:
                found.questions.append(Fields(asked, f"{title}"))
        section.get("instructions")
        if found.questions:
            yield found
        yield from _sections([one for one in inner if isinstance(one, Mapping)], f"{title} / ", share, left)


class _Reading:
    """Questions in their order: a later one may hang on an earlier one's answer."""

    def __init__(self, left: list[Left]) -> None:
        self.left = left
        self.let: Json = {}
        self.codes: dict[str, str] = {}
        self.answers: dict[str, dict[str, str]] = {}
        self._taken: set[str] = set()

    def item(self, fields: Fields) -> Json | None:
        """The item of a question, or nothing where it cannot answer itself; `left` then says why."""
        ref = str(fields.get("ref_id") or "")
        place = f"{fields.place}：{str(fields.get('title') or ref)[:60]}"
        try:
            check, answers = question(fields, self.let, self.left, place)
            after = self._after(fields)
        except Unmapped as reason:
            self.left.append(Left(place, str(reason)))
            return None
        code = slug(ref, self._taken, "question")
        self.codes[ref], self.answers[ref] = code, answers
        if unread := fields.unread(("instructions", "not_applicable_enabled")):
            self.left.append(Left(place, f"没有用到的设置：{'、'.join(unread)}", True))
        return {
            "code": code,
            "name": str(fields.get("title") or ref),
            "points": fields.number("weight") or 0,
            "untested": True,
            "check": check,
            **({"after": after} if after else {}),
        }

    def _after(self, fields: Fields) -> list[Json]:
        """The enablement of a question. Raises Unmapped."""
        enabled = fields.child("enablement")
        condition = enabled.child("condition")
        operands = condition.rows("operands")
        if not operands:
            return []
        if len(operands) > 1 and str(condition.get("operator") or "AND") != "AND":
            raise Unmapped("启用条件用了 OR：只能导入须同时满足的条件")
        disables = str(enabled.get("action") or "ENABLE") == "DISABLE"
        if disables and len(operands) > 1:
            raise Unmapped("停用条件有几个：只能导入一个")
        enabled.get("default_action")
        return [self._operand(Fields(one, "Operands"), disables) for one in operands]

    def _operand(self, operand: Fields, disables: bool) -> Json:
        expression = operand.child("expression")
        ref = str(expression.child("source").get("ref_id") or "")
        if ref not in self.codes:
            raise Unmapped(f"启用条件取决于没有导入的题 {ref!r}")
        comparator = str(expression.get("comparator") or "IN")
        if comparator not in ("IN", "NOT_IN", "EXACT"):
            raise Unmapped(f"启用条件的比较 {comparator}")
        chosen = [str(Fields(one, "Values").get("ref_id") or "") for one in expression.rows("values")]
        answers = [self.answers[ref][one] for one in chosen if one in self.answers[ref]]
        if len(answers) < len(chosen) or not answers:
            raise Unmapped(f"启用条件里有没有导入的答案 {'、'.join(chosen)}")
        unlike = (comparator == "NOT_IN") is not disables
        return {"item": self.codes[ref], "answer": answers, **({"unlike": True} if unlike else {})}


def _weighed(
    parts: list[tuple[_Section, str, list[Json | None]]], mode: str, left: list[Left]
) -> tuple[list[Json], list[Json]]:
    """Items with their points and dimensions with weights that make 1, whatever was left out passed on."""
    kept = [(section, code, [item for item in items if item]) for section, code, items in parts]
    kept = [part for part in kept if part[2]]
    for _, code, items in kept:
        for item in items:
            item["dimension"] = code
            if mode != "QUESTION_ONLY" or not item["points"]:
                item["points"] = 1
    if mode == "SECTION_ONLY":
        raw = [section.weight or 0.0 for section, _, _ in kept]
    else:
        raw = [float(sum(item["points"] for item in items)) for _, _, items in kept]
    if sum(raw) <= 0:
        raw = [1.0] * len(kept)
    if any(not share for share in raw):
        left.append(Left("Weight", "有的 Section 没有权重，其中的题不计分", True))
    total = sum(raw)
    dimensions = [
        {"code": code, "name": section.title, "weight": share / total}
        for (section, code, _), share in zip(kept, raw, strict=True)
    ]
    return [item for _, _, items in kept for item in items], dimensions


def _grades(strategy: Fields) -> list[Json] | None:
    """Performance categories as grades; the lowest begins at 0."""
    rows = [Fields(one, "ScoreThresholds") for one in strategy.rows("score_thresholds")]
    taken: set[str] = set()
    found = [
        {
            "code": slug(str(row.get("performance_category") or ""), taken, "grade"),
            "name": str(row.get("performance_category") or "未命名"),
            "least": row.number("min_score_percentage") or 0.0,
        }
        for row in rows
    ]
    if not found:
        return None
    min(found, key=lambda grade: float(str(grade["least"])))["least"] = 0.0
    return found
