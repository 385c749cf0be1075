"""Audit, ranking, stars and the weekly meeting through the interface."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.ics import Event, calendar
from tests.api.reporting import DATE, tenant
from tests.api.serving import Site, problem
from tests.nlp.reports.worked import week

NAME = "audited"


@pytest.fixture(scope="module")
def own(site: Site) -> Site:
    """The worked week."""
    tenant(site, NAME, week())
    return site


def _get(own: Site, way: str, **params: str) -> httpx.Response:
    answer = own.client("quality", NAME).get(way, params={"date": DATE, **params})
    assert answer.status_code == 200, answer.text
    return answer


def test_R134_R135_the_audit_of_the_month(own: Site) -> None:
    """Three rates of each team against their targets, and the list of who fails which."""
    told = _get(own, "/v1/audits/monthly").json()
    assert (told["from"], told["to"]) == ("2026-11-01T00:00:00+08:00", "2026-12-01T00:00:00+08:00")
    assert [one["name"] for one in told["overall"]["rates"]] == ["执行率", "达标率", "客户投诉率"]
    assert told["failed"] == [{"team": "乙组", "rates": ["attainment", "complaints"]}]
    page = _get(own, "/v1/audits/monthly", format="html").text
    assert "执行率 = 通过的规则 ÷ 适用的规则" in page
    assert "<td>乙组</td><td>达标率、客户投诉率</td>" in page
    assert _get(own, "/v1/audits/monthly", format="xlsx").content[:2] == b"PK"
    problem(own.client("agent", NAME).get("/v1/audits/monthly"), 403, "forbidden")
    problem(own.client("quality", NAME).get("/v1/audits/yearly"), 422, "invalid")


def test_R136_the_ranking_is_a_list_only(own: Site) -> None:
    """Places with their sample; nothing follows from them, and the page says so."""
    told = _get(own, "/v1/audits/monthly/ranking").json()
    assert [(one["place"], one["name"], one["n"]) for one in told["places"]] == [
        (1, "甲组", 70),
        (2, "乙组", 30),
    ]
    assert "不产生任何人事动作" in told["note"]
    assert _get(own, "/v1/audits/weekly/ranking", format="html").text.count("<tr>") == 3


def test_R140_stars_with_their_evidence(own: Site) -> None:
    """Points by the formula that is told, and the praised conversations first."""
    told = _get(own, "/v1/audits/monthly/stars").json()
    assert [(one["place"], one["name"], one["points"]) for one in told["places"]] == [
        (1, "A1", 93.0),
        (2, "B1", 49.0),
    ]
    assert told["places"][0]["praise"] == {"count": 10, "share": 0.2}
    assert [one["conversation"] for one in told["places"][0]["evidence"]] == ["a1-0", "a1-5", "a1-1"]
    assert told["formula"].startswith("综合分 = 0.7 × 平均分")
    assert told["left_out"] == [{"name": "A2", "reason": "只有 20 段会话，少于 30 段，不排名"}]
    assert "A1" in _get(own, "/v1/audits/monthly/stars", format="html").text


def _meeting(own: Site, **more: Any) -> dict[str, Any]:
    body = {"at": "2026-11-23T10:00:00+08:00", "attendees": ["S001", "li@example.com"], **more}
    answer = own.client("supervisor", NAME).post("/v1/reports/meetings", json=body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_R133_the_agenda_is_made_of_the_week(own: Site) -> None:
    """Time, host and attendees as given; the agenda tells the week before: score, violations, failing teams."""
    told = _meeting(own)
    assert (told["data"]["week"], told["data"]["host"], told["owner"]) == (
        "2026-11-16", f"supervisor-{NAME}", f"supervisor-{NAME}",
    )  # fmt: skip
    assert told["data"]["agenda"] == [
        "遗留改进项：无", "本周质检 100 段，平均 82.0 分", "问题：未使用结束语 5.0%（5 段）", "问题：未使用开场白 2.0%（2 段）",
        "未达稽核标准的团队：乙组", "议定本周改进项与负责人",
    ]  # fmt: skip
    listed = own.client("quality", NAME).get("/v1/reports/meetings", params={"week": "2026-11-17"}).json()
    assert told["id"] in [one["id"] for one in listed["meetings"]]
    supervisor = own.client("supervisor", NAME)
    held = {"move": "hold", "fields": {"conclusions": ["结束语纳入晨会"], "attended": ["S001"]}}
    assert supervisor.post(f"/v1/cases/{told['id']}/moves", json=held).json()["state"] == "held"
    problem(supervisor.post("/v1/reports/meetings", json={"attendees": ["a"]}), 422, "invalid")


def _unfolded(content: bytes) -> list[str]:
    """The lines of an iCalendar file, as RFC 5545 has them read; each physical line is checked."""
    assert content.endswith(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert all(len(one) <= 75 for one in content.split(b"\r\n"))
    return content.replace(b"\r\n ", b"").decode("utf-8").removesuffix("\r\n").split("\r\n")


def test_R133_the_meeting_goes_into_any_calendar(own: Site) -> None:
    """The file has what RFC 5545 asks for, in Chinese, folded within characters; moved, it grows in sequence."""
    told = _meeting(own, minutes=90, place="三楼，会议室；A", host="Q001")
    answer = own.client("supervisor", NAME).get(f"/v1/reports/meetings/{told['id']}.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    lines = _unfolded(answer.content)
    assert [lines[0], lines[5], lines[-2], lines[-1]] == [
        "BEGIN:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    names = [re.split("[:;]", line)[0] for line in lines]
    for name in (
        "VERSION",
        "PRODID",
        "UID",
        "DTSTAMP",
        "DTSTART",
        "DTEND",
        "SUMMARY",
        "ORGANIZER",
        "SEQUENCE",
    ):
        assert names.count(name) == 1
    assert "DTSTART:20261123T020000Z" in lines
    assert "DTEND:20261123T033000Z" in lines
    assert "LOCATION:三楼，会议室；A" in lines
    assert 'ATTENDEE;CN="li@example.com":mailto:li@example.com' in lines
    assert "SEQUENCE:0" in lines
    later = {"move": "reschedule", "fields": {"at": "2026-11-24T10:00:00+08:00"}}
    assert own.client("supervisor", NAME).post(f"/v1/cases/{told['id']}/moves", json=later).status_code == 200
    lines = _unfolded(own.client("supervisor", NAME).get(f"/v1/reports/meetings/{told['id']}.ics").content)
    assert "DTSTART:20261124T020000Z" in lines
    assert "SEQUENCE:1" in lines


def test_R133_text_in_a_calendar_is_escaped() -> None:
    """Commas, semicolons, backslashes and line breaks are escaped; quotes and control characters cannot break out."""
    event = Event(
        "u", datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 23, 2, tzinfo=UTC), 60,
        "a,b;c\\d\nBEGIN:VEVENT", "议程" * 60, None, 'x"\r\nEND:VEVENT', ["王;工"], 3, cancelled=True,
    )  # fmt: skip
    lines = _unfolded(calendar(event))
    assert "SUMMARY:a\\,b\\;c\\\\d\\nBEGIN:VEVENT" in lines
    assert f"DESCRIPTION:{'议程' * 60}" in lines
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 1
    organiser = next(line for line in lines if line.startswith("ORGANIZER"))
    assert organiser.startswith('ORGANIZER;CN="xEND:VEVENT":urn:zuoxi:')
    assert 'ATTENDEE;CN="王;工":urn:zuoxi:' in "\n".join(lines)
    assert {"STATUS:CANCELLED", "METHOD:CANCEL", "SEQUENCE:3"} <= set(lines)
    assert event.start + timedelta(minutes=event.minutes) == datetime(2026, 11, 23, 3, tzinfo=UTC)
