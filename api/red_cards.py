"""Red cards: opened by the rules when results are kept, revoked when a ruling takes their ground away."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from api import case_views, cases
from api.auth import requires
from api.casework import Casework, Work, clock_of, find, written
from api.deps import Json, Opened
from api.errors import Problem
from api.forms import site_folder
from api.service import Service
from api.settled import unsettled
from api.store import Reader, Writer, observations, results
from api.store import cases as kept
from api.store.cases import Case
from api.store.keys import Grant
from nlp.quality.red_cards import Card, CardPolicy, CardRule, Fact, cards, read_cards

router = APIRouter(prefix="/v1/quality/red-cards", tags=["quality"])

KIND, OPEN = "red_card", ("issued", "escalated", "planned")
MOST = 500
WAITING = 50
"""Vetoed conversations that are looked through for what waits."""
Person = Annotated[Grant, requires("agent", "supervisor", "quality")]
Named = Annotated[str | None, Query(max_length=256)]
_read = lru_cache(maxsize=64)(read_cards)


def policy_of(opened: Service) -> CardPolicy:
    """The policy of an opened site, read once."""
    return _read(site_folder(opened.settings))


def concerned(opened: Service, fresh: Iterable[Mapping[str, Any]]) -> dict[str, tuple[datetime, datetime]]:
    """Agents with a new result that a rule may look at, and the span of time their results are of."""
    rules = policy_of(opened).rules
    found: dict[str, tuple[datetime, datetime]] = {}
    for result in fresh:
        seen = result.get("observed")
        if not seen or not seen.get("agent") or not any(_matters(rule, result) for rule in rules):
            continue
        at = datetime.fromisoformat(seen["at"]) if seen.get("at") else datetime.now(UTC)
        first, last = found.get(seen["agent"], (at, at))
        found[seen["agent"]] = (min(first, at), max(last, at))
    return found


def _matters(rule: CardRule, result: Mapping[str, Any]) -> bool:
    if rule.kind == "below":
        return bool(result["score"] < rule.score)
    failed = {item["code"] for item in result["items"] if item["result"] == "fail"}
    return (rule.veto and bool(result["veto"])) or bool(failed & set(rule.items))


def _facts(
    opened: Service, reader: Reader, tenant: str, agent: str, span: tuple[datetime, datetime]
) -> dict[str, tuple[Fact, str]]:
    """An agent's conversations as their results stand, by id, with the result that counts: scored again they stay one."""
    zone, far = ZoneInfo(opened.settings.timezone), timedelta(days=policy_of(opened).looks_back)
    rows = observations.between(
        reader, tenant, "conversation", span[0] - far, span[1] + far, {"agent": agent}
    )
    return {
        str(one.subject): (
            Fact(
                str(one.subject),
                one.at.astimezone(zone).date(),
                float(one.values.get("score") or 0.0),
                bool(one.values.get("veto")),
                tuple(one.values.get("failed") or ()),
            ),
            str(one.values["result"]),
        )
        for one in rows
        if one.values.get("result")
    }


def issue(
    work: Casework,
    opened: Service,
    writer: Writer,
    tenant: str,
    agent: str,
    span: tuple[datetime, datetime],
) -> list[Case]:
    """Open the cards an agent's results make and that are not there yet; none while a customer still waits."""
    reader = Reader(writer)
    facts = _facts(opened, reader, tenant, agent, span)
    known = _of_agent(reader, tenant, agent)
    made = []
    for card in cards((fact for fact, _ in facts.values()), policy_of(opened)):
        if any(_same(case, card) for case in known):
            continue
        if any(unsettled(reader, tenant, one) for one in card.evidence):
            continue
        made.append(_open(work, writer, tenant, agent, card, [facts[one][1] for one in card.evidence]))
    return made


def _of_agent(reader: Reader, tenant: str, agent: str) -> list[Case]:
    return kept.listed(reader, tenant, kept.Wanted(kind=KIND, owner=agent), None, None, MOST)


def _same(case: Case, card: Card) -> bool:
    """Whether a case is of a card's ground: the rule and any of its conversations."""
    return case.data.get("rule") == card.rule.code and bool(
        set(case.data.get("conversations", ())) & set(card.evidence)
    )


def _open(work: Casework, writer: Writer, tenant: str, agent: str, card: Card, evidence: list[str]) -> Case:
    rule = card.rule
    data: Json = {
        "reason": card.reason,
        "rule": rule.code,
        "evidence": evidence,
        "conversations": list(card.evidence),
        "since": card.since.isoformat(),
        "until": card.until.isoformat(),
        "conditions": f"提交改进计划，此后 {rule.clear_days} 天没有新的红牌事由",
        "clear_days": rule.clear_days,
    }
    name = hashlib.sha256(f"{agent}|{rule.code}|{card.key}".encode()).hexdigest()[:24]
    return cases.open_case(
        work, writer, clock_of(tenant), KIND, title=f"红牌警告：{rule.name}", subject=evidence[0],
        owner=agent, data=data, due_at=work.clock() + timedelta(days=rule.plan_days), identity=f"rc-{name}",
    )  # fmt: skip


