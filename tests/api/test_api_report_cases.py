"""Cases to discuss, themes and what is new through the interface; a ruling moves the reports."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.reporting import DATE, tenant
from tests.api.serving import Site, problem
from tests.nlp.reports.worked import conversation, week

NAME = "discussed"
PHONE = "13812345678"


@pytest.fixture(scope="module")
def own(site: Site) -> Site:
    """The worked week and a few words with a telephone number in them."""
    told = [
        conversation(
            "talk",
            2,
            complained=True,
            path=["complaint"],
            quote=f"快递太慢了，打 {PHONE}",
            failed=["rude"],
            score=20.0,
        )
    ]
    tenant(site, NAME, [*week(), *told])
    return site


def test_R128_cases_of_the_month_masked_with_reasons(own: Site) -> None:
    """At most so many of each kind, each with its reason and the way to it; personal data is covered."""
    supervisor = own.client("supervisor", NAME)
    told = supervisor.get("/v1/reports/cases", params={"date": DATE, "each": 2}).json()
    assert [(one["why"], one["conversation"]) for one in told["cases"]] == [
        ("best", "a1-0"), ("best", "a1-5"), ("worst", "b1-4"), ("worst", "talk"),
    ]  # fmt: skip
    assert told["cases"][3]["reason"] == "20 分：态度恶劣"
    assert told["cases"][3]["quote"] == "快递太慢了，打 [手机号]"
    page = supervisor.get("/v1/reports/cases", params={"date": DATE, "format": "html"}).text
    assert PHONE not in page
    assert "一票否决，70 分：结束语" in page
    assert supervisor.get("/v1/reports/cases", params={"date": DATE, "format": "xlsx"}).content[:2] == b"PK"
    problem(own.client("agent", NAME).get("/v1/reports/cases"), 403, "forbidden")


def test_R163_R168_themes_by_aspect(own: Site) -> None:
    """The aspects of a span's complaints, with their words and quotes."""
    told = own.client("quality", NAME).get("/v1/reports/themes", params={"date": DATE}).json()
    assert [(one["code"], one["negative"]) for one in told["themes"]] == [("delivery", 1)]
    assert told["themes"][0]["opinions"] == [{"text": "太慢", "count": 1}]
    assert told["themes"][0]["quotes"][0]["text"] == "快递太慢了，打 [手机号]"


def test_B29_the_alarm_tells_its_test(own: Site) -> None:
    """Without a past there is no alarm; the answer states the rate of false ones and the test."""
    told = own.client("quality", NAME).get("/v1/reports/emerging", params={"date": DATE}).json()
    assert (told["alarms"], told["voices"], told["before"]) == ([], 1, 0)
    assert "误报的概率不超过 1%" in told["definition"]


def _scored(client: httpx.Client, name: str) -> dict[str, Any]:
    body = {
        "transcript": {
            "id": name, "agent": {"id": "R7", "team": "丙组"}, "started_at": "2026-11-18T10:00:00+08:00",
            "turns": [{"role": "customer", "text": "退款怎么还没到"}, {"role": "agent", "text": "不归我管，自己等着"}],
        }
    }  # fmt: skip
    answer = client.post("/v1/quality/score", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_R137_a_ruling_moves_the_report_and_makes_a_dispute(site: Site) -> None:
    """A review that takes a violation back: one less in the report, the mean moves, the case is disputed."""
    name = tenant(site, "ruled")
    scored = _scored(site.client("quality", name), "d-1")
    supervisor = site.client("supervisor", name)
    weekly = {"date": DATE}
    before = supervisor.get("/v1/reports/weekly", params=weekly).json()
    assert "forbidden_word" in before["facts"]["failed"]
    assert before["quality"]["mean"] == scored["score"]
    drill = supervisor.get("/v1/reports/weekly/violations/forbidden_word", params=weekly).json()
    assert [one["conversation"] for one in drill["conversations"]] == ["d-1"]
    assert [spot["text"] for spot in drill["conversations"][0]["evidence"]] == ["不归我管"]
    ruled = supervisor.post(
        f"/v1/quality/results/{scored['id']}/review",
        json={"items": {"forbidden_word": "pass"}, "reason": "客户原话，客服复述"},
    )
    assert ruled.status_code in (200, 201), ruled.text
    after = supervisor.get("/v1/reports/weekly", params=weekly).json()
    assert "forbidden_word" not in after["facts"]["failed"]
    assert after["quality"]["mean"] > before["quality"]["mean"]
    cases = supervisor.get("/v1/reports/cases", params=weekly).json()["cases"]
    (disputed,) = [one for one in cases if one["why"] == "disputed"]
    assert disputed["reason"].startswith("改判 1 次，分数变动 +")
