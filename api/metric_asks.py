"""What is asked of the numbers: days, conditions, what to compare with; checked and named where it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Query

from api import measured
from api.deps import Json
from api.errors import Problem, invalid, not_found
from api.forms import site_folder
from api.measured import Ask, midnights
from api.service import Service
from api.store.keys import Grant
from nlp.metrics.definition import Book, Metric, book_on
from nlp.metrics.groups import TIMES, accepted
from nlp.metrics.observation import DIMENSIONS
from nlp.metrics.where import Condition, Where

DEFAULT_DAYS, MOST_DAYS = 30, 1100
Day = Annotated[str | None, Query(max_length=10, examples=["2026-11-03"])]
Wheres = Annotated[list[str] | None, Query(max_length=10, examples=[["team:一组"]])]
Name = Annotated[str | None, Query(max_length=64)]


def day_of(given: str | None, field: str, default: date) -> date:
    """A day of the site's calendar. Raises 422."""
    if given is None:
        return default
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 9000:
        raise invalid(field, "不是可用的日期", "YYYY-MM-DD，如 2026-11-03")
    return day


def span_of(opened: Service, first: str | None, last: str | None) -> tuple[date, date]:
    """The days asked for, both included; by default the last 30. Raises 422."""
    today = datetime.now(ZoneInfo(opened.settings.timezone)).date()
    end = day_of(last, "to", today)
    begin = day_of(first, "from", end - timedelta(days=DEFAULT_DAYS - 1))
    if begin > end or (end - begin).days >= MOST_DAYS:
        raise invalid("from", "时间段不对", f"from 不晚于 to，至多 {MOST_DAYS} 天")
    return begin, end


def book_for(opened: Service, day: date) -> Book:
    """The definitions in force on a day."""
    return book_on(site_folder(opened.settings), day)


def metric_of(book: Book, code: str, grant: Grant) -> Metric:
    """A metric by its code; what the caller is not to know of reads like none. Raises 404."""
    if code not in book.metrics or not told_to(grant, book, code):
        raise not_found("指标", code)
    return book.metrics[code]


def told_to(grant: Grant, book: Book, code: str) -> bool:
    """Whether a metric is one the caller may know of: agents, none of a private kind."""
    if grant.scope != "agent":
        return True
    kinds = (book.metrics[one].kind for one in measured.closure(book, [code]))
    return not any(book.kinds.kinds[kind].private for kind in kinds if kind)


def where_of(book: Book, metric: Metric, given: Sequence[str] | None) -> Where:
    """`field:value` as conditions. Raises 422 naming the field."""
    found = []
    for one in given or ():
        field, _, value = one.partition(":")
        if not value or field not in fields_of(book, metric):
            raise invalid(
                "where", f"不能是 {one[:40]!r}", f"字段:值，字段为 {'|'.join(fields_of(book, metric))}"
            )
        found.append(
            Condition(
                field, "has" if _listed(book, metric, field) else "is", _value(book, metric, field, value)
            )
        )
    return tuple(found)


def fields_of(book: Book, metric: Metric) -> list[str]:
    """What a metric can be narrowed to: what every kind it is made of knows."""
    kinds = [book.metrics[code] for code in measured.closure(book, [metric.code])]
    known = [{*DIMENSIONS, *accepted(one, book)} - set(TIMES) for one in kinds]
    return sorted(set.intersection(*known))


def _forms(book: Book, metric: Metric, field: str) -> set[str]:
    kinds = [book.metrics[code].kind for code in measured.closure(book, [metric.code])]
    values = [book.kinds.kinds[kind].values.get(field) for kind in kinds if kind]
    return {one.form for one in values if one is not None}


def _listed(book: Book, metric: Metric, field: str) -> bool:
    return field not in DIMENSIONS and _forms(book, metric, field) == {"texts"}


def _value(book: Book, metric: Metric, field: str, text: str) -> Any:
    if field in DIMENSIONS or _forms(book, metric, field) != {"flag"}:
        return text
    if text not in ("true", "false"):
        raise invalid("where", f"{field} 不能是 {text[:40]!r}", "true|false")
    return text == "true"


def own(grant: Grant, where: Where, *by: str | None) -> Where:
    """What a caller may see: an agent their own. Raises 403."""
    if grant.scope != "agent":
        return where
    if {"agent", "team", "customer"} & set(by) or any(
        one.field == "agent" and one.wanted != grant.actor_id for one in where
    ):
        raise Problem("forbidden", "客服只能看自己的数字")
    return (*(one for one in where if one.field != "agent"), Condition("agent", "is", grant.actor_id))


@dataclass(frozen=True, slots=True)
class Compare:
    """What a number is compared with: another span, or another group."""

    ask: Ask
    told: Json
    rest: Where = ()
    """What else holds of the number itself: everybody but the group it is compared with."""


def compare_of(
    ask: Ask, metric: Metric, span: tuple[date, date], compare: str | None, versus: str | None
) -> Compare | None:
    if versus is not None:
        (other,) = where_of(ask.book, metric, [versus])
        rest = tuple(one for one in ask.where if one.field != other.field)
        own = () if len(rest) < len(ask.where) else (Condition(other.field, "other", other),)
        return Compare(replace(ask, where=(*rest, other)), {"versus": versus}, own)
    if compare is None:
        return None
    first, last = _other_span(span, compare)
    other_ask = ask.over(*midnights(first, last, ask.zone))
    return Compare(other_ask, {"from": first.isoformat(), "to": last.isoformat()})


def _other_span(span: tuple[date, date], compare: str) -> tuple[date, date]:
    first, last = span
    if compare == "previous":
        return first - (last - first) - timedelta(days=1), first - timedelta(days=1)
    if compare == "year":
        return _year_before(first), _year_before(last)
    begin, _, end = compare.partition("..")
    if not end:
        raise invalid("compare", f"不能是 {compare[:40]!r}", "previous|year|2026-10-01..2026-10-31")
    other = day_of(begin, "compare", first), day_of(end, "compare", last)
    if other[0] > other[1] or (other[1] - other[0]).days >= MOST_DAYS:
        raise invalid("compare", "时间段不对", f"前一天不晚于后一天，至多 {MOST_DAYS} 天")
    return other


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)
