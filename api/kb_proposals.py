"""Door of proposals: what agents would change in the handbook, the inbox, and the digest of a week by theme.

Accepting, rejecting, merging and withdrawing are moves of the case: `/v1/cases/{id}/moves`.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import case_views, cases, handbook
from api.auth import requires
from api.casework import Casework, Work, find, written
from api.deps import IdempotencyKey, Json, Opened, once
from api.errors import Problem, invalid
from api.kb_policy import KnowledgePolicy, knowledge_policy
from api.service import Service
from api.store import Reader, Writer, conversations, entries
from api.store import cases as kept
from api.store import knowledge as stored
from api.store.cases import Case
from api.store.keys import Grant
from kb.gaps import groups, rarity_of, terms_of
from kb.knowledge import Knowledge
from nlp.privacy import mask

router = APIRouter(prefix="/v1/kb/proposals", tags=["kb"])

KIND = "proposal"
About = Literal["wrong", "missing", "wording", "outdated", "other"]
NAMES = {
    "wrong": "内容有误",
    "missing": "缺少内容",
    "wording": "说法不好用",
    "outdated": "已经过时",
    "other": "其他",
}
Person = Annotated[Grant, requires("agent", "supervisor", "editor")]
Keeper = Annotated[Grant, requires("supervisor", "editor")]
Named = Annotated[str | None, Query(max_length=256)]
TITLE = 40
_WEEK = re.compile(r"(\d{4})-W(\d{2})")


class ProposalIn(BaseModel):
    """What should be better, with the entry and the conversation it came up in."""

    text: str = Field(min_length=1, max_length=4000, examples=["退款时效没写信用卡要几天"])
    entry_id: str | None = Field(None, min_length=1, max_length=200)
    conversation_id: str | None = Field(None, min_length=1, max_length=128)
    kind: About = "other"


@router.post("", status_code=201)
async def propose(
    body: ProposalIn, opened: Opened, work: Work, grant: Person, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Hand in a proposal; personal data is masked. Its author sees what becomes of it, and why."""
    text = mask(body.text.strip())
    if not text:
        raise invalid("text", "内容为空", "非空文本")

    def unit(writer: Writer) -> tuple[int, Json]:
        entry = _tied(Reader(writer), grant.tenant, body)
        data: Json = {"text": text, "type": body.kind}
        if entry is not None:
            data |= {"entry_id": body.entry_id, "entry_title": entry["title"]}
        if body.conversation_id is not None:
            data["conversation_id"] = body.conversation_id
        title = text.splitlines()[0][:TITLE]
        case = cases.open_case(work, writer, grant, KIND, title=title, subject=body.entry_id, data=data)
        return 201, shown(work, Reader(writer), case, grant)

    return await once(opened, grant, idempotency_key, ["proposal", body.model_dump()], unit)


def _tied(reader: Reader, tenant: str, body: ProposalIn) -> Json | None:
    """The entry that is spoken of. Raises 422 for an entry or a conversation that is not there."""
    known = body.conversation_id is None or conversations.get(reader, tenant, body.conversation_id)
    if not known:
        raise invalid("conversation_id", "没有这个会话", "已有会话的编号")
    if body.entry_id is None:
        return None
    entry = entries.get(reader, tenant, body.entry_id) or entries.draft(reader, tenant).get(body.entry_id)
    if entry is None:
        raise invalid("entry_id", "没有这个条目", "已有条目的编号")
    return entry


def shown(work: Casework, reader: Reader, case: Case, grant: Grant) -> Json:
    """A proposal with what its author asks: where it stands, why, and what it was merged into or led to."""
    data = case.data
    told = case_views.shown(work, case, grant)
    told |= {"text": data.get("text", ""), "type": data.get("type", "other")}
    told["type_name"] = NAMES.get(told["type"], told["type"])
    told["reason"] = data.get("reason")
    told["change"] = data.get("change")
    into = _last(reader, grant.tenant, data.get("into"))
    told["merged_into"] = None
    if into is not None:
        state = work.kinds[into.kind].states[into.state]
        reason = into.data.get("reason")
        told["merged_into"] = {"id": into.id, "state": into.state, "state_name": state.name, "reason": reason}
    return told


def _last(reader: Reader, tenant: str, into: str | None) -> Case | None:
    """Where a merged proposal went on: the end of a chain of merges."""
    found: Case | None = None
    while into is not None:  # a merge into a merged one is refused: the chain ends
        found = kept.get(reader, tenant, into)
        into = None if found is None else found.data.get("into")
    return found


