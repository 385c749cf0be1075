"""What customers said in a span of time, as voices: complaints and requests, masked; themes and alarms made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from api.forms import site_folder
from api.report_base import CONVERSATION, TICKET, Window, reports_policy, seen, window
from api.service import Service
from api.store import Reader
from nlp.metrics.observation import Observation
from nlp.reports.alarm import Alarm, Day, Voice, alarms, day_of
from nlp.reports.aspects import load_aspects
from nlp.reports.policy import ReportPolicy
from nlp.reports.themes import themes

Json = dict[str, Any]
COMPLAINT, AFTER_SALES = "complaint", "after_sales"
MOST = 5_000
"""Voices of a span that are read for themes: every n-th where there are more, and the report says so."""
EVERY_DAY = 2_000
"""Voices of a day that the alarm compares."""


def voice_of(one: Observation) -> Voice | None:
    """A complaint or a case of after-sales with words; what is only asked is no complaint."""
    text, path = one.values.get("quote"), one.values.get("path") or ()
    if not text or not (one.values.get("complained") or (path and path[0] in (COMPLAINT, AFTER_SALES))):
        return None
    return Voice(one.id, str(text), one.category, one.customer)


def voices(
    opened: Service, reader: Reader, tenant: str, span: Window, kinds: Sequence[str] = (CONVERSATION, TICKET)
) -> list[tuple[date, Voice]]:
    """Voices of a span with the day (of the span's zone) each was heard: conversations, then tickets.

    Categories of the site that never are a complaint are not even read.
    """
    tree = opened.policy.taxonomy.codes
    others = [code for code, node in tree.items() if node.path[0] not in (COMPLAINT, AFTER_SALES)]
    zone = span.begin.tzinfo
    found: list[tuple[date, Voice]] = []
    for kind in kinds:
        for one in seen(reader, tenant, span, kind, without=others):
            voice = voice_of(one)
            if voice is not None:
                found.append((one.at.astimezone(zone).date(), voice))
    return found


def thinned(found: Iterable[Voice], most: int) -> list[Voice]:
    """All of them, or evenly so many: every n-th."""
    every = list(found)
    step = -(-len(every) // most) if every else 1
    return every[::step]


def themes_of(opened: Service, heard: list[tuple[date, Voice]]) -> Json:
    """Themes with counts and quotes, and of how many voices."""
    policy, aspects = reports_policy(opened), load_aspects(site_folder(opened.settings))
    read = thinned((voice for _, voice in heard), MOST)
    found = themes(read, aspects, policy.quotes_each, policy.quotes_themes)
    return {
        "voices": len(heard),
        "read": len(read),
        "version": aspects.version,
        "themes": [
            {
                "code": one.code,
                "name": one.name,
                "negative": one.negative,
                "positive": one.positive,
                "share": round(one.negative / len(read), 4),
                "opinions": [{"text": text, "count": count} for text, count in one.opinions],
                "quotes": [{"observation": quote.id, "text": quote.text} for quote in one.quotes],
            }
            for one in found
        ],
    }


def emerging(opened: Service, reader: Reader, tenant: str, day: date, zone: ZoneInfo) -> Json:
    """Topics that are new on a day against the days before it, at the stated rate of false alarms."""
    policy = reports_policy(opened)
    rules = policy.alarm
    past = Window(
        window("daily", day - timedelta(days=rules.days), zone).begin, window("daily", day, zone).begin
    )
    names = {code: node.name for code, node in opened.policy.taxonomy.codes.items()}
    days = list(_days(voices(opened, reader, tenant, past)))
    today = day_of(
        thinned((v for _, v in voices(opened, reader, tenant, window("daily", day, zone))), EVERY_DAY)
    )
    return {
        "date": day.isoformat(),
        "days": rules.days,
        "false_alarms": rules.false_alarms,
        "definition": definition(policy),
        "voices": len(today.voices),
        "before": sum(len(one.voices) for one in days),
        "alarms": [told(one) for one in alarms(days, today, rules, names)],
    }


def _days(heard: list[tuple[date, Voice]]) -> Iterator[Day]:
    by_day: dict[date, list[Voice]] = {}
    for day, voice in heard:
        by_day.setdefault(day, []).append(voice)
    for day in sorted(by_day):
        yield day_of(thinned(by_day[day], EVERY_DAY))


def definition(policy: ReportPolicy) -> str:
    """The test in words, as told beside its result."""
    rules = policy.alarm
    return (
        f"当日每个话题在客诉中的占比与前 {rules.days} 天比较（Fisher 精确检验，每位客户每天只计一次，"
        f"多个话题按 Bonferroni–Tarone 校正）；没有新情况的一天误报的概率不超过 {100 * rules.false_alarms:g}%；"
        f"至少 {rules.least} 条且不少于平常的 {rules.ratio:g} 倍"
    )


def told(one: Alarm) -> Json:
    """An alarm as clients see it."""
    return {
        "name": one.name,
        "category": one.category,
        "words": list(one.words),
        "count": one.count,
        "expected": one.expected,
        "chance": one.chance,
        "limit": one.limit,
        "voices": [{"observation": voice.id, "text": voice.text} for voice in one.voices[:3]],
        "observations": [voice.id for voice in one.voices],
    }
