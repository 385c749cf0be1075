"""CAPABILITY score: a transcript and a form to points with evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from nlp.mood import Mood
from nlp.quality.checks import verdict
from nlp.quality.dialogue import Dialogue, open_dialogues, prepare
from nlp.quality.form import Form
from nlp.quality.points import points_of
from nlp.quality.ports import Analyser, Encode, Facts, conduct_of
from nlp.quality.reading import Lap, no_lap
from nlp.quality.result import Satisfaction, Score, Summary, Verdict
from nlp.quality.rules.asking import asked, moods_of
from nlp.quality.satisfaction import judge
from nlp.quality.summary import summarise
from nlp.quality.vectors import Vectors
from nlp.transcript import Transcript


def verdicts_of(dialogue: Dialogue, as_of: datetime) -> list[Verdict]:
    """A verdict for each item, in the order of the form."""
    earlier: dict[str, Verdict] = {}
    for item in dialogue.form.items:
        earlier[item.code] = verdict(dialogue, item, earlier, as_of)
    return list(earlier.values())


def _score(
    dialogue: Dialogue, verdicts: Sequence[Verdict], pleased: Satisfaction, summary: Summary, mode: str
) -> Score:
    form = dialogue.form
    found = points_of(form, verdicts)
    return Score(
        transcript_id=dialogue.transcript.id,
        form_code=form.code,
        form_version=form.version,
        score=found.score,
        grade=found.grade,
        grade_name=found.grade_name,
        veto=found.veto,
        dimensions=found.dimensions,
        items=found.items,
        satisfaction=pleased,
        summary=summary,
        mode=mode,
    )


def moment_of(transcript: Transcript, as_of: datetime | None) -> datetime:
    """The time a transcript is judged at: as asked, else when it started, else now."""
    return as_of or transcript.started_at or datetime.now(UTC)


def opened(
    batch: Sequence[Transcript],
    form: Form,
    analyser: Analyser | None = None,
    facts: Sequence[Facts | None] | None = None,
    encode: Encode | None = None,
    folder: Path | None = None,
    lap: Lap = no_lap,
) -> list[Dialogue]:
    """Transcripts made ready to be judged; turns whose mood is asked for go to the model in one call."""
    heard = moods_of(form)
    places = [
        (number, index)
        for number, transcript in enumerate(batch)
        for index, turn in enumerate(transcript.turns)
        if turn.role in heard and turn.text.strip()
    ]
    moods: list[dict[int, Mood]] = [{} for _ in batch]
    if analyser is not None and places:
        results = analyser.analyse([batch[number].turns[index].text for number, index in places])
        for (number, index), mood in zip(places, results, strict=True):
            moods[number][index] = mood
    lap("sentiment")
    vectors = Vectors(encode) if encode is not None else None
    dialogues = open_dialogues(batch, prepare(form, folder), moods, facts, vectors, lap, conduct_of(analyser))
    if vectors is not None:
        vectors.ready(text for dialogue in dialogues for text in asked(dialogue))
        lap("encode")
    return dialogues


def score_many(
    transcripts: Iterable[Transcript],
    form: Form,
    analyser: Analyser | None = None,
    facts: Sequence[Facts | None] | None = None,
    as_of: datetime | None = None,
    encode: Encode | None = None,
    folder: Path | None = None,
    lap: Lap = no_lap,
) -> list[Score]:
    """Score transcripts in order, pass by pass.

    `facts` are one port a transcript, `folder` is a site's policy folder (stages, taxonomy). Pure: no clock but for
    transcripts without a time.
    """
    dialogues = opened(list(transcripts), form, analyser, facts, encode, folder, lap)
    mode = str(getattr(analyser, "mode", "full")) if analyser is not None else "rules_only"
    verdicts = [verdicts_of(dialogue, moment_of(dialogue.transcript, as_of)) for dialogue in dialogues]
    lap("checks")
    pleased = [judge(dialogue.transcript, dialogue.texts, dialogue.sentiments) for dialogue in dialogues]
    lap("satisfaction")
    summaries = [summarise(dialogue) for dialogue in dialogues]
    lap("summary")
    scores = [_score(*parts, mode) for parts in zip(dialogues, verdicts, pleased, summaries, strict=True)]
    lap("points")
    return scores


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
    return score_many([transcript], form, analyser, [facts], as_of, encode, folder)[0]


def violations(scores: Sequence[Score]) -> Mapping[str, int]:
    """How many transcripts failed each item."""
    counts: dict[str, int] = {}
    for found in scores:
        for item in found.items:
            if item.result == "fail":
                counts[item.code] = counts.get(item.code, 0) + 1
    return counts
