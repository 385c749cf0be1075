"""The quarter's pack: its numbers are those of its months, summed."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from api.errors import Problem
from api.quarter import months_of
from api.store import Writer, fact_tables, keys, schema
from nlp.reports.facts import added
from tests.api.serving import Site, problem

TENANT = "quarters"
ZONE = ZoneInfo("Asia/Shanghai")
MOMENTS = (
    "2021-06-30T15:59:59.999+00:00",  # still June in Shanghai
    "2021-06-30T16:00:00.000+00:00",
    "2021-07-20T03:00:00.000+00:00",
    "2021-08-10T03:00:00.000+00:00",
    "2021-09-30T15:59:59.999+00:00",
    "2021-09-30T16:00:00.000+00:00",  # October
)


@pytest.fixture(scope="module")
def own(site: Site) -> Site:
    """A tenant with six of everything, dated around and within the third quarter."""
    made: dict[tuple[str, str], str] = {}

    def unit(writer: Writer) -> None:
        keys.ensure_tenant(writer, TENANT, TENANT)
        for scope in keys.SCOPES:
            made[(TENANT, scope)] = keys.create(writer, TENANT, scope, {"id": f"{scope}-q"})

    site.service.store.write(unit)
    site.secrets.update(made)
    bot, editor, quality = (site.client(scope, TENANT) for scope in ("bot", "editor", "quality"))
    for at, moment in enumerate(MOMENTS):
        entry = {"id": f"e{at % 4}", "kind": "faq", "title": "退款多久到账", "text": f"{at} 个工作日"}
        done = editor.post("/v1/kb/entries", json=entry)
        if done.status_code == 409:
            assert editor.put(f"/v1/kb/entries/{entry['id']}", json=entry).status_code == 200
        bot.post("/v1/tickets/route", json={"text": "我要投诉你们客服态度太差，骂人"})
        bot.post("/v1/suggest", json={"query": "退款多久到账"})
        bot.post("/v1/suggest", json={"query": f"充电桩能装在第{at}层吗"})
        turns = [{"role": "customer", "text": "退款呢"}, {"role": "agent", "text": f"您好，马上查，第{at}次"}]
        body = {"id": f"t{at}", "category": "complaint_attitude", "turns": turns}
        assert quality.post("/v1/quality/score", json={"transcript": body}).status_code == 200
        site.service.store.write(partial(_date, moment=moment))
    return site


def _date(writer: Writer, moment: str) -> None:
    """Everything of the tenant that happened just now happened at `moment`."""
    for table in (schema.decisions, fact_tables.observations, schema.releases):
        recent = (table.c.tenant == TENANT) & (table.c.at > "2022-02-01")
        writer.execute(table.update().where(recent).values(at=moment))


def _pack(site: Site, quarter: str = "2021Q3") -> dict[str, Any]:
    answer = site.client("supervisor", TENANT).get("/v1/kb/quarter", params={"quarter": quarter})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_R064_the_quarter_is_the_sum_of_its_months(own: Site) -> None:
    """Every number of the total is that of the months added up; the neighbours' edges stay out."""
    told = _pack(own)
    assert (told["from"], told["to"]) == ("2021-07-01T00:00:00+08:00", "2021-10-01T00:00:00+08:00")
    months = told["months"]
    assert [one["month"] for one in months] == ["2021-07", "2021-08", "2021-09"]
    for group, names in {
        "changes": ("releases", "added", "changed", "removed", "published"),
        "coverage": ("asked", "answered"),
        "gaps": ("questions",),
    }.items():
        for name in names:
            assert told["total"][group][name] == sum(one[group][name] for one in months), (group, name)
    assert [one["coverage"]["asked"] for one in months] == [4, 2, 2]
    assert [one["changes"]["releases"] for one in months] == [2, 1, 1]
    assert told["total"]["changes"] == {"releases": 4, "added": 3, "changed": 1, "removed": 0, "published": 0}
    assert told["total"]["complaints"] == {"complaint_attitude": 4}
    assert told["total"]["coverage"]["answered"] == 4
    assert told["total"]["coverage"]["rate"] == 0.5
    quality = told["total"]["quality"]["complaint"]
    assert quality["scored"] == sum(one["quality"]["complaint"]["scored"] for one in months) == 4
    for name in ("points", "passed", "failed", "vetoes"):
        assert quality[name] == pytest.approx(sum(one["quality"]["complaint"][name] for one in months))
    assert quality["mean"] == round(quality["points"] / 4, 2)


def test_R064_months_are_those_of_the_monthly_report(own: Site) -> None:
    """What the monthly report counts is what the pack counts of the month."""
    for one in _pack(own)["months"]:
        params = {"date": f"{one['month']}-15"}
        report = own.client("supervisor", TENANT).get("/v1/reports/monthly", params=params).json()
        assert report["quality"]["scored"] == one["quality"]["complaint"]["scored"]
        assert report["suggestions"]["made"] == one["coverage"]["asked"]
        assert report["routes"]["by_leaf"]["complaint_attitude"] == one["complaints"]["complaint_attitude"]
        assert report["quality"]["mean"] == one["quality"]["complaint"]["mean"]


def test_R064_pain_points_are_told_by_month(own: Site) -> None:
    """A gap's months add up to its count; complaints have their names."""
    told = _pack(own)["pain_points"]
    (gap,) = told["gaps"]
    assert (gap["count"], gap["by_month"]) == (4, [2, 1, 1])
    assert "充电桩" in gap["title"]
    assert told["complaints"] == [{"code": "complaint_attitude", "name": "服务态度", "count": 4}]


def test_R064_any_quarter_has_a_pack(own: Site, agent: httpx.Client) -> None:
    """An empty quarter is zeros, the fourth ends with the year, other words are refused."""
    empty = _pack(own, "2020-Q1")
    assert empty["quarter"] == "2020Q1"
    assert empty["total"]["coverage"] == {"asked": 0, "answered": 0, "rate": None}
    assert empty["total"]["quality"] == {}
    assert _pack(own, "2021Q4")["to"] == "2022-01-01T00:00:00+08:00"
    for quarter in ("2021Q5", "2021", "Q32021"):
        wrong = own.client("editor", TENANT).get("/v1/kb/quarter", params={"quarter": quarter})
        problem(wrong, 422, "invalid")
    problem(agent.get("/v1/kb/quarter"), 403, "forbidden")


def test_quarters_have_three_months() -> None:
    """The present quarter without a name; a year that is none is refused."""
    name, months = months_of(None, date(2026, 11, 22), ZONE)
    assert name == "2026Q4"
    assert [one.begin.month for one in months] == [10, 11, 12]
    with pytest.raises(Problem):
        months_of("1999Q1", date(2026, 1, 1), ZONE)


def test_tables_of_numbers_add_up() -> None:
    """Names that only one part has are kept, tables within tables are added too."""
    assert added([{"a": 1, "b": {"x": 2}}, {"b": {"x": 3, "y": 1}, "c": 4}]) == {
        "a": 1, "b": {"x": 5, "y": 1}, "c": 4,
    }  # fmt: skip
    assert added([]) == {}
