"""The weekly report of the worked week: its numbers, the same in every form, and the way down to the turns."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import httpx
import pytest
import python_calamine

from api.report_tables import tables
from nlp.metrics.observation import Observation
from tests.api.reporting import DATE, observe, tenant
from tests.api.serving import Site, problem
from tests.nlp.reports.worked import conversation, week

TENANT = "weekly"


@pytest.fixture(scope="module")
def own(site: Site) -> Site:
    """The worked week, with what some customers said."""
    words = (
        "退款都半个月了还没到账，电话 13812345678",
        "退款一直不到账",
        "客服爱答不理",
        "退款审核太久了，急",
    )
    told = [
        conversation(f"q{at}", at % 5, "A1", complained=True, path=["complaint"], quote=text)
        for at, text in enumerate(words)
    ]
    tenant(site, TENANT, [*week(), *told])
    return site


def _report(own: Site, period: str, date: str = DATE, **more: str) -> httpx.Response:
    return own.client("supervisor", TENANT).get(f"/v1/reports/{period}", params={"date": date, **more})


def _weekly(own: Site) -> dict[str, Any]:
    answer = _report(own, "weekly")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_R111_the_weekly_report_has_its_sections(own: Site) -> None:
    """Of an ISO week from Monday: scores, top violations, trend, agents, examples, themes."""
    told = _weekly(own)
    assert (told["from"], told["to"]) == ("2026-11-16T00:00:00+08:00", "2026-11-23T00:00:00+08:00")
    assert (told["quality"]["scored"], told["quality"]["mean"]) == (104, 82.31)  # 8200 + 4 · 90 = 8560
    assert (told["scores"]["n_before"], told["scores"]["delta"]) == (0, None)
    assert [one["problem"] for one in told["violations"]] == ["未使用结束语", "未使用开场白"]
    assert [one["scored"] for one in told["days"]] == [21, 21, 21, 21, 20, 0, 0]
    assert [one["name"] for one in told["people"]["agents"]] == ["A1", "A2", "B1"]
    assert [(one["place"], one["name"]) for one in told["ranking"]["places"]] == [(1, "甲组"), (2, "乙组")]
    (closing, _) = told["examples"]
    assert [one["conversation"] for one in closing["conversations"]] == ["b1-0", "b1-1"]
    assert closing["conversations"][0]["link"].startswith("/supervisor#/")
    for field in ("routes", "handoffs", "suggestions", "search", "adherence"):
        assert field in told


def test_R111_the_same_numbers_in_every_form(own: Site) -> None:
    """Every cell of every table is the same on the page, in the workbook and in Markdown, and made of the JSON."""
    told = _weekly(own)
    wanted = [(table.title, *(str(cell) for row in table.rows for cell in row)) for table in tables(told, {})]
    page = _report(own, "weekly", format="html").text
    sections = re.findall(r"<h2>(.*?)</h2>(.*?)(?=<h2>|</html>)", page, re.DOTALL)
    shown = [
        (html.unescape(title), *(html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in _cells(body)))
        for title, body in sections
    ]
    assert shown == wanted
    book = _report(own, "weekly", format="xlsx").content
    rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    cells = [_number(cell) for row in rows for cell in row if cell != ""]
    for _, *body in wanted:
        for cell in filter(None, body):
            assert _number(cell) in cells
    markdown = _report(own, "weekly", format="md")
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert "| 未使用结束语 4.8% | 5 | 4.8% \\[2.1, 10.8\\] |" in markdown.text


def _cells(body: str) -> list[str]:
    """The cells of a section without those that hold a bar alone."""
    return [cell for cell in re.findall(r"<td[^>]*>(.*?)</td>", body, re.DOTALL) if "<svg" not in cell]


def _number(cell: object) -> str:
    try:
        return f"{float(str(cell)):g}"
    except ValueError:
        return str(cell)


def test_R163_numbers_stand_beside_a_few_masked_words(own: Site) -> None:
    """Each theme has its count and at most three quotes, personal data masked."""
    told = _weekly(own)["voices"]
    refund = next(one for one in told["themes"] if one["code"] == "refund")
    assert (told["voices"], refund["negative"], refund["share"]) == (4, 3, 0.75)
    quotes = [quote["text"] for quote in refund["quotes"]]
    assert quotes == ["退款一直不到账", "退款审核太久了，急", "退款都半个月了还没到账，电话 [手机号]"]
    assert all(len(one["quotes"]) <= 3 for one in told["themes"])
    assert "13812345678" not in _report(own, "weekly", format="html").text


def test_R110_a_violation_leads_to_its_conversations(own: Site) -> None:
    """The drill gives as many conversations as the table counts, worst first; of one agent or team when asked."""
    supervisor = own.client("supervisor", TENANT)
    way = "/v1/reports/weekly/violations/closing"
    told = supervisor.get(way, params={"date": DATE}).json()
    assert (told["problem"], told["count"], len(told["conversations"])) == ("未使用结束语", 5, 5)
    assert supervisor.get(way, params={"date": DATE, "team": "甲组"}).json()["count"] == 0
    assert supervisor.get(way, params={"date": DATE, "agent": "B1", "limit": 2}).json()["count"] == 5
    problem(supervisor.get("/v1/reports/weekly/violations/A%20B"), 422, "invalid")
    problem(own.client("agent", TENANT).get(way), 403, "forbidden")


def test_R137_the_days_of_the_interface_add_up_to_the_week(own: Site) -> None:
    """The facts of seven daily reports, summed, are those of the weekly one; five weeks' days are the month's."""
    from nlp.reports.facts import summed

    days = [_report(own, "daily", f"2026-11-{day}").json()["facts"] for day in range(16, 23)]
    assert summed(days) == _weekly(own)["facts"]
    month = [_report(own, "daily", f"2026-11-{day:02d}").json()["facts"] for day in range(1, 31)]
    assert summed(month) == _report(own, "monthly").json()["facts"]


def test_R130_the_daily_report_lists_exceptions(own: Site) -> None:
    """Vetoes first, then scores below the site's line, with what was wrong."""
    told = _report(own, "daily", "2026-11-20").json()
    assert [(one["conversation"], one["veto"], one["problems"]) for one in told["exceptions"]] == [
        ("b1-4", True, ["未使用结束语"])
    ]
    assert told["emerging"]["alarms"] == []


