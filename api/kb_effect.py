"""Door of what came of a change: its trial, 30 days before and after, and the versions of an entry side by side."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from api import case_views, handbook
from api.auth import requires
from api.casework import Casework, Work, find, written
from api.deps import Json, Opened
from api.errors import Problem, not_found
from api.store import Reader, changes, entries, outcomes
from api.store.cases import Case
from api.store.keys import Grant
from api.store.outcomes import Use
from api.trials import cohort_of
from kb import effect
from kb.entries import from_json
from kb.outcomes import mean, shown, tally

router = APIRouter(prefix="/v1/kb", tags=["changes"])
Looking = Annotated[Grant, requires("supervisor", "editor")]
SPAN_DAYS = 30
COMPLAINTS = "complaints"
"""The queue whose handling time is followed."""
TOLD = 200


def _acts(uses: Sequence[Use]) -> list[tuple[str, str, str]]:
    return [(one.suggestion, one.entry_id, one.action) for one in uses]


def _counted(uses: Sequence[Use]) -> Json:
    return {**shown(tally(_acts(uses))), "agents": len({one.actor for one in uses})}


@router.get("/changes/{change_id}/trial")
async def read_trial(change_id: str, opened: Opened, work: Work, grant: Looking) -> Json:
    """The trial of a change: who, since when, what they did with its texts, beside everybody else."""

    def unit(reader: Reader) -> Json:
        case = find(work, reader, grant, change_id, "change")
        trial = handbook.trial_of(case_views.history(reader, grant, case))
        if trial is None:
            raise Problem("not_found", "这项修订没有试运行过")
        held = frozenset(changes.planned(reader, grant.tenant, change_id))
        until = trial.ended or written(work.clock() + timedelta(seconds=1))
        uses = outcomes.uses(reader, grant.tenant, trial.began, until, held)
        tried = [one for one in uses if change_id in one.release.split("+")]
        others = [one for one in uses if change_id not in one.release.split("+")]
        cohort = cohort_of(case.data)
        return {
            "id": change_id,
            "state": case.state,
            "cohort": {
                "teams": sorted(cohort.teams), "agents": sorted(cohort.agents), "percent": cohort.percent
            },
            "began": trial.began,
            "ended": trial.ended,
            "ends": case.due_at if case.state == "trial" else trial.ended,
            "over": case.state != "trial" or (case.due_at or "") <= work.now(),
            "trial": _counted(tried),
            "others": _counted(others),
            "entries": {
                name: {
                    "trial": _counted([one for one in tried if one.entry_id == name]),
                    "others": _counted([one for one in others if one.entry_id == name]),
                }
                for name in sorted(held)
            },
            "feedback": [
                {"at": one.at, "by": one.actor, "entry_id": one.entry_id, "action": one.action,
                 "final_text": one.final_text}
                for one in tried[-TOLD:]
            ],
        }  # fmt: skip

    return await opened.store.aread(unit)


@router.get("/changes/{change_id}/effect")
async def read_effect(change_id: str, opened: Opened, work: Work, grant: Looking) -> Json:
    """30 days before a change came into force beside 30 days after; partial until they have passed."""

    def unit(reader: Reader) -> Json:
        case = find(work, reader, grant, change_id, "change")
        since = case.data.get("in_force_from")
        if since is None:
            raise Problem("conflict", f"这项修订还没有发布（{case.state}），没有前后可比")
        return _effect(work, reader, grant, case, datetime.fromisoformat(since))

    return await opened.store.aread(unit)


def _effect(work: Casework, reader: Reader, grant: Grant, case: Case, since: datetime) -> Json:
    now, span = work.clock(), timedelta(days=SPAN_DAYS)
    first, middle, last = written(since - span), written(since), written(since + span)
    held = frozenset(changes.planned(reader, grant.tenant, case.id))
    tenant = grant.tenant
    used = [
        tally(_acts(outcomes.uses(reader, tenant, *part, held))) for part in ((first, middle), (middle, last))
    ]
    rated = [outcomes.scored(reader, tenant, *part) for part in ((first, middle), (middle, last))]
    took = [
        [_hours(*one) for one in outcomes.handled(reader, tenant, *part, COMPLAINTS)]
        for part in ((first, middle), (middle, last))
    ]
    pleased = [[one.satisfaction for one in part if one.satisfaction is not None] for part in rated]
    scores = [[one.score for one in part] for part in rated]
    days = max(0.0, min((now - since) / timedelta(days=1), SPAN_DAYS))
    return {
        "id": case.id,
        "release": case.data.get("release"),
        "in_force_from": middle,
        "before": {"from": first, "to": middle},
        "after": {"from": middle, "to": last},
        "ready": days >= SPAN_DAYS,
        "days": round(days, 2),
        "ready_at": last,
        "metrics": {
            "adoption": _shown("采纳率", "share", effect.rates(
                used[0].used, used[0].offered, used[1].used, used[1].offered)),
            "satisfaction": _shown("满意度", "0..2", effect.means(*pleased)),
            "quality": _shown("质检分", "0..100", effect.means(*scores)),
            "complaint_hours": _shown("投诉处理时长", "hours", effect.means(*took)),
        },
    }  # fmt: skip


def _hours(opened: str, closed: str) -> float:
    return (datetime.fromisoformat(closed) - datetime.fromisoformat(opened)) / timedelta(hours=1)


def _shown(name: str, unit: str, found: effect.Compared) -> Json:
    def figure(value: float | None) -> float | None:
        return None if value is None else round(value, 4)

    return {
        "name": name,
        "unit": unit,
        "n": {"before": found.n_before, "after": found.n_after},
        "before": figure(found.before),
        "after": figure(found.after),
        "delta": figure(found.delta),
        "p": figure(found.p),
        "significant": found.significant,
        "enough": found.p is not None,
    }


@router.get("/entries/{entry_id:path}/versions")
async def compare_versions(
    entry_id: str,
    opened: Opened,
    work: Work,
    grant: Looking,
    days: Annotated[int, Query(ge=1, le=400)] = 90,
) -> Json:
    """Every text that an entry had or that is tried, with what came of it: counts, rate, interval, moods."""

    def unit(reader: Reader) -> Json:
        known = entries.versions(reader, grant.tenant, entry_id)
        if not known:
            raise not_found("知识条目", entry_id)
        at = work.clock()
        since, until = written(at - timedelta(days=days)), written(at + timedelta(seconds=1))
        uses = outcomes.uses(reader, grant.tenant, since, until, frozenset({entry_id}))
        groups: dict[str, list[Use]] = {}
        named = {one.name: one.seq for one in entries.releases(reader, grant.tenant, limit=100_000)}
        trying = _trying(reader, grant.tenant, entry_id, uses)
        for use in uses:
            groups.setdefault(_version(use, known, named, trying), []).append(use)
        shown_of = {one["release"]: one for one in known}
        order = [*shown_of, *(name for name in groups if name not in shown_of)]
        versions = [
            {
                "version": name,
                "at": shown_of[name]["at"] if name in shown_of else None,
                "live": name in shown_of and shown_of[name]["until"] is None,
                "trial": name not in shown_of,
                "text": shown_of[name]["entry"]["text"] if name in shown_of else trying.get(name),
                **_counted(groups.get(name, [])),
                **_outcomes(reader, grant.tenant, groups.get(name, []), since, until),
            }
            for name in order
        ]
        return {"entry_id": entry_id, "days": days, "versions": versions, "compared": _best_two(versions)}

    return await opened.store.aread(unit)


def _trying(reader: Reader, tenant: str, entry_id: str, uses: Sequence[Use]) -> dict[str, str]:
    """Text of the entry in each change under which it was used."""
    named = {change for use in uses for change in use.release.split("+")[1:]}
    held = {change: changes.planned(reader, tenant, change).get(entry_id) for change in named}
    return {
        change: one.entry["text"] for change, one in held.items() if one is not None and one.entry is not None
    }


def _version(use: Use, known: Sequence[Json], named: dict[str, int], trying: dict[str, str]) -> str:
    """Which text an agent was offered: of a trial, else the one that held then."""
    base, *tried = use.release.split("+")
    for change in tried:
        if change in trying:
            return change
    starts = [one["since"] for one in known]
    if base in named:
        place = bisect_right(starts, named[base]) - 1
    else:
        place = bisect_right([one["at"] for one in known], use.at) - 1
    at = datetime.fromisoformat(use.at)
    while place > 0 and not from_json(known[place]["entry"]).effective(at):
        place -= 1
    return str(known[max(place, 0)]["release"])


def _outcomes(reader: Reader, tenant: str, uses: Sequence[Use], since: str, until: str) -> Json:
    talks = frozenset(one.conversation for one in uses if one.conversation)
    rated = (
        [one for one in outcomes.scored(reader, tenant, since, until) if one.transcript in talks]
        if talks
        else []
    )
    return {
        "conversations": len(talks),
        "satisfaction": mean(one.satisfaction for one in rated if one.satisfaction is not None),
        "mood_change": mean(outcomes.moods(reader, tenant, talks).values()),
    }


def _best_two(versions: Sequence[Json]) -> Json | None:
    """The two versions offered most, and whether they differ by more than chance."""
    most = sorted((one for one in versions if one["offered"]), key=lambda one: -one["offered"])[:2]
    if len(most) < 2:
        return None
    first, second = sorted(most, key=versions.index)
    found = effect.rates(first["used"], first["offered"], second["used"], second["offered"])
    return {"a": first["version"], "b": second["version"], **_shown("采纳率", "share", found)}
