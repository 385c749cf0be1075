"""The monthly form filled: each indicator's number out of the month's facts, scored, and what was typical of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from api import measured
from api.report_base import Window, item_names, link, reports_policy
from api.report_tables import Table, known
from api.service import Service
from api.store import Reader
from nlp.metrics import where as conditions
from nlp.metrics.definition import Metric
from nlp.metrics.measure import Measured, contribution
from nlp.metrics.observation import Observation
from nlp.reports.monthly import Assessment, Figure, Indicator, Marked, MonthlyForm, assess

Json = dict[str, Any]
Named = Callable[[str], str]
EXAMPLES = 3
"""Conversations a remark leads to."""


@dataclass(slots=True)
class Found:
    """What a metric counted: the sum of its number, and the conversations that a remark tells of, the worst first."""

    told: list[tuple[float, Observation]] = field(default_factory=list)
    total: int = 0

    def add(self, heat: float, one: Observation) -> None:
        self.total += 1
        self.told.append((heat, one))


def filled(
    opened: Service, reader: Reader, tenant: str, form: MonthlyForm, span: Window, team: str | None
) -> Json:
    """The form as clients see it."""
    last = (span.end - timedelta(days=1)).date()
    ask = measured.asked(opened, tenant, span.begin.date(), last)
    if team is not None:
        ask = replace(ask, where=conditions.read({"team": team}))
    metrics, found = ask.book.metrics, {one.code: Found() for one in form.indicators}
    by_metric: dict[str, list[Indicator]] = {}
    for one in form.indicators:
        by_metric.setdefault(one.metric, []).append(one)

    def hear(_: str, metric: Metric, seen: Observation) -> None:
        for indicator in by_metric[metric.code]:
            heat = _heat(indicator, metric, seen)
            if heat is not None:
                found[indicator.code].add(heat, seen)

    tallies = measured.tallies(reader, ask, list(by_metric), seen=hear)
    numbers = {}
    for one in form.indicators:
        groups = measured.measured(ask.book, one.metric, tallies)
        numbers[one.code] = _number(one, metrics[one.metric], groups.get(measured.WHOLE))
    told = assess(form, numbers)
    problems, policy = item_names(opened, tenant), reports_policy(opened)
    remarks = {code: _remark(held, lambda c: policy.problem(c, problems)) for code, held in found.items()}
    return _shown(told, remarks, metrics, span, team)


def _number(one: Indicator, metric: Metric, number: Measured | None) -> Figure:
    if number is None or number.value is None:
        return Figure(None, 0, f"本月没有可计的会话（{metric.about}）")
    return Figure(number.value / one.scale, number.n)


def _heat(one: Indicator, metric: Metric, seen: Observation) -> float | None:
    """How much a conversation speaks against an indicator (or for it); None where it does not."""
    given = contribution(metric, seen)
    if given is None:
        return None
    top, below = given
    if metric.measure in ("share", "reach"):
        return float(top > 0) if (top > 0) == one.tells_for else None
    if metric.measure == "ratio":
        missed = below - top
        return missed if missed > 0 else None
    value = top / one.scale
    return value if one.steps.beyond(value) > 0 else None


def _remark(found: Found, name: Named) -> Json:
    """备注: how many, what is most frequent among them, and the way to the worst of them."""
    found.told.sort(key=lambda pair: (-pair[0], pair[1].at, pair[1].id))
    failed = Counter(code for _, one in found.told for code in one.values.get("failed") or ())
    typical = min(failed, key=lambda code: (-failed[code], code)) if failed else None
    return {
        "count": found.total,
        "typical": None
        if typical is None
        else {"code": typical, "problem": name(typical), "count": failed[typical]},
        "conversations": [
            {
                "conversation": one.subject,
                "result": one.values.get("result"),
                "agent": one.agent,
                "at": one.at.isoformat(),
                "quote": one.values.get("quote"),
                "link": link(one.values.get("result")),
            }
            for _, one in found.told[:EXAMPLES]
        ],
    }


def _told(one: Marked, remark: Json) -> str:
    """The remark in words; empty where there is nothing to say."""
    if not remark["count"]:
        return ""
    typical = remark["typical"]
    most = "" if typical is None else f"，最常见：{typical['problem']}（{typical['count']} 段）"
    said = next((each["quote"] for each in remark["conversations"] if each["quote"]), None)
    return f"{remark['count']} 段{one.indicator.problem}{most}" + (f"；如“{said}”" if said else "")


def _shown(
    told: Assessment,
    remarks: Mapping[str, Json],
    metrics: Mapping[str, Metric],
    span: Window,
    team: str | None,
) -> Json:
    form, query = told.form, f"from={span.begin.date()}&to={(span.end - timedelta(days=1)).date()}"

    def line(one: Marked) -> Json:
        each, remark = one.indicator, remarks[one.indicator.code]
        return {
            "code": each.code,
            "name": each.name,
            "metric": each.metric,
            "definition": metrics[each.metric].about,
            "rule": each.steps.rule(form.options),
            "value": None if one.measured.value is None else round(one.measured.value, 4),
            "told": "不可评" if one.measured.value is None else each.steps.told(one.measured.value),
            "unit": each.steps.unit,
            "n": one.measured.n,
            "points": one.points,
            "why": one.why,
            "remark": {"text": _told(one, remark), **remark},
            "events": f"/v1/metrics/{each.metric}/events?{query}",
        }

    return {
        "name": form.name,
        "version": form.version,
        "digest": form.digest,
        "month": span.begin.strftime("%Y-%m"),
        "from": span.begin.isoformat(),
        "to": span.end.isoformat(),
        "team": team,
        "options": list(form.explain()),
        "points": None if told.points is None else round(told.points, 12),
        "dimensions": [
            {
                "code": part.dimension.code,
                "name": part.dimension.name,
                "weight": part.dimension.weight,
                "weight_in_force": round(part.weight, 12),
                "points": part.points,
                "indicators": [line(one) for one in part.marked],
            }
            for part in told.parts
        ],
    }


def form_table(told: Json) -> Table:
    heads = ("维度", "权重", "指标", "评分规则", "实际", "样本", "得分", "说明", "备注")
    rows = [
        (
            part["name"], f"{100 * part['weight_in_force']:.1f}%", one["name"], one["rule"], one["told"], one["n"],
            known(one["points"]), one["why"], one["remark"]["text"],
        )
        for part in told["dimensions"]
        for one in part["indicators"]
    ]  # fmt: skip
    rows += [
        (
            part["name"],
            f"{100 * part['weight_in_force']:.1f}%",
            "维度得分",
            "",
            "",
            "—",
            known(part["points"]),
            "",
            "",
        )
        for part in told["dimensions"]
    ]
    rows.append(("综合", "100.0%", "综合得分", "", "", "—", known(told["points"]), "", ""))
    return Table("评估", heads, tuple(rows))


def links_table(told: Json) -> Table:
    found = [
        (
            str(case["conversation"]),
            one["name"],
            str(known(case["agent"])),
            str(known(case["quote"])),
            case["link"],
        )
        for part in told["dimensions"]
        for one in part["indicators"]
        for case in one["remark"]["conversations"]
    ]
    rows, links = tuple(one[:4] for one in found), tuple(str(one[4]) for one in found)
    return Table("备注中的会话", ("会话", "指标", "客服", "客户原话（已脱敏）"), rows, None, links)
