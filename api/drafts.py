"""Door of the draft check: what is wrong with a message before it is sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api import wiring
from api.deps import AgentKey, Json, Opened, within
from api.errors import not_found
from api.forms import form_of, site_folder
from api.service import Service
from api.settings import MOST_TEXT, Settings
from api.store import Reader, conversations
from api.telemetry import DECISIONS
from api.trials import person_of
from kb.knowledge import Knowledge
from kb.lint.base import Base
from kb.lint.draft import differences
from nlp.privacy import MASKS, find, mask
from nlp.quality.scorer import score
from nlp.text import key, overlap, sentences
from nlp.transcript import Transcript, Turn

router = APIRouter(prefix="/v1/drafts", tags=["suggest"])

LOOKED_BACK = 12
FORM = "standard"
CHECKED = {
    "forbidden_word": "medium",
    "rude": "high",
    "blame_customer": "medium",
    "promise_without_time": "medium",
    "wrong_fact_risk": "medium",
    "template_repeat": "low",
    "fatal": "high",
}
"""Items of the form that one message can fail, and how grave that is. Personal data and facts come beside."""
SAME, SHORT = 0.75, 8
"""Overlap of bigrams from which two sentences are one; letters below which a sentence may be said again."""
MEANT = {"promise_without_time": ("wrong_fact_risk",), "rude": ("forbidden_word",)}
"""Items that say no more where another was found at the same place."""
ORDER = {"high": 0, "medium": 1, "low": 2}


class DraftIn(BaseModel):
    """A message not yet sent."""

    conversation_id: str | None = Field(None, min_length=1, max_length=128)
    text: str = Field(min_length=1, max_length=MOST_TEXT, examples=["亲，这个没办法，你自己看规则"])


@router.post("/check")
async def check_draft(body: DraftIn, opened: Opened, grant: AgentKey) -> Json:
    """Forbidden words, empty promises, personal data, repetition, and facts other than the knowledge base's."""
    began = time.perf_counter()
    within(opened, "text", body.text)
    before: list[Turn] = []
    if body.conversation_id is not None:
        before = await _before(opened, grant.tenant, body.conversation_id)
    knowledge = await asyncio.to_thread(opened.sites.at, grant.tenant, None, person_of(grant))
    found = await asyncio.to_thread(_found, opened, grant.tenant, knowledge, before, body.text)
    mode = wiring.search_mode(opened.models, knowledge)
    DECISIONS.labels("draft", mode).inc()
    identity = wiring.new_id("dc")
    head = wiring.decision(identity, mode, knowledge.release, opened.models, opened.policy.version, began)
    return {**head, "issues": found}


async def _before(opened: Service, tenant: str, conversation_id: str) -> list[Turn]:
    def unit(reader: Reader) -> list[Json] | None:
        if conversations.get(reader, tenant, conversation_id) is None:
            return None
        return conversations.last_said(reader, tenant, conversation_id, LOOKED_BACK)

    said = await opened.store.aread(unit)
    if said is None:
        raise not_found("会话", conversation_id)
    return [Turn(turn["role"], mask(turn["text"])) for turn in said]


def _found(
    opened: Service, tenant: str, knowledge: Knowledge, before: Sequence[Turn], text: str
) -> list[Json]:
    base = opened.lint.base(tenant, knowledge)
    return issues(opened.settings, tenant, base, before, text, datetime.now(UTC))


def issues(
    settings: Settings, tenant: str, base: Base, before: Sequence[Turn], text: str, now: datetime
) -> list[Json]:
    """What is wrong with `text` as the next turn after `before`, gravest first; one finding for one place."""
    found = [
        *_facts(base, before, text, now),
        *_personal(text),
        *_repeated(before, text),
        *sorted(_wording(settings, tenant, before, text), key=lambda issue: issue["code"] in MEANT),
    ]
    kept: list[Json] = []
    for issue in found:
        same = next((one for one in kept if one["code"] == "privacy_leak" and _meet(one, issue)), None)
        if issue["code"] == "fatal" and same is not None:
            same["severity"] = "high"  # the form's veto and the mask speak of one thing
            continue
        if not any(one["code"] == issue["code"] and _meet(one, issue) for one in kept):
            kept.append(issue)
    return sorted(kept, key=lambda issue: (ORDER[issue["severity"]], issue["start"]))


def _meet(one: Json, other: Json) -> bool:
    return bool(one["start"] < other["end"] and other["start"] < one["end"])


def _wording(settings: Settings, tenant: str, before: Sequence[Turn], text: str) -> Iterator[Json]:
    """What the quality form would hold against it: the draft is judged as the agent's next turn."""
    form, _ = form_of(settings, tenant, FORM, None)
    transcript = Transcript("draft", (*before, Turn("agent", text)))
    judged = score(transcript, form, None, folder=site_folder(settings))
    for item in judged.items:
        if item.result != "fail" or item.code not in CHECKED:
            continue
        for span in item.evidence:
            if span.turn == len(before) and not span.absent and span.end > span.start:
                yield {
                    "code": item.code,
                    "severity": CHECKED[item.code],
                    "text": span.text,
                    "start": span.start,
                    "end": span.end,
                    "message": item.name,
                }


def _personal(text: str) -> Iterator[Json]:
    for one in find(text):
        yield {
            "code": "privacy_leak",
            "severity": "medium",
            "text": MASKS[one.type],
            "start": one.start,
            "end": one.end,
            "type": one.type,
            "message": f"含个人信息{MASKS[one.type]}，请确认可以发送",
        }


def _facts(base: Base, before: Sequence[Turn], text: str, now: datetime) -> Iterator[Json]:
    """Amounts, times, payers, permissions other than the handbook's, and promises beyond it."""
    told = [turn.text for turn in before if turn.role == "customer"]
    for one in differences(base, text, told, now):
        issue: Json = {
            "code": "wrong_fact_risk",
            "severity": "high",
            "text": one.text,
            "start": one.start,
            "end": one.end,
            "kind": one.kind,
        }
        if one.entry is None or one.expected is None:
            yield {**issue, "severity": "medium", "message": "没有留余地的说法：请按知识库说明条件与时限"}
        else:
            said = f"知识库: {one.expected}, 你写的: {one.text.strip()}（《{one.entry.title}》）"
            yield {**issue, "entry_id": one.entry.known_as, "expected": one.expected, "message": said}


def _repeated(before: Sequence[Turn], text: str) -> Iterator[Json]:
    """Sentences that would be said for the third time, near enough word for word."""
    earlier = [
        [turn.text[start:end] for start, end in sentences(turn.text)]
        for turn in before
        if turn.role == "agent"
    ]
    for start, end in sentences(text):
        said = text[start:end]
        if len(key(said)) < SHORT:
            continue
        times = sum(any(overlap(said, one) >= SAME for one in turn) for turn in earlier)
        if times >= 2:
            yield {
                "code": "template_repeat",
                "severity": "low",
                "text": said,
                "start": start,
                "end": end,
                "message": f"这句话本次会话里已经说过 {times} 遍，换个说法",
            }
