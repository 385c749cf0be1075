"""The score of one transcript, as the wire shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from nlp.transcript import Span

Result = Literal["pass", "fail", "na"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found. A `fail` has evidence; `findings` counts what the points are taken for.

    `answer` is the one of several that was taken, `share` what it keeps of the points; `veto`: it zeroes the score.
    """

    result: Result
    reason: str
    evidence: tuple[Span, ...] = ()
    answer: str | None = None
    share: float | None = None
    veto: bool = False

    @property
    def findings(self) -> int:
        return len(self.evidence) or 1


@dataclass(frozen=True, slots=True)
class ItemScore:
    code: str
    name: str
    dimension: str
    result: Result
    points: float
    max: float
    reason: str
    evidence: tuple[Span, ...]
    answer: str | None = None
    share: float | None = None
    veto: bool = False


@dataclass(frozen=True, slots=True)
class DimensionScore:
    """`points` of `max`; `weight` is what remains of the dimension's share of 100 after redistribution."""

    code: str
    name: str
    points: float
    max: float
    weight: float


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence taken word for word from a turn (masked), with its span there."""

    text: str
    turn: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Request, steps and outcome of the service record; None where the transcript shows none."""

    request: Sentence | None
    steps: tuple[Sentence, ...]
    outcome: Sentence | None


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """Expected satisfaction 0…2 and the probability of the nearest whole level."""

    value: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Score:
    transcript_id: str
    form_code: str
    form_version: str
    score: float
    grade: str
    grade_name: str
    veto: bool
    dimensions: tuple[DimensionScore, ...]
    items: tuple[ItemScore, ...]
    satisfaction: Satisfaction
    summary: Summary
    mode: str


def span_json(span: Span) -> dict[str, Any]:
    value: dict[str, Any] = {"turn": span.turn, "start": span.start, "end": span.end, "text": span.text}
    if span.absent:
        value["absent"] = True
    return value


def _sentence_json(sentence: Sentence) -> dict[str, Any]:
    return {"turn": sentence.turn, "start": sentence.start, "end": sentence.end}


def summary_json(summary: Summary) -> dict[str, Any]:
    """Texts by field, and under `references` the turn and span each sentence stands at."""
    return {
        "request": summary.request.text if summary.request else "",
        "steps": [step.text for step in summary.steps],
        "outcome": summary.outcome.text if summary.outcome else "",
        "references": {
            "request": [_sentence_json(summary.request)] if summary.request else [],
            "steps": [_sentence_json(step) for step in summary.steps],
            "outcome": [_sentence_json(summary.outcome)] if summary.outcome else [],
        },
    }


def answer_json(item: ItemScore) -> dict[str, Any]:
    """Which of several answers was taken; nothing for the items that have only two."""
    if item.answer is None:
        return {}
    return {"answer": item.answer, "share": item.share, **({"veto": True} if item.veto else {})}


def judged_json(dimensions: Iterable[DimensionScore], items: Iterable[ItemScore]) -> dict[str, Any]:
    """Dimensions and items as the wire shows them; points rounded to two decimals."""
    return {
        "dimensions": [
            {"code": d.code, "name": d.name, "points": round(d.points, 2), "max": round(d.max, 2)}
            for d in dimensions
        ],
        "items": [
            {
                "code": item.code,
                "name": item.name,
                "dimension": item.dimension,
                "result": item.result,
                "points": round(item.points, 2),
                "max": round(item.max, 2),
                "reason": item.reason,
                "evidence": [span_json(span) for span in item.evidence],
                **answer_json(item),
            }
            for item in items
        ],
    }


def to_json(score: Score) -> dict[str, Any]:
    """The contract's reply less `id`, `versions` and `took_ms`; points rounded to two decimals."""
    return {
        "transcript_id": score.transcript_id,
        "form": {"code": score.form_code, "version": score.form_version},
        "score": round(score.score, 2),
        "grade": score.grade,
        "grade_name": score.grade_name,
        "veto": score.veto,
        **judged_json(score.dimensions, score.items),
        "satisfaction": {
            "value": round(score.satisfaction.value, 3),
            "confidence": round(score.satisfaction.confidence, 3),
        },
        "summary": summary_json(score.summary),
        "mode": score.mode,
    }
