"""Door of the gaps: what was asked and not answered, in themes, and the case that one is turned into."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import case_views, cases, wiring
from api.auth import requires
from api.casework import Casework, Work
from api.deps import IdempotencyKey, Json, Opened, once
from api.errors import not_found
from api.kb_policy import KnowledgePolicy, knowledge_policy
from api.service import Service
from api.store import Reader, Writer
from api.store import knowledge as stored
from api.store.cases import Case
from api.store.keys import Grant
from api.store.knowledge import Doubt, Span
from kb.dialogue import asks_nothing, question_of
from kb.filters import Filters
from kb.gaps import Asked, Rarity, Theme, covered, identity, rarity_of, themes
from kb.knowledge import Knowledge
from nlp.privacy import mask
from nlp.routing import Ticket
from nlp.text import key
from nlp.transcript import Turn

router = APIRouter(prefix="/v1/kb/gaps", tags=["kb"])

Keeper = Annotated[Grant, requires("supervisor", "editor")]
Days = Annotated[int, Query(ge=1, le=366)]
SHORTEST = 4
"""Letters from which a customer's message is a question worth counting."""
LINKED = ("proposal", "trigger")
SAID = 2_000


class GapCaseIn(BaseModel):
    """What a gap becomes: a proposal for the inbox, or a trigger that starts a change of the handbook."""

    kind: Literal["proposal", "trigger"] = "proposal"
    note: str | None = Field(None, max_length=2000)
    days: int = Field(90, ge=1, le=366)


def last(days: int) -> Span:
    """The last days up to this moment, as the store writes times."""
    now = datetime.now(UTC)
    return (now - timedelta(days=days)).isoformat(timespec="milliseconds"), written(
        now + timedelta(minutes=1)
    )


