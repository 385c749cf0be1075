"""Numbers of a span of time out of the fact table: one pass over the facts of a kind for all metrics that ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from api.forms import site_folder
from api.service import Service
from api.store import Reader, Store, observations
from nlp.metrics.definition import Book, Metric, book_on, days_of_change, load_book
from nlp.metrics.groups import Keys, keys_of
from nlp.metrics.measure import Measured, Tally, annotated, contribution, from_parts
from nlp.metrics.observation import DIMENSIONS, Observation
from nlp.metrics.roi import load_model
from nlp.metrics.survey import load_surveys
from nlp.metrics.tags import JOURNEY, SUBTYPES, load_tags
from nlp.metrics.where import Where, holds

T = TypeVar("T")
WHOLE = ""
"""The key of the whole, where nothing is grouped."""
BESIDE = "\x1f"
"""Stands between the two keys of a group by two dimensions."""


def check_metric_policies(folder: Path) -> None:
    """Refuse definitions, kinds, tags or questionnaires that cannot be used, whatever day they begin. Raises PolicyError."""
    for since in (None, *days_of_change(folder)):
        load_book(folder, since)
    for name in (JOURNEY, SUBTYPES):
        load_tags(name, folder)
    load_surveys(folder)
    load_model(folder)


@dataclass(frozen=True, slots=True)
class Ask:
    """Whose facts, by which definitions, from when up to when (half-open), and which of them."""

    tenant: str
    book: Book
    since: datetime
    until: datetime
    zone: ZoneInfo
    where: Where = ()

    def over(self, since: datetime, until: datetime) -> Ask:
        """The same of another span."""
        return replace(self, since=since, until=until)


def asked(opened: Service, tenant: str, first: date, last: date, where: Where = ()) -> Ask:
    """The days from `first` to `last`, both included, by the definitions in force on the first."""
    zone = ZoneInfo(opened.settings.timezone)
    book = book_on(site_folder(opened.settings), first)
    return Ask(tenant, book, *midnights(first, last, zone), zone, where)


def midnights(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The half-open span of days, both included."""
    return datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)


AT_ONCE = 2
"""Spans counted side by side: whoever waits for a live turn's answer must find a reader free."""
_GATES: WeakKeyDictionary[Store, asyncio.Semaphore] = WeakKeyDictionary()


async def counting(store: Store, unit: Callable[[Reader], T]) -> T:
    """Run a unit that counts: a few at a time, the others wait outside the store."""
    gate = _GATES.get(store)
    if gate is None:
        gate = _GATES[store] = asyncio.Semaphore(AT_ONCE)
    async with gate:
        return await store.aread(unit)


def facts(
    reader: Reader, ask: Ask, metric: Metric, after: tuple[str, str] | None = None
) -> Iterator[Observation]:
    """Facts a metric may count, in order of time; `after` skips to what lies behind (time, id).

    Where contacts repeat each other, those around the span are looked at, whoever served them.
    """
    assert metric.kind is not None
    if metric.repeat is None:
        about = {one.field: str(one.wanted) for one in ask.where if _of_column(one.field, one.test)}
        found: Iterable[Observation] = observations.between(
            reader, ask.tenant, metric.kind, ask.since, ask.until, about, after
        )
    else:
        margin = timedelta(days=metric.repeat.days)
        around = observations.between(reader, ask.tenant, metric.kind, ask.since - margin, ask.until + margin)
        found = (one for one in annotated(metric.repeat, around) if ask.since <= one.at < ask.until)
    return (one for one in found if holds(ask.where, one))


def _of_column(field: str, test: str) -> bool:
    return test == "is" and field in DIMENSIONS


def tallies(
    reader: Reader,
    ask: Ask,
    codes: Sequence[str],
    by: str | None = None,
    seen: Callable[[str, Metric, Observation], None] | None = None,
    per: str | None = None,
) -> dict[str, dict[str, Tally]]:
    """By metric and group the pieces of its number. `seen` hears of every fact that counted.

    With `per`, a group is that of `by` and that of `per`, joined by BESIDE.
    """
    metrics = [ask.book.metrics[code] for code in codes]
    keys: Keys = keys_of(by, ask.zone) if by else (lambda _: (WHOLE,))
    if by and per:
        keys = _crossed(keys, keys_of(per, ask.zone))
    found: dict[str, dict[str, Tally]] = {code: {} for code in codes}
    for together in _together(metrics):
        for one in facts(reader, ask, together[0]):
            for metric in together:
                given = contribution(metric, one)
                if given is None:
                    continue
                groups = found[metric.code]
                for key in keys(one):
                    if key not in groups:
                        groups[key] = Tally()
                    groups[key].take(metric, one, given)
                    if seen is not None:
                        seen(key, metric, one)
    return found


def _crossed(keys: Keys, others: Keys) -> Keys:
    return lambda one: [f"{key}{BESIDE}{other}" for key in keys(one) for other in others(one)]


def _together(metrics: Iterable[Metric]) -> Iterator[list[Metric]]:
    """Metrics that one pass can feed."""
    passes: dict[object, list[Metric]] = {}
    for metric in metrics:
        passes.setdefault((metric.kind, metric.repeat), []).append(metric)
    yield from passes.values()


def closure(book: Book, codes: Iterable[str]) -> tuple[str, ...]:
    """The metrics over facts that these are made of."""
    found: dict[str, None] = {}
    for code in codes:
        formula = book.metrics[code].formula
        found.update(dict.fromkeys(closure(book, formula.names) if formula else (code,)))
    return tuple(found)


def numbers(
    reader: Reader, ask: Ask, codes: Sequence[str], by: str | None = None
) -> dict[str, dict[str, Measured]]:
    """By metric and group its number, formulas too; ungrouped, the key is WHOLE."""
    found = tallies(reader, ask, closure(ask.book, codes), by)
    return {code: measured(ask.book, code, found) for code in codes}


def measured(book: Book, code: str, found: Mapping[str, Mapping[str, Tally]]) -> dict[str, Measured]:
    """The numbers of a metric by group, out of the tallies of what it is made of."""
    metric = book.metrics[code]
    if metric.formula is None:
        groups = found[code] or {}
        return {key: tally.measured(metric) for key, tally in groups.items()}
    parts = {name: measured(book, name, found) for name in metric.formula.names}
    keys = dict.fromkeys(key for part in parts.values() for key in part)
    empty = {name: Tally().measured(book.metrics[name]) for name in parts}
    return {
        key: from_parts(metric, {name: part.get(key, empty[name]) for name, part in parts.items()})
        for key in keys
    }


def whole(reader: Reader, ask: Ask, code: str) -> Measured:
    """The number of a metric over the span."""
    found = numbers(reader, ask, [code])[code]
    return found.get(WHOLE) or Tally().measured(ask.book.metrics[code])
