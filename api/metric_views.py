"""How a number is told: value, parts, change, targets, a chart's data with its reference lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from api import measured
from api.measured import BESIDE, WHOLE, Ask
from api.store import Reader
from nlp.metrics.definition import Board, Book, Metric
from nlp.metrics.groups import TIMES, UNKNOWN, accepted, drivers, groups, peaks
from nlp.metrics.measure import Measured, Tally, contribution
from nlp.metrics.observation import Observation, to_json
from nlp.metrics.tags import JOURNEY, SUBTYPES, load_tags
from nlp.privacy import mask
from nlp.taxonomy import Taxonomy

Json = dict[str, Any]
MOST_SERIES = 50
MOST_GROUPS = 1000
"""Groups told: the largest, or the latest of a time."""


Names = Callable[[str], Mapping[str, str]]
"""The names of a dimension's keys, where they have other names."""


def names_of(taxonomy: Taxonomy, folder: Path) -> Names:
    """What a site calls its categories, queues, touchpoints and sub-types."""

    def names(by: str) -> Mapping[str, str]:
        if by in ("category", "path"):
            return {code: node.name for code, node in taxonomy.codes.items()}
        if by == "queue":
            return taxonomy.queues
        preset = {"touchpoint": JOURNEY, "subtype": SUBTYPES}.get(by)
        return {} if preset is None else {one.code: one.name for one in load_tags(preset, folder).tags}

    return names


def groupable(book: Book, metric: Metric) -> list[str]:
    """What a metric can be told by: what every kind it is made of can."""
    known = [accepted(book.metrics[code], book) for code in measured.closure(book, [metric.code])]
    return [name for name in known[0] if all(name in other for other in known)]


def shown(metric: Metric, found: Measured) -> Json:
    """A number with what it was made of; too few observations are told, not hidden."""
    spread = found.interval
    told: Json = {
        "value": rounded(metric, found.value), "n": found.n, "enough": found.n >= metric.least,
        "numerator": round(found.numerator, 6), "denominator": round(found.denominator, 6),
        "interval": None if spread is None else [rounded(metric, one) for one in spread],
    }  # fmt: skip
    if found.parts:
        told["parts"] = {name: rounded(metric, value) for name, value in found.parts.items()}
    return told


def alarm(metric: Metric, found: Measured) -> Json | None:
    """What is to be done about the number, where it is beyond its limit."""
    limit = metric.alarm
    return (
        {"code": limit.code, "text": limit.text} if limit is not None and limit.rings(found.value) else None
    )


def rounded(metric: Metric, value: float | None) -> float | None:
    return None if value is None else round(value, metric.decimals)


def number(reader: Reader, ask: Ask, metric: Metric, by: str | None, names: Names, quotes: int = 0) -> Json:
    """The number of a span and, by a dimension, its parts."""
    told: dict[str, list[str]] = {}

    def seen(key: str, _: Metric, one: Observation) -> None:
        words = one.get("comment") or one.get("quote")
        kept = told.setdefault(key, [])
        if len(kept) < quotes and isinstance(words, str) and words.strip() and mask(words) not in kept:
            kept.append(mask(words))

    codes = measured.closure(ask.book, [metric.code])
    by_group = measured.tallies(reader, ask, codes, by, seen if quotes and by else None)
    overlapping = by is not None and overlaps(ask.book, metric, by)
    whole = by_group if by is None else put_together(reader, ask, codes, by_group, overlapping)
    found = measured.measured(ask.book, metric.code, whole).get(WHOLE) or Tally().measured(metric)
    answer: Json = {**shown(metric, found), "alarm": alarm(metric, found)}
    if by is None:
        return answer
    parts = _parts(ask, metric, by, by_group, overlapping, names(by))
    for part in parts if quotes else ():
        part["quotes"] = told.get(part["key"], [])
    answer |= {"by": by, "overlapping": overlapping, "groups": parts}
    if metric.formula is None and not overlapping and metric.measure in ("share", "mean", "nps", "ratio"):
        answer["drivers"] = [
            {"key": one.key, "n": one.n, "value": rounded(metric, one.value), "impact": round(one.impact, 4)}
            for one in drivers(metric, by_group[metric.code])
        ]
    if by in TIMES:
        if metric.formula is None:
            answer["peaks"] = peaks(by_group[metric.code], ask.book.peak)
        answer["chart"] = chart(metric, by, parts)
    return answer


def overlaps(book: Book, metric: Metric, by: str) -> bool:
    """Whether one observation falls into several parts."""
    kinds = [book.metrics[code].kind for code in measured.closure(book, [metric.code])]
    return any(
        (value := book.kinds.kinds[kind].values.get(by)) is not None and value.form == "texts"
        for kind in kinds
        if kind
    )


def put_together(
    reader: Reader,
    ask: Ask,
    codes: Sequence[str],
    by_group: Mapping[str, Mapping[str, Tally]],
    overlapping: bool,
) -> dict[str, dict[str, Tally]]:
    """The parts put together; counted anew where they overlap."""
    if overlapping:
        return measured.tallies(reader, ask, codes)
    found: dict[str, dict[str, Tally]] = {}
    for code, tallies in by_group.items():
        whole = Tally()
        for tally in tallies.values():
            whole.merge(tally)
        found[code] = {WHOLE: whole}
    return found


