"""Doors of the monthly audit: three rates of each team, the ranking of teams, the candidates for the star."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from api.deps import Json, Opened, Overseer
from api.measured import counting
from api.report_base import Window, daily_facts, day_of, link, reports_policy, seen, window
from api.report_content import ranked
from api.report_forms import FRAME, attached
from api.report_pages import page, workbook
from api.report_tables import Table, interval, known, percent
from api.store import Reader
from nlp.metrics.observation import Observation
from nlp.reports.audit import audit
from nlp.reports.policy import Period
from nlp.reports.standing import ranking, star_formula, stars

router = APIRouter(prefix="/v1/audits", tags=["audits"])
Day = Annotated[str | None, Query(max_length=10, examples=["2026-11-03"])]
Format = Literal["json", "html", "xlsx"]
EVIDENCE = 3
"""Conversations shown for a candidate: the praised ones first, then the best."""
MET = {True: "达标", False: "未达标", None: "—"}


def _answer(told: Json, title: str, given: Sequence[Table], notes: Sequence[str], form: Format) -> Response:
    if form == "json":
        return JSONResponse(told)
    if form == "html":
        return HTMLResponse(page(title, given, notes=notes), headers={"Content-Security-Policy": FRAME})
    return attached(workbook(title, given, notes), f"{told['code']}-{told['from'][:10]}.xlsx")


def _span(span: Window) -> Json:
    return {"from": span.begin.isoformat(), "to": span.end.isoformat()}


@router.get("/{period}", response_class=Response)
async def read_audit(
    period: Period, opened: Opened, grant: Overseer, date: Day = None, format: Format = "json"
) -> Response:
    """月稽核 (and the same of a day or a week): 执行率, 达标率, 客户投诉率 against their targets; who fails which."""
    zone, policy = ZoneInfo(opened.settings.timezone), reports_policy(opened)
    span = window(period, day_of(date, zone), zone)

    def unit(reader: Reader) -> Json:
        total, _ = daily_facts(reader, grant.tenant, span, zone, policy.audit.pass_score)
        return audit(total, policy.audit)

    told = await counting(opened.store, unit)
    whole = {"code": "audit", "period": period, **_span(span), **told, "policy": policy.version}
    title = f"质量稽核 {span.begin.date()} 起，至 {span.end.date()} 零时"
    return _answer(whole, title, [_rates(told), _failed(told)], _definitions(told), format)


def _definitions(told: Json) -> list[str]:
    return [f"{one['name']} = {one['definition']}" for one in told["overall"]["rates"]]


def _rates(told: Json) -> Table:
    return Table(
        "三率",
        ("团队", "指标", "实际与 95% 区间", "目标", "结论", "备注"),
        tuple(
            (
                team["name"],
                rate["name"],
                interval(rate),
                percent(rate["target"]),
                MET[rate["met"]],
                team["reason"],
            )
            for team in (told["overall"], *told["teams"])
            for rate in team["rates"]
        ),
    )


def _failed(told: Json) -> Table:
    names = {one["code"]: one["name"] for one in told["overall"]["rates"]}
    rows = tuple((one["team"], "、".join(names[code] for code in one["rates"])) for one in told["failed"])
    return Table("未通过的团队", ("团队", "未达标的指标"), rows)


@router.get("/{period}/ranking", response_class=Response)
async def read_ranking(
    period: Period, opened: Opened, grant: Overseer, date: Day = None, format: Format = "json"
) -> Response:
    """Teams ranked where there is enough to go by; a list to look at, nothing follows from it."""
    zone, policy = ZoneInfo(opened.settings.timezone), reports_policy(opened)
    span = window(period, day_of(date, zone), zone)

    def unit(reader: Reader) -> Json:
        total, _ = daily_facts(reader, grant.tenant, span, zone, policy.audit.pass_score)
        return ranked(ranking(total["teams"], policy.ranking))

    told = await counting(opened.store, unit)
    note = f"按平均分排名；少于 {policy.ranking.least} 段会话的团队不排名；只供参考，不产生任何人事动作"
    whole = {
        "code": "ranking", "period": period, **_span(span), **told,
        "least": policy.ranking.least, "ties": list(policy.ranking.ties), "note": note,
    }  # fmt: skip
    return _answer(
        whole, f"团队排名 {span.begin.date()} 起", [_places(told, "团队", "平均分")], [note], format
    )


def _places(told: Json, who: str, what: str) -> Table:
    rows = [(one["name"], one["place"], one["points"], one["n"], one["why"]) for one in told["places"]]
    rows += [(one["name"], "—", "—", "—", one["reason"]) for one in told["left_out"]]
    return Table("名次", (who, "名次", what, "会话", "说明"), tuple(rows))


@router.get("/{period}/stars", response_class=Response)
async def read_stars(
    period: Period, opened: Opened, grant: Overseer, date: Day = None, format: Format = "json"
) -> Response:
    """服务之星: candidates by score and praise, with the conversations that speak for them."""
    zone, policy = ZoneInfo(opened.settings.timezone), reports_policy(opened)
    span = window(period, day_of(date, zone), zone)

    def unit(reader: Reader) -> Json:
        total, _ = daily_facts(reader, grant.tenant, span, zone, policy.audit.pass_score)
        found = stars(total["agents"], policy.stars)
        told = ranked(found)
        for place, one in zip(told["places"], found.places, strict=True):
            praised = one.sums["praised"] / one.sums["conversations"]
            place["praise"] = {"count": one.sums["praised"], "share": round(praised, 4)}
            place["evidence"] = _evidence(seen(reader, grant.tenant, span, about={"agent": one.name}))
        return told

    told = await counting(opened.store, unit)
    formula = star_formula(policy.stars)
    whole = {"code": "stars", "period": period, **_span(span), **told, "formula": formula}
    shown = Table(
        "候选人的依据",
        ("客服", "会话", "得分", "客户表扬", "客户原话（已脱敏）"),
        tuple(
            (one["name"], str(each["conversation"]), known(each["score"]), "是" if each["praised"] else "", str(known(each["quote"])))
            for one in told["places"]
            for each in one["evidence"]
        ),
    )  # fmt: skip
    title = f"服务之星候选 {span.begin.date()} 起"
    return _answer(whole, title, [_places(told, "客服", "综合分"), shown], [formula], format)


def _evidence(found: Iterable[Observation]) -> list[Json]:
    every = list(found)
    every.sort(
        key=lambda one: (not one.values.get("praised"), -float(one.values.get("score") or 0), one.at, one.id)
    )
    return [
        {
            "conversation": one.subject,
            "score": one.values.get("score"),
            "praised": bool(one.values.get("praised")),
            "quote": one.values.get("quote"),
            "link": link(one.values.get("result")),
        }
        for one in every[:EVIDENCE]
    ]
