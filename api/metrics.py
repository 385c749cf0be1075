"""Door of the numbers: definitions in force, a number with its parts and its change, and the facts behind it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from api import measured, metric_changes, metric_views, target_views
from api.auth import requires
from api.deps import Json, Opened
from api.errors import invalid, not_found
from api.forms import site_folder
from api.metric_asks import (
    Day,
    Name,
    Wheres,
    book_for,
    compare_of,
    day_of,
    metric_of,
    own,
    span_of,
    told_to,
    where_of,
)
from api.service import Service
from api.store import Reader
from api.store.keys import Grant
from nlp.metrics.definition import days_of_change, to_json

router = APIRouter(prefix="/v1/metrics", tags=["metrics"])

Reading = Annotated[Grant, requires("supervisor", "quality")]
Looking = Annotated[Grant, requires("agent", "supervisor", "quality")]
"""An agent looks at their own numbers."""


def names_of_site(opened: Service) -> metric_views.Names:
    return metric_views.names_of(opened.policy.taxonomy, site_folder(opened.settings))


@router.get("")
async def list_metrics(opened: Opened, grant: Looking, as_of: Day = None) -> Json:
    """The definitions in force (on `as_of`, else today), and the days on which others begin."""
    day = day_of(as_of, "as_of", datetime.now(ZoneInfo(opened.settings.timezone)).date())
    book = book_for(opened, day)
    return {
        "as_of": day.isoformat(),
        "version": book.version,
        "since": book.since.isoformat() if book.since else None,
        "changes": [one.isoformat() for one in days_of_change(site_folder(opened.settings))],
        "metrics": [
            {**to_json(metric, book), "by": metric_views.groupable(book, metric)}
            for metric in book.metrics.values()
            if told_to(grant, book, metric.code)
        ],
        "boards": [
            {
                "code": one.code,
                "name": one.name,
                "about": one.about,
                "metrics": [code for code in one.metrics if told_to(grant, book, code)],
                "by": one.by,
            }
            for one in book.boards.values()
        ],
    }


@router.get("/boards/{code}")
async def read_board(
    code: str,
    opened: Opened,
    grant: Reading,
    from_: Annotated[Day, Query(alias="from")] = None,
    to: Day = None,
) -> Json:
    """Metrics that are read together: the AI scorecard, the departments side by side, the live numbers."""
    first, last = span_of(opened, from_, to)
    book = book_for(opened, first)
    if code not in book.boards:
        raise not_found("看板", code)
    board = book.boards[code]
    ask, names = measured.asked(opened, grant.tenant, first, last), names_of_site(opened)
    told = await measured.counting(opened.store, lambda reader: metric_views.board(reader, ask, board, names))
    return {"from": first.isoformat(), "to": last.isoformat(), **told}


@router.get("/{code}")
async def read_metric(
    code: str,
    opened: Opened,
    grant: Looking,
    from_: Annotated[Day, Query(alias="from")] = None,
    to: Day = None,
    by: Name = None,
    per: Name = None,
    where: Wheres = None,
    compare: Annotated[str | None, Query(max_length=32, examples=["previous", "year"])] = None,
    versus: Annotated[str | None, Query(max_length=200, examples=["team:二组"])] = None,
    quotes: Annotated[int, Query(ge=0, le=3)] = 0,
) -> Json:
    """A number of the days from `from` to `to`, both included, by the definition in force on the first.

    `by` tells its parts (`per` a line for each part of another dimension), `where` narrows it, `compare` sets another span beside it and `versus` another group.
    """
    first, last = span_of(opened, from_, to)
    book = book_for(opened, first)
    metric = metric_of(book, code, grant)
    for field, name in (("by", by), ("per", per)):
        if name is not None and name not in metric_views.groupable(book, metric):
            able = "|".join(metric_views.groupable(book, metric))
            raise invalid(field, f"{code} 不能按 {name[:40]} 分", able)
    conditions = own(grant, where_of(book, metric, where), by, per)
    ask = measured.asked(opened, grant.tenant, first, last, conditions)
    other = compare_of(ask, metric, (first, last), compare, versus)
    if other is not None:
        own(grant, other.ask.where, by)
    names, today = names_of_site(opened), datetime.now(ask.zone).date()

    def unit(reader: Reader) -> Json:
        told = metric_views.number(reader, ask, metric, by, names, quotes)
        if by is not None and per is not None:
            told["chart"] = metric_views.series(reader, ask, metric, by, per, names)
        if other is not None:
            one = replace(ask, where=(*ask.where, *other.rest))
            told["compare"] = {**other.told, **metric_changes.compared(reader, one, other.ask, metric, by)}
        told["targets"] = target_views.of_metric(reader, ask, metric, today, grant)
        return told

    changes = [one.isoformat() for one in days_of_change(site_folder(opened.settings)) if first < one <= last]
    told = await measured.counting(opened.store, unit)
    return {
        "metric": to_json(metric, book), "from": first.isoformat(), "to": last.isoformat(),
        "where": list(where or ()), "changes": changes, **told,
    }  # fmt: skip


@router.get("/{code}/events")
async def read_events(
    code: str,
    opened: Opened,
    grant: Looking,
    from_: Annotated[Day, Query(alias="from")] = None,
    to: Day = None,
    where: Wheres = None,
    after: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Json:
    """The facts that counted, with what each added, and the definition: added up again they give the number.

    `next` is the `after` of the next page. A formula has no facts of its own: `uses` names the metrics that do.
    """
    first, last = span_of(opened, from_, to)
    book = book_for(opened, first)
    metric = metric_of(book, code, grant)
    conditions = own(grant, where_of(book, metric, where))
    ask = measured.asked(opened, grant.tenant, first, last, conditions)
    place = None if after is None else _place(after)

    def unit(reader: Reader) -> Json:
        if metric.formula is not None:
            return {"events": [], "next": None, "uses": list(metric.formula.names)}
        page = metric_views.events(reader, ask, metric, place, limit)
        return {"events": [metric_views.masked_event(one) for one in page], "next": _next(page, limit)}

    told = await measured.counting(opened.store, unit)
    return {"metric": to_json(metric, book), "from": first.isoformat(), "to": last.isoformat(), **told}


def _next(page: Sequence[Mapping[str, Any]], limit: int) -> str | None:
    """The opaque cursor behind a full page."""
    if len(page) < limit:
        return None
    event = page[-1]
    at = datetime.fromisoformat(event["at"]).astimezone(UTC).isoformat(timespec="milliseconds")
    return base64.urlsafe_b64encode(json.dumps([at, event["id"]]).encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[str, str]:
    """(time, id) that a cursor stands for. Raises 422."""
    try:
        at, identity = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return datetime.fromisoformat(at).astimezone(UTC).isoformat(timespec="milliseconds"), str(identity)
    except (ValueError, TypeError, binascii.Error, OverflowError):
        raise invalid("after", "不是上一页的 next", "上一页回答里的 next") from None