def test_R165_a_new_complaint_is_told_on_its_day(site: Site) -> None:
    """Eight people complain of a thing never heard of before: the daily report names it."""
    name = tenant(site, "news")
    usual = ("退款一直没到账", "快递太慢了", "客服没人理", "发票开错了")

    def said(at: int, day: int, text: str) -> Observation:
        return conversation(
            f"v{day}-{at}", day, complained=True, path=["complaint"], quote=text, customer=f"c{at}"
        )

    observe(site, name, (said(at, day, usual[at % 4]) for day in range(-28, 1) for at in range(12)))
    observe(site, name, (said(100 + at, 0, "充电宝鼓包了") for at in range(8)))
    told = site.client("supervisor", name).get("/v1/reports/daily", params={"date": "2026-11-16"}).json()
    (alarm,) = told["emerging"]["alarms"]
    assert (alarm["name"], alarm["count"], alarm["expected"]) == ("充电宝鼓包了", 8, 0.0)
    assert told["emerging"]["false_alarms"] == 0.01
    quiet = site.client("supervisor", name).get("/v1/reports/daily", params={"date": "2026-11-15"}).json()
    assert quiet["emerging"]["alarms"] == []


def test_R111_an_instrumented_cell_stays_text(site: Site) -> None:
    """A name that looks like a formula is text in the workbook, and harmless on the page."""
    name = tenant(site, "formula", [conversation("x", 0, "=1+1", "<script>alert(1)</script>")])
    client = site.client("quality", name)
    page = client.get("/v1/reports/weekly", params={"date": DATE, "format": "html"}).text
    assert "<script" not in page
    book = client.get("/v1/reports/weekly", params={"date": DATE, "format": "xlsx"}).content
    rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert "=1+1" in [cell for row in rows for cell in row]


def test_R111_the_page_has_charts(own: Site) -> None:
    """The course of the mean and the violations with their intervals are drawn without a script."""
    page = _report(own, "weekly", format="html").text
    course, wrong = re.findall(r"<figure>.*?</figure>", page, re.DOTALL)
    assert "<title>平均分：11-16 82.38；" in course
    assert course.count("<circle") == 5
    assert "<title>违规占比（横线为 95% 区间）：未使用结束语 4.8%；未使用开场白 1.9%</title>" in wrong
    assert wrong.count("<rect") == 2
    assert "<script" not in page


def test_R142_mystery_shoppers_change_no_number(site: Site) -> None:
    """A conversation that is marked as a mystery shopper's counts in no report."""
    name = tenant(site, "secret", [conversation("m1"), conversation("m2", score=10.0)])
    marked = {"transcript_id": "m2", "scenario": "要求退货，坚持见主管"}
    assert site.client("quality", name).post("/v1/quality/mystery", json=marked).status_code == 201
    told = site.client("supervisor", name).get("/v1/reports/weekly", params={"date": DATE}).json()
    assert (told["quality"]["scored"], told["quality"]["mean"]) == (1, 90.0)
