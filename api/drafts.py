"""Door of the draft check: what is wrong with a message before it is sent."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api import wiring
from api.amounts import Amount, amounts
from api.deps import AgentKey, Json, Opened, within
from api.errors import not_found
from api.facts import about, numbered
from api.forms import form_of, site_folder
from api.service import Service
from api.settings import MOST_TEXT
from api.store import Reader, conversations
from api.telemetry import DECISIONS
from api.trials import person_of
from kb.entries import Entry
from kb.knowledge import Knowledge
from nlp.privacy import MASKS, find, mask
from nlp.quality.scorer import score
from nlp.text import overlap
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
ALIKE = 0.3
"""Overlap of bigrams from which two clauses speak of the same thing."""
_CLAUSE_END = re.compile(r"[，,。；;！!？?]")
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
    issues = await asyncio.to_thread(_issues, opened, grant.tenant, knowledge, before, body.text)
    mode = wiring.search_mode(opened.models, knowledge)
    DECISIONS.labels("draft", mode).inc()
    identity = wiring.new_id("dc")
    head = wiring.decision(identity, mode, knowledge.release, opened.models, opened.policy.version, began)
    return {**head, "issues": issues}


async def _before(opened: Service, tenant: str, conversation_id: str) -> list[Turn]:
    def unit(reader: Reader) -> list[Json] | None:
        if conversations.get(reader, tenant, conversation_id) is None:
            return None
        return conversations.last_said(reader, tenant, conversation_id, LOOKED_BACK)

    said = await opened.store.aread(unit)
    if said is None:
        raise not_found("会话", conversation_id)
    return [Turn(turn["role"], mask(turn["text"])) for turn in said]


def _issues(
    opened: Service, tenant: str, knowledge: Knowledge, before: Sequence[Turn], text: str
) -> list[Json]:
    found = [
        *_wording(opened, tenant, before, text),
        *_personal(text),
        *_facts(opened, knowledge, before, text),
    ]
    kept: dict[tuple[str, int, int], Json] = {}
    for issue in found:
        kept.setdefault((issue["code"], issue["start"], issue["end"]), issue)
    return sorted(kept.values(), key=lambda issue: (ORDER[issue["severity"]], issue["start"]))


def _wording(opened: Service, tenant: str, before: Sequence[Turn], text: str) -> Iterator[Json]:
    """What the quality form would hold against it: the draft is judged as the agent's next turn."""
    form, _ = form_of(opened.settings, tenant, FORM, None)
    transcript = Transcript("draft", (*before, Turn("agent", text)))
    judged = score(transcript, form, None, folder=site_folder(opened.settings))
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


def _facts(opened: Service, knowledge: Knowledge, before: Sequence[Turn], text: str) -> Iterator[Json]:
    """Amounts and times other than those of the entry that the sentence is about."""
    told = [amount for turn in before if turn.role == "customer" for amount in amounts(turn.text)]
    now = datetime.now(UTC)
    for start, end in numbered(text):
        sentence = text[start:end]
        stated = [amount for amount in amounts(sentence) if not any(amount.within(one) for one in told)]
        if not stated:
            continue
        found = about(knowledge, mask(sentence), opened.models.encode, now)
        if found is None:
            continue
        for amount in stated:
            expected = _expected(found[0], sentence, amount)
            if expected is not None:
                yield {
                    "code": "wrong_fact_risk",
                    "severity": "high",
                    "text": sentence[amount.start : amount.end],
                    "start": start + amount.start,
                    "end": start + amount.end,
                    "entry_id": found[0].id,
                    "expected": expected,
                    "message": f"与知识库《{found[0].title}》不一致，应为 {expected}",
                }


def _expected(entry: Entry, sentence: str, amount: Amount) -> str | None:
    """What the entry says in place of the amount; None where it agrees or says nothing of the kind."""
    mine = _clause(sentence, amount)
    rivals: list[tuple[float, Amount, str]] = []
    for start, end in numbered(entry.text):
        said = entry.text[start:end]
        for one in amounts(said):
            if one.kind == amount.kind:
                rivals.append((overlap(mine, _clause(said, one)), one, said[one.start : one.end]))
    if not rivals:
        return None
    alike, nearest, told = max(rivals, key=lambda rival: rival[0])
    # An amount of another clause of the entry agrees only where no clause is plainly the one meant.
    agreeing = [nearest] if alike >= ALIKE else [one for _, one, _ in rivals]
    return None if any(amount.within(one) for one in agreeing) else told


def _clause(sentence: str, amount: Amount) -> str:
    """The words around an amount, without it."""
    before = _CLAUSE_END.split(sentence[: amount.start])[-1]
    return before + _CLAUSE_END.split(sentence[amount.end :])[0]
