"""How a change is told: a number and the one it is held against, for the whole and for its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api import measured
from api.measured import WHOLE, Ask
from api.metric_views import overlaps, put_together, rounded, shown
from api.store import Reader
from nlp.metrics.compare import Compared, compare, compare_measured
from nlp.metrics.definition import Metric
from nlp.metrics.groups import TIMES
from nlp.metrics.measure import Measured, Tally

Json = dict[str, Any]


def compared(reader: Reader, ask: Ask, other: Ask, metric: Metric, by: str | None) -> Json:
    """Both numbers, the change and how sure it is; by a dimension, for every part as well."""
    codes = measured.closure(ask.book, [metric.code])
    parted = by is not None and by not in TIMES
    found = [measured.tallies(reader, one, codes, by if parted else None) for one in (ask, other)]
    overlapping = parted and overlaps(ask.book, metric, str(by))
    whole = [
        put_together(reader, one, codes, tallies, overlapping) if parted else tallies
        for one, tallies in zip((ask, other), found, strict=True)
    ]
    told = _change(metric, _compare(ask, metric, whole[0], whole[1], WHOLE))
    if parted:
        keys = dict.fromkeys(key for one in found for code in codes for key in one[code])
        told["groups"] = [
            {"key": key, **_change(metric, _compare(ask, metric, found[0], found[1], key))}
            for key in sorted(keys)
        ]
    return told


Found = Mapping[str, Mapping[str, Tally]]


def _compare(ask: Ask, metric: Metric, now: Found, before: Found, key: str) -> Compared:
    if metric.formula is None:
        return compare(metric, now[metric.code].get(key, Tally()), before[metric.code].get(key, Tally()))
    nothing = Measured(None, 0, 0.0, 0.0)
    one, other = (
        measured.measured(ask.book, metric.code, found).get(key, nothing) for found in (now, before)
    )
    return compare_measured(metric, one, other)


def _change(metric: Metric, found: Compared) -> Json:
    """`delta` is in the unit (points of a share), `percent` relative to before."""
    spread = found.interval
    return {
        "now": shown(metric, found.now), "before": shown(metric, found.before),
        "delta": rounded(metric, found.delta), "percent": None if found.percent is None else round(found.percent, 2),
        "delta_unit": "百分点" if metric.unit == "%" else metric.unit,
        "interval": None if spread is None else [rounded(metric, one) for one in spread],
        "p": None if found.p is None else round(found.p, 4), "sure": found.sure, "verdict": found.verdict,
    }  # fmt: skip