@router.get("")
async def list_proposals(
    opened: Opened,
    work: Work,
    grant: Person,
    state: Named = None,
    entry_id: Named = None,
    after: Named = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Proposals, newest first: an agent's own, a supervisor's and an editor's inbox all."""

    def unit(reader: Reader) -> list[Json]:
        found = case_views.listed(
            work, reader, grant, kind=KIND, state=state, subject=entry_id, after=after, limit=limit
        )
        return [shown(work, reader, case, grant) for case in found]

    page = await opened.store.aread(unit)
    return {"proposals": page, "next": page[-1]["id"] if len(page) == limit else None}


@router.get("/digest")
async def read_digest(
    opened: Opened,
    work: Work,
    grant: Keeper,
    week: Annotated[str | None, Query(max_length=8, examples=["2026-W47"])] = None,
) -> Json:
    """The proposals of an ISO week by theme; every proposal stands in exactly one of them."""
    zone = ZoneInfo(opened.settings.timezone)
    begin, end = week_of(week, work.clock().astimezone(zone).date(), zone)
    span = (written(begin), written(end))
    found = await opened.store.aread(lambda reader: stored.opened(reader, grant.tenant, [KIND], span))
    clusters = await asyncio.to_thread(digest, opened, opened.sites.knowledge(grant.tenant), work, found)
    year, number, _ = begin.isocalendar()
    return {
        "week": f"{year}-W{number:02d}",
        "from": begin.isoformat(),
        "to": end.isoformat(),
        "proposals": len(found),
        "by_state": _counted(case.state for case in found),
        "by_type": _counted(case.data.get("type", "other") for case in found),
        "clusters": clusters,
    }


def week_of(given: str | None, today: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Monday's midnight of a week such as 2026-W47 (of `today` for None) and of the next. Raises 422."""
    monday = today - timedelta(days=today.weekday())
    if given is not None:
        match = _WEEK.fullmatch(given)
        try:
            monday = date.fromisocalendar(int(match[1]), int(match[2]), 1) if match else date.min
        except ValueError:
            monday = date.min
        if not 2000 <= monday.year <= 9000:
            raise invalid("week", "不是 ISO 周", "YYYY-Www，如 2026-W47")
    return datetime.combine(monday, time(), zone), datetime.combine(monday + timedelta(days=7), time(), zone)


def _counted(values: Iterable[str]) -> dict[str, int]:
    counts = Counter(values)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def digest(opened: Service, knowledge: Knowledge, work: Casework, found: Sequence[Case]) -> list[Json]:
    """Proposals grouped by what they say, the largest group first."""
    rules: KnowledgePolicy = knowledge_policy(opened)
    rarity = rarity_of(knowledge)
    ordered = sorted(found, key=lambda case: (_said(case), case.id))
    texts = [_said(case) for case in ordered]
    parted: dict[int, list[Case]] = {}
    numbers = groups(texts, opened.models.encode, rarity, rules.grouping)
    for case, number in zip(ordered, numbers, strict=True):
        parted.setdefault(number, []).append(case)
    told = []
    for members in parted.values():
        members.sort(key=lambda case: (case.created_at, case.id))
        terms = terms_of([_said(case) for case in members], rarity)
        told.append(
            {
                "title": "、".join(terms[:2]) if len(members) > 1 and terms else members[0].title,
                "count": len(members),
                "authors": len({case.created_by for case in members}),
                "entries": sorted({case.subject for case in members if case.subject}),
                "by_state": _counted(case.state for case in members),
                "proposals": [{"id": case.id, "title": case.title, "state": case.state} for case in members],
            }
        )
    return sorted(told, key=lambda one: (-one["count"], one["proposals"][0]["id"]))


def _said(case: Case) -> str:
    return f"{case.data.get('entry_title') or ''} {case.data.get('text') or case.title}".strip()


@router.get("/{proposal_id}")
async def read_proposal(proposal_id: str, opened: Opened, work: Work, grant: Person) -> Json:
    """One proposal with everything that happened to it."""

    def unit(reader: Reader) -> Json:
        case = find(work, reader, grant, proposal_id, KIND)
        return {
            **shown(work, reader, case, grant),
            "history": case_views.history(reader, grant, case),
        }

    return await opened.store.aread(unit)


def _opened(work: Casework, writer: Writer, grant: Grant, case: Case) -> str:
    """A change of the handbook that begins with a proposal; its id."""
    data: Json = {
        "major": False,
        "tags": [],
        "proposal": case.id,
        "reason": case.data.get("text") or case.title,
    }
    data |= {"entries": [], "topics": handbook.topics(data, ())}
    return cases.open_case(work, writer, grant, "change", title=case.title, subject=case.id, data=data).id


def register(work: Casework) -> None:
    """Hook in what happens with the moves of a proposal."""

    def linked(writer: Writer, case: Case, grant: Grant) -> None:
        change = case.data.get("change")
        if change is None and case.data.get("open_change"):
            cases.attach(work, writer, grant, case, {"change": _opened(work, writer, grant, case)})
            return
        if change is None:
            return
        known = kept.get(Reader(writer), grant.tenant, change)
        if known is None or known.kind != "change":
            raise invalid("fields.change", "没有这次手册修订", "已有修订的编号")

    def merged(writer: Writer, case: Case, grant: Grant) -> None:
        into = kept.get(Reader(writer), grant.tenant, case.data["into"])
        if into is None or into.kind != KIND or into.id == case.id:
            raise invalid("fields.into", "没有可并入的建议", "另一条建议的编号")
        if into.state == "merged":
            raise Problem("conflict", f"{into.id} 已并入 {into.data['into']}：请并入那一条")
        held = [*into.data.get("merged", []), case.id]
        cases.attach(work, writer, grant, into, {"merged": held})

    for event in ("accept", "finish"):
        work.on_move(KIND, event, linked)
    work.on_move(KIND, "merge", merged)