def revoke(work: Casework, opened: Service, writer: Writer, tenant: str, agent: str | None) -> list[Case]:
    """Take back the open cards of an agent whose ground is gone after a ruling."""
    if agent is None:
        return []
    reader = Reader(writer)
    gone = []
    for case in _of_agent(reader, tenant, agent):
        if case.state not in OPEN or "rule" not in case.data:
            continue
        zone = ZoneInfo(opened.settings.timezone)
        first, last = (
            datetime.fromisoformat(case.data[name]).replace(tzinfo=zone) for name in ("since", "until")
        )
        span = (first, last + timedelta(days=1))
        facts = [fact for fact, _ in _facts(opened, reader, tenant, agent, span).values()]
        if any(_same(case, card) for card in cards(facts, policy_of(opened))):
            continue
        fields = {"decision": "改判后红牌事由不再成立"}
        gone.append(cases.move(work, writer, clock_of(tenant), case.id, "revoke", fields=fields))
    return gone


def register(work: Casework, opened: Service) -> None:
    """A card clears only when its conditions are met."""

    def cleared(writer: Writer, case: Case, grant: Grant) -> None:
        why = _not_yet(work, Reader(writer), grant.tenant, case)
        if why is not None:
            raise Problem("conflict", why)

    work.on_move(KIND, "clear", cleared)


def _not_yet(work: Casework, reader: Reader, tenant: str, case: Case) -> str | None:
    """What of a card's conditions is not met yet."""
    plans = [one["at"] for one in kept.events_of(reader, tenant, case.id) if one["move"] == "plan"]
    if not plans:
        return "还没有提交改进计划"
    days = case.data.get("clear_days", 0)
    end = datetime.fromisoformat(plans[-1]) + timedelta(days=days)
    if work.clock() < end:
        return f"计划提交后要满 {days} 天（{end.isoformat(timespec='minutes')}）"
    newer = [
        one
        for one in _of_agent(reader, tenant, str(case.owner))
        if one.id != case.id and one.created_at > plans[-1] and one.state != "revoked"
    ]
    return f"其间有新的红牌：{newer[0].id}" if newer else None


@router.get("")
async def list_cards(
    opened: Opened,
    work: Work,
    grant: Person,
    state: Named = None,
    agent: Named = None,
    after: Named = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Red cards, newest first: an agent's own, a supervisor's all; each with what stands between it and its end.

    `waiting`, to those who supervise: vetoed conversations of the last days that make no card yet, because the
    customer still waits.
    """

    def unit(reader: Reader) -> tuple[list[Json], list[Json]]:
        found = case_views.listed(
            work, reader, grant, kind=KIND, state=state, owner=agent, after=after, limit=limit
        )
        waiting = (
            [] if grant.scope == "agent" or after else _waiting(work, opened, reader, grant.tenant, agent)
        )
        return [_shown(work, reader, grant, case) for case in found], waiting

    page, waiting = await opened.store.aread(unit)
    return {"red_cards": page, "waiting": waiting, "next": page[-1]["id"] if len(page) == limit else None}


def _waiting(work: Casework, opened: Service, reader: Reader, tenant: str, agent: str | None) -> list[Json]:
    """Vetoed conversations for which nobody is blamed yet, each with why."""
    since = written(work.clock() - timedelta(days=policy_of(opened).looks_back))
    found = results.vetoed(reader, tenant, since, WAITING)
    return [
        {"transcript_id": name, "agent": owner, "why": why}
        for name, owner in found.items()
        if agent in (None, owner) and (why := unsettled(reader, tenant, name)) is not None
    ]


@router.get("/{card_id}")
async def read_card(card_id: str, opened: Opened, work: Work, grant: Person) -> Json:
    """One card with everything that happened to it."""

    def unit(reader: Reader) -> Json:
        case = find(work, reader, grant, card_id, KIND)
        return {
            **_shown(work, reader, grant, case),
            "history": case_views.history(reader, grant, case),
        }

    return await opened.store.aread(unit)


def _shown(work: Casework, reader: Reader, grant: Grant, case: Case) -> Json:
    told = case_views.shown(work, case, grant)
    told["plan_overdue"] = case.state in ("issued", "escalated") and bool(
        told["overdue"] or case.state == "escalated"
    )
    told["not_cleared_because"] = _not_yet(work, reader, grant.tenant, case) if case.state in OPEN else None
    return told
