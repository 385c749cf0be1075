"""What a report says of conversations: one source, the observations; every number is read off facts that add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from api.report_base import Window, before, daily_facts, item_names, link, reports_policy, seen, window
from api.report_counts import counts
from api.report_metrics import metrics
from api.report_voices import emerging, themes_of, voices
from api.service import Service
from api.store import Reader, results
from nlp.metrics.observation import Observation
from nlp.reports import sections
from nlp.reports.policy import Period, ReportPolicy
from nlp.reports.standing import Ranked, ranking

Json = dict[str, Any]
EXAMPLES = 2
"""Conversations shown for each of the top violations."""


def compiled(opened: Service, reader: Reader, tenant: str, period: Period, day: date) -> Json:
    """Everything a report of the period that `day` lies in tells."""
    zone = ZoneInfo(opened.settings.timezone)
    span = window(period, day, zone)
    return {
        "period": period,
        "from": span.begin.isoformat(),
        "to": span.end.isoformat(),
        **counts(reader, tenant, span.utc),
        **metrics(reader, tenant, span.utc),
        **service(opened, reader, tenant, period, span, zone),
    }


def service(
    opened: Service, reader: Reader, tenant: str, period: Period, span: Window, zone: ZoneInfo
) -> Json:
    """The sections of a period: scores, violations, trend, people, examples, themes, what is new, what is off."""
    policy, names = reports_policy(opened), item_names(opened, tenant)
    total, days = daily_facts(reader, tenant, span, zone, policy.audit.pass_score)
    earlier = before(period, span, zone)
    past, _ = daily_facts(reader, tenant, earlier, zone, policy.audit.pass_score)
    wrong = sections.violations(total, policy, names)
    told: Json = {
        "quality": sections.quality(total),
        "adherence": sections.adherence(total),
        "scores": {**sections.compared(total, past), "conversations": total["conversations"]},
        "violations": wrong,
        "trend": sections.trends(total, past, policy, names),
        "days": sections.course(days, span.days),
        "people": {
            group: sections.people(total, group, policy) for group in ("agents", "teams", "categories")
        },
        "ranking": ranked(ranking(total["teams"], policy.ranking)),
        "examples": _examples(
            reader, tenant, span, [one["code"] for one in wrong[: policy.top]], policy, names
        ),
        "voices": themes_of(opened, voices(reader, tenant, span)),
        "facts": total,
        "policy": policy.version,
    }
    if period == "daily":
        told["emerging"] = emerging(opened, reader, tenant, span.begin.date(), zone)
        told["exceptions"] = exceptions(reader, tenant, span, policy, names)
    return told


def ranked(found: Ranked) -> Json:
    """Places with their reasons, and who is not ranked."""
    return {
        "places": [
            {
                "place": one.place,
                "name": one.name,
                "points": one.points,
                "n": one.sums["scored"],
                "why": one.why,
            }
            for one in found.places
        ],
        "left_out": [{"name": name, "reason": reason} for name, reason in found.left_out],
    }


def failing(
    reader: Reader, tenant: str, span: Window, code: str, about: Mapping[str, str]
) -> list[Observation]:
    """Conversations of a span that failed an item (of an agent or team, as `about` says), worst first."""
    every = seen(reader, tenant, span, about=about)
    found = [one for one in every if code in (one.values.get("failed") or ())]
    return sorted(found, key=lambda one: (float(one.values.get("score") or 0), one.at, one.id))


def shown(reader: Reader, tenant: str, found: Sequence[Observation], code: str | None) -> list[Json]:
    """Conversations with the (masked) evidence of an item and the way to their page."""
    told = []
    for one in found:
        result = results.get(reader, tenant, str(one.values.get("result")))
        items = [] if result is None else result[0]["items"]
        evidence = [
            {"turn": spot["turn"], "text": spot["text"], "absent": bool(spot.get("absent"))}
            for item in items
            if item["code"] == code
            for spot in item["evidence"][:3]
        ]
        told.append(
            {
                "conversation": one.subject,
                "observation": one.id,
                "result": one.values.get("result"),
                "at": one.at.isoformat(),
                "agent": one.agent,
                "team": one.team,
                "score": one.values.get("score"),
                "quote": one.values.get("quote"),
                "evidence": evidence,
                "link": link(one.values.get("result")),
            }
        )
    return told


def _examples(
    reader: Reader,
    tenant: str,
    span: Window,
    codes: Sequence[str],
    policy: ReportPolicy,
    names: Mapping[str, str],
) -> list[Json]:
    """A few conversations of each of these items, the worst first; one pass over the span."""
    found: dict[str, list[Observation]] = {code: [] for code in codes}
    for one in seen(reader, tenant, span) if codes else ():
        for code in one.values.get("failed") or ():
            if code in found:
                held = found[code]
                held.append(one)
                held.sort(key=lambda each: (float(each.values.get("score") or 0), each.at, each.id))
                del held[EXAMPLES:]
    return [
        {
            "code": code,
            "problem": policy.problem(code, names),
            "conversations": shown(reader, tenant, held, code),
        }
        for code, held in found.items()
    ]


def exceptions(
    reader: Reader, tenant: str, span: Window, policy: ReportPolicy, names: Mapping[str, str]
) -> list[Json]:
    """What a supervisor looks at first: vetoes and scores below the site's line, the worst first."""
    low = [
        one
        for one in seen(reader, tenant, span)
        if one.values.get("veto")
        or (one.values.get("score") is not None and float(one.values["score"]) < policy.exceptions_below)
    ]
    low.sort(
        key=lambda one: (not one.values.get("veto"), float(one.values.get("score") or 0), one.at, one.id)
    )
    return [
        {
            **shown(reader, tenant, [one], None)[0],
            "veto": bool(one.values.get("veto")),
            "problems": [policy.problem(code, names) for code in one.values.get("failed") or ()],
        }
        for one in low[: policy.exceptions_listed]
    ]