def _parts(
    ask: Ask,
    metric: Metric,
    by: str,
    by_group: Mapping[str, Mapping[str, Tally]],
    overlapping: bool,
    names: Mapping[str, str],
) -> list[Json]:
    if metric.formula is None:
        found = groups(metric, by_group[metric.code], by, overlapping)
        listed = [(one.key, one.measured, one.share) for one in found]
    else:
        numbers = measured.measured(ask.book, metric.code, by_group)
        order = sorted(numbers) if by in TIMES else sorted(numbers, key=lambda key: (key == UNKNOWN, key))
        listed = [(key, numbers[key], None) for key in order]
    kept = listed[-MOST_GROUPS:] if by in TIMES else listed[:MOST_GROUPS]
    return [
        {"key": key, "name": names.get(key, key), "share": share, **shown(metric, one)}
        for key, one, share in kept
    ]


def chart(metric: Metric, by: str, parts: Sequence[Json]) -> Json:
    """Data of a line chart: points in order of time, and the lines to hold them against with their sources."""
    return {
        "type": "line", "x": by, "unit": metric.unit,
        "points": [{"x": one["key"], "y": one["value"], "n": one["n"]} for one in parts],
        "reference": [{"value": one.value, "name": one.name, "source": one.source} for one in metric.reference],
    }  # fmt: skip


def series(reader: Reader, ask: Ask, metric: Metric, by: str, per: str, names: Names) -> Json:
    """A line of points over `by` for each group of `per`, the largest first; where nothing counted a count is 0."""
    codes = measured.closure(ask.book, [metric.code])
    found = measured.measured(ask.book, metric.code, measured.tallies(reader, ask, codes, by, per=per))
    lines: dict[str, dict[str, Measured]] = {}
    for key, one in found.items():
        x, _, line = key.partition(BESIDE)
        lines.setdefault(line, {})[x] = one
    xs = sorted({x for line in lines.values() for x in line})
    order = sorted(lines, key=lambda line: (-sum(one.n for one in lines[line].values()), line))
    nothing = Measured(0.0 if metric.measure == "count" else None, 0, 0.0, 0.0)
    told = []
    for line in order[:MOST_SERIES]:
        points = [(x, lines[line].get(x, nothing)) for x in xs]
        told.append({
            "key": line, "name": names(per).get(line, line), "n": sum(one.n for _, one in points),
            "points": [{"x": x, "y": rounded(metric, one.value), "n": one.n} for x, one in points],
        })  # fmt: skip
    return {
        "type": "line",
        "x": by,
        "per": per,
        "unit": metric.unit,
        "left_out": len(order) - len(told),
        "series": told,
    }


def board(reader: Reader, ask: Ask, told: Board, names: Names) -> Json:
    """The numbers of a board; with its dimension, one row a group."""
    metrics = [ask.book.metrics[code] for code in told.metrics]
    found = measured.numbers(reader, ask, told.metrics)
    wholes = [(one, found[one.code].get(WHOLE) or Tally().measured(one)) for one in metrics]
    rows = [
        {"code": one.code, "name": one.name, "unit": one.unit, "about": one.about, "better": one.better,
         **shown(one, whole), "alarm": alarm(one, whole)}
        for one, whole in wholes
    ]  # fmt: skip
    answer: Json = {"board": told.code, "name": told.name, "about": told.about, "metrics": rows}
    if told.by is not None:
        parts = measured.numbers(reader, ask, told.metrics, told.by)
        known = names(told.by)
        keys = dict.fromkeys(key for one in parts.values() for key in one)
        answer["by"] = told.by
        answer["groups"] = [
            {"key": key, "name": known.get(key, key),
             "metrics": {one.code: shown(one, parts[one.code].get(key) or Tally().measured(one)) for one in metrics}}
            for key in sorted(keys, key=lambda name: (name == UNKNOWN, name))
        ]  # fmt: skip
    return answer


def events(reader: Reader, ask: Ask, metric: Metric, after: tuple[str, str] | None, limit: int) -> list[Json]:
    """A page of the facts that counted, each with what it adds to numerator and denominator."""
    found = measured.facts(reader, ask, metric, after)
    if metric.repeat is not None and after is not None:
        found = (one for one in found if _behind(one, after))
    counted = ((one, added) for one in found if (added := contribution(metric, one)) is not None)
    return [{**to_json(one), "added": added[0], "of": added[1]} for one, added in islice(counted, limit)]


def masked_event(event: Json) -> Json:
    """An event as it is told: its texts masked, its time as it is."""
    return {name: value if name in ("at", "kind") else masked(value) for name, value in event.items()}


def _behind(one: Observation, after: tuple[str, str]) -> bool:
    at = datetime.fromisoformat(after[0])
    return (one.at, one.id) > (at, after[1])


def masked(value: Any) -> Any:
    """Any JSON value with the personal data of its texts masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: masked(one) for name, one in value.items()}
    return [masked(one) for one in value] if isinstance(value, list) else value
