"""CAPABILITY score: a transcript and a form to points with evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from nlp.mood import Mood
from nlp.quality.checks import verdict
from nlp.quality.dialogue import Dialogue, open_dialogue, prepare
from nlp.quality.form import Form
from nlp.quality.ports import Analyser, Encode, Facts
from nlp.quality.result import DimensionScore, ItemScore, Score, Verdict
from nlp.quality.satisfaction import judge
from nlp.quality.summary import summarise
from nlp.transcript import Span, Transcript

_FULL = 100.0
_UNGRADED = ("na", "未评")


def _dimensions(form: Form, verdicts: Sequence[Verdict]) -> tuple[list[DimensionScore], list[ItemScore]]:
    """Points with the share of inapplicable items passed on: within the dimension first, then between them."""
    live = [
        sum(
            i.points
            for i, v in zip(form.items, verdicts, strict=True)
            if i.dimension == d.code and v.result != "na"
        )
        for d in form.dimensions
    ]
    total = sum(d.points for d, points in zip(form.dimensions, live, strict=True) if points > 0)
    items: list[ItemScore] = []
    dimensions: list[DimensionScore] = []
    share: dict[str, float] = {}
    for dimension, points in zip(form.dimensions, live, strict=True):
        whole = _FULL * dimension.points / total if points > 0 else 0.0
        share[dimension.code] = whole / points if points > 0 else 0.0
    for item, found in zip(form.items, verdicts, strict=True):
        most = 0.0 if found.result == "na" else item.points * share[item.dimension]
        lost = 0.0
        if found.result == "fail":
            each = item.points if item.each is None else item.each
            lost = min(most, each * found.findings * share[item.dimension])
        items.append(
            ItemScore(
                item.code,
                item.name,
                item.dimension,
                found.result,
                most - lost,
                most,
                found.reason,
                found.evidence,
            )
        )
    for dimension in form.dimensions:
        own = [item for item in items if item.dimension == dimension.code]
        most = sum(item.max for item in own)
        dimensions.append(
            DimensionScore(
                dimension.code, dimension.name, sum(item.points for item in own), most, most / _FULL
            )
        )
    return dimensions, items


def _judge(dialogue: Dialogue, as_of: datetime) -> list[Verdict]:
    verdicts: list[Verdict] = []
    failed: dict[str, tuple[Span, ...]] = {}
    for item in dialogue.form.items:
        found = verdict(dialogue, item, failed, as_of)
        if found.result == "fail":
            failed[item.code] = found.evidence
        verdicts.append(found)
    return verdicts


def _score(dialogue: Dialogue, as_of: datetime, mode: str) -> Score:
    form = dialogue.form
    verdicts = _judge(dialogue, as_of)
    dimensions, items = _dimensions(form, verdicts)
    veto = any(i.veto and v.result == "fail" for i, v in zip(form.items, verdicts, strict=True))
    graded = any(item.max > 0 for item in items)
    points = 0.0 if veto else sum(item.points for item in items) if graded else _FULL
    grade = next((g for g in form.grades if points >= g.least - 1e-9), form.grades[-1])
    code, name = (grade.code, grade.name) if graded or veto else _UNGRADED
    return Score(
        transcript_id=dialogue.transcript.id,
        form_code=form.code,
        form_version=form.version,
        score=min(_FULL, max(0.0, points)),
        grade=code,
        grade_name=name,
        veto=veto,
        dimensions=tuple(dimensions),
        items=tuple(items),
        satisfaction=judge(dialogue.transcript, dialogue.texts, dialogue.sentiments),
        summary=summarise(dialogue),
        mode=mode,
    )


def moment_of(transcript: Transcript, as_of: datetime | None) -> datetime:
    """The time a transcript is judged at: as asked, else when it started, else now."""
    return as_of or transcript.started_at or datetime.now(UTC)


def score_many(
    transcripts: Iterable[Transcript],
    form: Form,
    analyser: Analyser | None = None,
    facts: Facts | None = None,
    as_of: datetime | None = None,
    encode: Encode | None = None,
    folder: Path | None = None,
) -> list[Score]:
    """Score transcripts in order; the customer turns of all of them go to the model in one call.

    `folder` is a site's policy folder (stages, taxonomy). Pure: no clock but for transcripts without a time.
    """
    batch = list(transcripts)
    places = [
        (number, index)
        for number, transcript in enumerate(batch)
        for index, turn in enumerate(transcript.turns)
        if turn.role == "customer" and turn.text.strip()
    ]
    sentiments: list[dict[int, Mood]] = [{} for _ in batch]
    if analyser is not None and places:
        results = analyser.analyse([batch[number].turns[index].text for number, index in places])
        for (number, index), sentiment in zip(places, results, strict=True):
            sentiments[number][index] = sentiment
    prepared = prepare(form, folder)
    mode = str(getattr(analyser, "mode", "full")) if analyser is not None else "rules_only"
    return [
        _score(open_dialogue(t, prepared, feelings, facts, encode), moment_of(t, as_of), mode)
        for t, feelings in zip(batch, sentiments, strict=True)
    ]


def score(
    transcript: Transcript,
    form: Form,
    analyser: Analyser | None = None,
    facts: Facts | None = None,
    as_of: datetime | None = None,
    encode: Encode | None = None,
    folder: Path | None = None,
) -> Score:
    """Score one transcript. Without an analyser the mode is `rules_only`."""
    return score_many([transcript], form, analyser, facts, as_of, encode, folder)[0]


def violations(scores: Sequence[Score]) -> Mapping[str, int]:
    """How many transcripts failed each item."""
    counts: dict[str, int] = {}
    for found in scores:
        for item in found.items:
            if item.result == "fail":
                counts[item.code] = counts.get(item.code, 0) + 1
    return counts