def written(at: datetime) -> str:
    """A time as the store writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def gathered(reader: Reader, tenant: str, span: Span, rules: KnowledgePolicy) -> list[tuple[Doubt, Asked]]:
    """Masked questions of a span with doubtful answers; the same one counts once in a conversation."""
    doubts = stored.doubts(reader, tenant, span, rules.doubtful)
    live = [(one.request["conversation_id"], one.request["turn_id"]) for one in doubts if _live(one)]
    texts = stored.told(reader, tenant, live)
    known = stored.customers(reader, tenant, {one.subject for one in doubts if one.subject})
    found: dict[tuple[str, str], tuple[Doubt, Asked]] = {}
    for number, doubt in enumerate(sorted(doubts, key=lambda one: (one.at, one.subject or ""))):
        text = mask(_question(doubt, texts))[:SAID]
        if asks_nothing(text) or len(key(text)) < SHORTEST:
            continue
        customer = (doubt.request.get("customer") or {}).get("id") or known.get(doubt.subject or "")
        asked = Asked(text, doubt.at, customer, doubt.subject)
        found.setdefault((doubt.subject or str(number), key(text)), (doubt, asked))
    return list(found.values())


def _live(doubt: Doubt) -> bool:
    return "turn_id" in doubt.request and "conversation_id" in doubt.request


def _question(doubt: Doubt, texts: dict[tuple[str, str], str]) -> str:
    if doubt.request.get("query"):
        return str(doubt.request["query"])
    if _live(doubt):
        return texts.get((doubt.request["conversation_id"], doubt.request["turn_id"]), "")
    question = question_of([Turn(turn["role"], turn["text"]) for turn in doubt.request.get("turns") or ()])
    return "" if question.greeting or question.farewell else question.text


def judged(
    found: Sequence[tuple[Doubt, Asked]], knowledge: Knowledge, rarity: Rarity, rules: KnowledgePolicy
) -> Iterator[Asked]:
    """The questions, each marked with whether it surely went without an answer."""
    for doubt, asked in found:
        entry = knowledge.entries.get(doubt.entry_id or "")
        missed = entry is None or (
            doubt.confidence < rules.low
            and covered(asked.text, "\n".join((entry.title, *entry.similar, entry.text)), rarity)
            < rules.covered
        )
        yield Asked(asked.text, asked.at, asked.customer, asked.conversation, missed)


async def gaps_of(opened: Service, tenant: str, span: Span) -> tuple[Theme, ...]:
    """The themes of a span, the most asked first."""
    rules = knowledge_policy(opened)
    found = await opened.store.aread(lambda reader: gathered(reader, tenant, span, rules))
    knowledge = opened.sites.knowledge(tenant)
    rarity = rarity_of(knowledge)

    def work() -> tuple[Theme, ...]:
        asked = list(judged(found, knowledge, rarity, rules))
        return themes(asked, opened.models.encode, rarity, rules.grouping)

    return await asyncio.to_thread(work)


def shown(opened: Service, knowledge: Knowledge, theme: Theme, linked: Sequence[Case]) -> Json:
    """A theme as clients see it, with who should own it, what comes nearest, and the cases made of it."""
    ticket = Ticket(text=theme.core)
    code = wiring.route_tickets(opened.models, opened.policy, [ticket], datetime.now(UTC))[0].category.code
    node = opened.policy.taxonomy.codes[code]
    told: Json = {
        "id": theme.id,
        "title": theme.title,
        "core": theme.core,
        "count": theme.count,
        "customers": theme.customers,
        "conversations": theme.conversations,
        "first_at": theme.first_at,
        "last_at": theme.last_at,
        "owner": node.owner,
        "category": {"code": node.code, "name": node.name},
        "terms": list(theme.terms),
        "questions": list(theme.questions),
        "cases": [{"id": one.id, "kind": one.kind, "state": one.state} for one in linked],
    }
    hits = wiring.search_body(opened.models, knowledge, theme.core, Filters(), 1, None)["hits"]
    if hits:
        told["nearest_entry"] = {name: hits[0][name] for name in ("entry_id", "title", "confidence")}
    return told


def linked_to(theme: Theme, made: Sequence[Case]) -> list[Case]:
    """Cases opened for a theme: by its id, or by any question that it and they hold."""
    return [
        one for one in made if one.data.get("gap") == theme.id or theme.keys & set(one.data.get("keys") or ())
    ]


@router.get("")
async def list_gaps(
    opened: Opened, grant: Keeper, days: Days = 30, limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> Json:
    """What was asked and not answered in the last days, the most asked theme first."""
    span = last(days)
    found = await gaps_of(opened, grant.tenant, span)
    made = await opened.store.aread(lambda reader: stored.opened(reader, grant.tenant, LINKED))
    knowledge = opened.sites.knowledge(grant.tenant)

    def work() -> list[Json]:
        return [shown(opened, knowledge, theme, linked_to(theme, made)) for theme in found[:limit]]

    return {
        "from": span[0],
        "to": span[1],
        "questions": sum(theme.count for theme in found),
        "total": len(found),
        "clusters": await asyncio.to_thread(work),
    }


@router.post("/{gap_id}/proposal", status_code=201)
async def propose_gap(
    gap_id: str,
    body: GapCaseIn,
    opened: Opened,
    work: Work,
    grant: Keeper,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Turn a theme into a proposal or a trigger; one that was turned already gives the same case."""
    found = await gaps_of(opened, grant.tenant, last(body.days))
    theme = next((one for one in found if one.id == gap_id or _holds(one, gap_id)), None)
    if theme is None:
        raise not_found("知识缺口", gap_id)
    told = await asyncio.to_thread(shown, opened, opened.sites.knowledge(grant.tenant), theme, ())

    def unit(writer: Writer) -> tuple[int, Json]:
        made = stored.opened(Reader(writer), grant.tenant, [body.kind])
        known = linked_to(theme, made)
        if known:
            return 200, case_views.shown(work, known[0], grant)
        case = _open(work, writer, grant, body, theme, told)
        return 201, case_views.shown(work, case, grant)

    return await once(opened, grant, idempotency_key, ["gap", gap_id, body.model_dump()], unit)


def _holds(theme: Theme, gap_id: str) -> bool:
    return any(identity(one) == gap_id for one in theme.keys)


def _open(work: Casework, writer: Writer, grant: Grant, body: GapCaseIn, theme: Theme, told: Json) -> Case:
    names = ("count", "customers", "first_at", "last_at", "questions", "terms", "category")
    data: Json = {
        "source": "gap",
        "gap": theme.id,
        "keys": sorted(theme.keys),
        "text": f"知识库缺少：{theme.title}。客户问过 {theme.count} 次，例如：{theme.core}",
        "type": "missing",
        "suggested_owner": told["owner"],
        **{name: told[name] for name in names},
    }
    if body.kind == "trigger":  # what a trigger looks for in the handbook
        data |= {"tags": [], "entities": list(theme.terms), "entry_ids": []}
    return cases.open_case(
        work,
        writer,
        grant,
        body.kind,
        title=f"知识缺口：{theme.title}"[:200],
        data=data,
        note=None if body.note is None else mask(body.note),
    )
