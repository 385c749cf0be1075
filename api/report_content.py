"""What a report says of conversations: one source, the observations; every number is read off facts that add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.report_base import (
    TICKET,
    Window,
    before,
    daily_facts,
    item_names,
    link,
    reports_policy,
    seen,
    window,
)
from api.report_counts import counts
from api.report_metrics import metrics
from api.report_voices import emerging, themes_of, voice_of, voices
from api.service import Service
from api.store import Reader, results
from api.store import knowledge as stored
from nlp.metrics.observation import Observation
from nlp.reports import sections
from nlp.reports.alarm import Voice
from nlp.reports.facts import Counting, summed
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


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one pass over a span's conversations gives; `examples` are the worst few of each failed item, `low` those
    that a day's report lists."""

    days: dict[date, Json]
    examples: dict[str, list[Observation]]
    voices: list[tuple[date, Voice]]
    low: list[Observation]


def gathered(reader: Reader, tenant: str, span: Window, zone: ZoneInfo, policy: ReportPolicy) -> Gathered:
    """Read a span's conversations once for everything a report says of them."""
    counting = Counting(zone, policy.audit.pass_score)
    held, daily = Gathered({}, {}, [], []), len(span.days) == 1
    for one in seen(reader, tenant, span):
        counting.add(one)
        for code in one.values.get("failed") or ():
            worst = held.examples.setdefault(code, [])
            if len(worst) < EXAMPLES or _worst(one) < _worst(worst[-1]):
                worst.append(one)
                worst.sort(key=_worst)
                del worst[EXAMPLES:]
        voice = voice_of(one)
        if voice is not None:
            held.voices.append((one.at.astimezone(zone).date(), voice))
        score = one.values.get("score")
        low = one.values.get("veto") or (score is not None and float(score) < policy.exceptions_below)
        if low and daily:
            held.low.append(one)
    held.days.update({day: told for day, told in counting.days().items() if day is not None})
    return held


def _worst(one: Observation) -> tuple[float, datetime, str]:
    return float(one.values.get("score") or 0), one.at, one.id


def service(
    opened: Service, reader: Reader, tenant: str, period: Period, span: Window, zone: ZoneInfo
) -> Json:
    """The sections of a period: scores, violations, trend, people, examples, themes, what is new, what is off."""
    policy, names = reports_policy(opened), item_names(opened, tenant)
    held = gathered(reader, tenant, span, zone, policy)
    total, days = summed(held.days.values()), held.days
    past, _ = daily_facts(reader, tenant, before(period, span, zone), zone, policy.audit.pass_score)
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
        "examples": [
            {
                "code": one["code"],
                "problem": one["problem"],
                "conversations": shown(reader, tenant, held.examples[one["code"]], one["code"]),
            }
            for one in wrong[: policy.top]
        ],
        "voices": themes_of(opened, [*held.voices, *voices(opened, reader, tenant, span, (TICKET,))]),
        "facts": total,
        "policy": policy.version,
    }
    if period == "daily":
        told["emerging"] = emerging(opened, reader, tenant, span.begin.date(), zone)
        told["exceptions"] = exceptions(reader, tenant, held.low, policy, names)
        told["red_cards"] = red_cards(reader, tenant, span.begin.date())
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
    return sorted(found, key=_worst)


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


def red_cards(reader: Reader, tenant: str, day: date) -> list[Json]:
    """Cards whose ground was complete on a day, in order: they are opened when its results are kept."""
    return [
        {
            "case": one.id,
            "title": one.title,
            "agent": one.owner,
            "reason": one.data.get("reason"),
            "state": one.state,
        }
        for one in stored.opened(reader, tenant, ("red_card",))
        if str(one.data.get("until"))[:10] == day.isoformat()
    ]


def exceptions(
    reader: Reader, tenant: str, low: list[Observation], policy: ReportPolicy, names: Mapping[str, str]
) -> list[Json]:
    """What a supervisor looks at first: vetoes and scores below the site's line, the worst first."""
    low.sort(key=lambda one: (not one.values.get("veto"), *_worst(one)))
    return [
        {
            **shown(reader, tenant, [one], None)[0],
            "veto": bool(one.values.get("veto")),
            "problems": [policy.problem(code, names) for code in one.values.get("failed") or ()],
        }
        for one in low[: policy.exceptions_listed]
    ]
