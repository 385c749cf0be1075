"""Where targets stand: each with its number over its own days up to today."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from api import measured
from api.measured import Ask, midnights
from api.metric_asks import where_of
from api.metric_views import rounded
from api.store import Reader, targets
from api.store.keys import Grant
from api.store.targets import Kept
from nlp.metrics.definition import Metric
from nlp.metrics.targets import Target, progress

Json = dict[str, Any]


def target_of(kept: Kept) -> Target:
    """The core's target out of a stored one."""
    data = kept.data
    return Target(
        kept.metric, data["baseline"], data["target"], date.fromisoformat(data["due"]), data["owner"],
        date.fromisoformat(data["start"]), data["change"], data["aim"], data["phase"], data["window_days"],
    )  # fmt: skip


def of_metric(reader: Reader, ask: Ask, metric: Metric, today: date, grant: Grant) -> list[Json]:
    """The open targets of a metric, each with where it stands today; to an agent, those for their own numbers."""
    found = targets.listed(reader, ask.tenant, metric.code)
    if grant.scope == "agent":
        found = [kept for kept in found if f"agent:{grant.actor_id}" in kept.data["where"]]
    return [standing(reader, ask, kept, today) for kept in found]


def standing(reader: Reader, ask: Ask, kept: Kept, today: date) -> Json:
    """A target with its number over its window up to today, and how far along it is."""
    target, metric = target_of(kept), ask.book.metrics.get(kept.metric)
    if metric is None:  # the definitions in force know it no more
        return {
            **targets.to_json(kept),
            "value": None,
            "enough": False,
            "status": "no_data",
            "colour": "grey",
        }
    span = midnights(today - timedelta(days=target.window_days - 1), today, ask.zone)
    own = Ask(ask.tenant, ask.book, *span, ask.zone, where_of(ask.book, metric, kept.data["where"]))
    found = measured.whole(reader, own, target.metric)
    enough = found.n >= metric.least
    along = progress(target, found.value, metric.better, today, enough)
    return {
        **targets.to_json(kept), "name": metric.name, "unit": metric.unit, "better": metric.better,
        "value": rounded(metric, found.value), "n": found.n, "enough": enough, "goal": round(along.goal, 6),
        "gap": None if along.gap is None else round(along.gap, 4),
        "gap_unit": "百分点" if metric.unit == "%" else metric.unit,
        "progress": None if along.progress is None else round(along.progress, 2), "elapsed": along.elapsed,
        "status": along.status, "colour": along.colour,
    }  # fmt: skip
