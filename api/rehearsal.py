"""Doors that try a form before it is put: on one dialogue, rule by rule, and on what was kept of the last days."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.backtest import backtested
from api.bodies import Moment
from api.deps import Json, Opened, Quality
from api.errors import Problem, invalid, not_found
from api.forms import FormCode, checked, form_of, site_folder
from api.judging import known
from api.quality import TranscriptIn, transcript_of
from api.service import Service
from api.store import Reader, results, transcripts
from api.toml import to_toml
from nlp.quality.examples import dialogue_of
from nlp.quality.explain import explained
from nlp.quality.form import Form
from nlp.quality.kept import restore
from nlp.quality.points import points_of
from nlp.quality.result import judged_json
from nlp.quality.scorer import moment_of
from nlp.quality.scorer import opened as made_ready
from nlp.transcript import Transcript

router = APIRouter(prefix="/v1/quality/forms", tags=["quality"])

BACK_DAYS = 30
"""How far back a backtest goes when it is not told."""
MOST = 1000
MOST_SENTENCES = 50
Sentence = Annotated[str, Field(min_length=1, max_length=4000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class FormIn(BaseModel):
    """A form as TOML text or as an object of the same shape."""

    model_config = ConfigDict(extra="forbid")

    toml: str | None = None
    form: dict[str, Any] | None = None

    def text(self) -> str | None:
        """The TOML. None: neither was given."""
        return self.toml if self.form is None else to_toml(self.form)


class TryIn(FormIn):
    """What to try it on: one dialogue, the one behind a result, or sentences as examples are written."""

    transcript: TranscriptIn | None = None
    result_id: str | None = Field(None, max_length=200)
    sentences: list[Sentence] = Field(default_factory=list, max_length=MOST_SENTENCES)
    as_of: Moment | None = None


class BacktestIn(FormIn):
    """Which kept dialogues to score again: those of a span of time, or these."""

    since: Moment | None = None
    until: Moment | None = None
    limit: int = Field(200, ge=1, le=MOST)
    transcripts: list[Name] | None = Field(None, max_length=MOST)


def _draft(opened: Service, tenant: str, code: str, body: FormIn) -> Form:
    """The form of a body; the one in force where it holds none. Raises 422."""
    text = body.text()
    return form_of(opened.settings, tenant, code, None)[0] if text is None else checked(code, text)


@router.post("/{code}/try")
async def try_form(code: FormCode, body: TryIn, opened: Opened, grant: Quality) -> Json:
    """Score without keeping anything: each item's verdict, and what every node of its rules found and where."""
    form = _draft(opened, grant.tenant, code, body)
    talks = await _talks(opened, grant.tenant, body)
    if not talks:
        raise invalid("transcript", "没有可试的会话", "transcript、result_id 或 sentences 至少一种")
    return {
        "form": {"code": form.code, "version": form.version},
        "tried": [
            await asyncio.to_thread(_tried, opened, grant.tenant, talk, form, body.as_of) for talk in talks
        ],
    }


async def _talks(opened: Service, tenant: str, body: TryIn) -> list[Transcript]:
    settings = opened.settings
    talks = [dialogue_of(sentence) for sentence in body.sentences]
    if body.transcript is not None:
        talks.append(transcript_of(body.transcript, settings.transcript_turns_limit, settings.text_limit))
    if body.result_id is not None:
        identity = body.result_id
        kept = await opened.store.aread(lambda reader: transcripts.of_result(reader, tenant, identity))
        if kept is None:
            raise not_found("会话记录", identity)
        talks.append(restore(kept))
    return talks


def _tried(opened: Service, tenant: str, talk: Transcript, form: Form, asked: datetime | None) -> Json:
    as_of = moment_of(talk, asked)
    _, facts = known(opened, tenant, talk, as_of)
    models, folder = opened.models, site_folder(opened.settings)
    (dialogue,) = made_ready([talk], form, models.analyser, [facts], models.encode, folder)
    verdicts, nodes = explained(dialogue, as_of)
    points = points_of(form, verdicts)
    told = judged_json(points.dimensions, points.items)
    for item in told["items"]:
        item["rules"] = nodes[item["code"]]
    return {
        "transcript_id": talk.id,
        "turns": [
            {"role": turn.role, "text": dialogue.shown(at, 0, len(turn.text))}
            for at, turn in enumerate(talk.turns)
        ],
        "score": round(points.score, 2),
        "grade": points.grade,
        "veto": points.veto,
        **told,
    }


@router.post("/{code}/backtest")
async def backtest_form(code: FormCode, body: BacktestIn, opened: Opened, grant: Quality) -> Json:
    """Score kept dialogues by a draft and by the form in force for each: who would have got what, from → to."""
    form = _draft(opened, grant.tenant, code, body)
    until = (body.until or datetime.now(UTC)).astimezone(UTC)
    since = (body.since or until - timedelta(days=BACK_DAYS)).astimezone(UTC)
    if since >= until:
        raise invalid("since", "不早于 until", "早于 until 的时间")
    span = (since.isoformat(timespec="milliseconds"), until.isoformat(timespec="milliseconds"))

    def unit(reader: Reader) -> list[Json]:
        if body.transcripts is None:
            return transcripts.between(reader, grant.tenant, *span, body.limit)
        return transcripts.between(reader, grant.tenant, "", "9", MOST, body.transcripts)

    kept = await opened.store.aread(unit)
    if not kept:
        raise Problem("not_found", "这段时间没有留存的会话记录：先评分，再回测")
    told = await asyncio.to_thread(backtested, opened, grant.tenant, code, form, kept)
    changed = [one["transcript_id"] for one in told["results"]]
    known = await opened.store.aread(lambda reader: results.newest(reader, grant.tenant, code, changed))
    for one in told["results"]:
        one["result_id"] = known.get(one["transcript_id"])
    return {"since": span[0], "until": span[1], **told}
