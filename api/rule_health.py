"""Whether rules may go on taking points: people's words on their verdicts, the rules that went to people by themselves.

A weak rule is a case of kind `weak_rule`; while it is open, what the rule finds is kept with a mark and takes no points.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from api import case_views, cases, rulings
from api.auth import requires
from api.casework import Casework, Work, clock_of, written
from api.deps import Json, Opened
from api.service import Service
from api.store import Reader, Writer, results, words
from api.store import cases as kept
from api.store import rulings as said
from api.store.cases import Case
from api.store.keys import Grant
from api.store.words import Rule
from nlp.quality.health import Health, health, rule_name
from nlp.quality.health import Word as Said
from nlp.quality.ruling import Word

router = APIRouter(prefix="/v1/quality/rules", tags=["quality"])

KIND = "weak_rule"
MOST = 500
Judge = Annotated[Grant, requires("supervisor", "quality")]


def spoken(
    opened: Service, reader: Reader, tenant: str, now: datetime, rules: Iterable[Rule] | None = None
) -> list[tuple[Said, int]]:
    """What people said of verdicts in the days of the policy (of these rules only, when given)."""
    since = written(now - timedelta(days=rulings.fairness_of(opened).health_days))
    fresh = _restored(reader, tenant)
    if rules is not None:
        return [
            one
            for rule in dict.fromkeys(rules)
            for one in words.counted(reader, tenant, max(since, fresh.get(rule_name(*rule), "")), rule)
        ]
    every = words.counted(reader, tenant, since)
    told = [pair for pair in every if _name(pair[0]) not in fresh]
    given_back = {(word.form, word.version, word.item) for word, _ in every if _name(word) in fresh}
    return told + (spoken(opened, reader, tenant, now, sorted(given_back)) if given_back else [])


def _name(word: Said) -> str:
    return rule_name(word.form, word.version, word.item)


def _restored(reader: Reader, tenant: str) -> dict[str, str]:
    """When each rule was last given back its points: what was said before is settled."""
    found = kept.listed(reader, tenant, kept.Wanted(kind=KIND, state="restored"), None, None, MOST)
    told: dict[str, str] = {}
    for case in found:
        told[str(case.subject)] = max(case.updated_at, told.get(str(case.subject), ""))
    return told


def demoted(reader: Reader, tenant: str) -> frozenset[str]:
    """Names of the rules whose verdicts wait for people."""
    found = kept.listed(reader, tenant, kept.Wanted(kind=KIND, state="open"), None, None, MOST)
    return frozenset(str(case.subject) for case in found)


def judge(work: Casework, opened: Service, writer: Writer, tenant: str, rules: Iterable[Rule]) -> list[Case]:
    """Open a case for each of these rules that has become weak. Gives those that are new."""
    reader = Reader(writer)
    found = health(spoken(opened, reader, tenant, work.clock(), rules), rulings.fairness_of(opened))
    known = demoted(reader, tenant)
    return [_demote(work, writer, tenant, one) for one in found.values() if one.why and one.name not in known]


def _demote(work: Casework, writer: Writer, tenant: str, rule: Health) -> Case:
    wanted = kept.Wanted(kind=KIND, subject=rule.name)
    before = len(kept.listed(Reader(writer), tenant, wanted, None, None, MOST))
    name = hashlib.sha256(rule.name.encode()).hexdigest()[:16]
    return cases.open_case(
        work, writer, clock_of(tenant), KIND, title=f"规则待人工：{rule.name}", subject=rule.name,
        data=rule.to_json(), identity=f"wr-{name}-{before + 1}", note=rule.why,
    )  # fmt: skip


def withhold(
    work: Casework, opened: Service, writer: Writer, tenant: str, fresh: Iterable[Mapping[str, object]]
) -> int:
    """Mark what weak rules found in new results: no points are taken until a person agrees."""
    reader, marked = Reader(writer), 0
    weak = demoted(reader, tenant)
    for result in fresh if weak else ():
        found = rulings.stored(reader, tenant, str(result["id"]))
        head = found.result["form"]
        held: dict[str, Word] = {
            code: "review" for code in found.failed if rule_name(head["code"], head["version"], code) in weak
        }
        if held:
            reason = f"规则判定待人工复核：{'、'.join(held)}"
            rulings.rule(opened, writer, clock_of(tenant), found, held, reason,
                         source=rulings.HEALTH, at=work.now())  # fmt: skip
            marked += 1
    return marked


@router.get("/health")
async def read_health(opened: Opened, work: Work, grant: Judge) -> Json:
    """People's words on every rule: agreement, appeals won, each with its interval; weak rules first."""

    def unit(reader: Reader) -> tuple[list[Health], frozenset[str]]:
        found = health(spoken(opened, reader, grant.tenant, work.clock()), rulings.fairness_of(opened))
        return list(found.values()), demoted(reader, grant.tenant)

    found, weak = await opened.store.aread(unit)
    policy = rulings.fairness_of(opened)
    told = [{**one.to_json(), "rule": one.name, "needs_review": one.name in weak} for one in found]
    told.sort(key=lambda one: (not one["needs_review"], not one["weak"], one["rule"]))
    return {
        "days": policy.health_days,
        "least": policy.least,
        "agreement": policy.agreement,
        "won": policy.won,
        "rules": told,
        "demoted": sorted(weak),
    }


@router.get("/waiting")
async def list_waiting(
    opened: Opened, grant: Judge, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> Json:
    """Results with verdicts of weak rules that no person has looked at yet, newest first."""

    def unit(reader: Reader) -> list[Json]:
        found = []
        for name, items in said.waiting(reader, grant.tenant, limit):
            row = results.stored(reader, grant.tenant, name)
            if row is not None:
                told = {"result_id": name, "transcript_id": row.transcript_id, "agent": row.agent}
                found.append({**told, "score": row.score, "items": items, "at": row.at})
        return found

    return {"results": await opened.store.aread(unit)}


@router.get("/weak")
async def list_weak(opened: Opened, work: Work, grant: Judge) -> Json:
    """Rules that went to people by themselves, and those that were given back."""

    def unit(reader: Reader) -> list[Json]:
        found = case_views.listed(work, reader, grant, kind=KIND, limit=MOST)
        return [case_views.shown(work, case, grant) for case in found]

    return {"cases": await opened.store.aread(unit)}
