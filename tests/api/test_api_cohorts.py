"""The cohort report: exact on a fixture, by days since the start, with suggestions and without."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.cohort_table import Events, by_arm, day_of, table
from api.store import Writer, keys
from tests.api.serving import Site, problem, say, start

START = datetime(2026, 11, 2, tzinfo=UTC)
TENANT = "cohorts"


def _on(day: float) -> datetime:
    return START + timedelta(days=day - 1, hours=1)


EVENTS = Events(
    acts=[
        ("A1", _on(1), "s1", "shown"), ("A1", _on(1), "s1", "sent"), ("A1", _on(2), "s2", "shown"),
        ("A2", _on(3), "s3", "shown"), ("A2", _on(3), "s3", "dismissed"), ("A1", _on(8), "s4", "inserted"),
    ],
    scores=[("A1", _on(1), 60.0), ("A2", _on(2), 71.0), ("A1", _on(9), 90.0), ("A3", _on(1), 10.0)],
    handled=[("A1", _on(1), 300.0), ("A2", _on(3), 500.0), ("A1", _on(10), 200.0)],
)  # fmt: skip


def _row(rows: list[dict[str, Any]], last: int) -> dict[str, Any]:
    return next(one for one in rows if one["to_day"] == last)


def test_R049_the_cohort_table_is_exact() -> None:
    """Each span of days counts its own events of the agents whose start is known, and nobody else's."""
    rows = table(EVENTS, {"A1": START, "A2": START})
    first = _row(rows, 3)
    assert first["agents"] == 2
    assert (first["adoption"]["offered"], first["adoption"]["used"], first["adoption"]["rate"]) == (
        3,
        1,
        0.3333,
    )
    assert first["score"] == {"n": 2, "mean": 65.5}
    assert first["handling_seconds"] == {"n": 2, "mean": 400.0}
    second = _row(rows, 10)
    assert (second["from_day"], second["agents"]) == (8, 1)
    assert second["adoption"]["rate"] == 1.0
    assert second["score"] == {"n": 1, "mean": 90.0}
    assert second["handling_seconds"] == {"n": 1, "mean": 200.0}
    assert _row(rows, 7)["score"] == {"n": 0, "mean": None}
    assert [(one["from_day"], one["to_day"]) for one in rows[:3]] == [(1, 3), (4, 7), (8, 10)]


def test_R049_days_count_from_the_start() -> None:
    """The first 24 hours are day one; events before a given start are in no span."""
    assert day_of(START, START) == 1
    assert day_of(START + timedelta(hours=24), START) == 2
    rows = table(EVENTS, {"A1": START + timedelta(days=5)})
    assert sum(one["score"]["n"] for one in rows) == 1
    assert EVENTS.starts()["A3"] == _on(1)


def test_R049_arms_are_told_apart() -> None:
    """With suggestions and without: two tables that together are the whole."""
    told = by_arm(EVENTS, {"A1": START, "A2": START}, {"A1": "on", "A2": "off"})
    assert _row(told["on"], 3)["score"] == {"n": 1, "mean": 60.0}
    assert _row(told["off"], 3)["score"] == {"n": 1, "mean": 71.0}
    assert set(by_arm(EVENTS, {"A1": START}, {})) == {"all"}


@pytest.fixture(scope="module")
def own(site: Site) -> Site:
    """The site with a tenant of its own and an agent who works without suggestions."""
    made: dict[tuple[str, str], str] = {}

    def unit(writer: Writer) -> None:
        keys.ensure_tenant(writer, TENANT, TENANT)
        for scope in keys.SCOPES:
            made[(TENANT, scope)] = keys.create(writer, TENANT, scope, {"id": f"{scope}-c"})
        made[(TENANT, "plain")] = keys.create(writer, TENANT, "agent", {"id": "A9", "suggestions": "off"})

    site.service.store.write(unit)
    site.secrets.update(made)
    return site


def test_R049_the_door_gathers_what_happened(own: Site, agent: httpx.Client) -> None:
    """Feedback, scores and closed conversations of new agents stand in the report, by arm."""
    entry = {"id": "faq", "kind": "faq", "title": "退款多久到账", "text": "1–5 个工作日"}
    own.client("editor", TENANT).post("/v1/kb/entries", json=entry)
    person, plain = own.client("agent", TENANT), own.client("plain", TENANT)
    made = person.post("/v1/suggest", json={"query": "退款多久到账"}).json()
    person.post(f"/v1/suggest/{made['id']}/feedback", json={"entry_id": "faq", "action": "sent"})
    conversation = start(plain, served_by="bot")
    say(plain, conversation, "叫人工客服来")
    for action in ("accept", "close"):
        plain.post(f"/v1/conversations/{conversation}/handoff", json={"action": action})
    transcript = {"id": "t", "agent": {"id": "agent-c"}, "turns": [{"role": "agent", "text": "您好"}]}
    own.client("quality", TENANT).post("/v1/quality/score", json={"transcript": transcript})
    supervisor = own.client("supervisor", TENANT)
    told = supervisor.get("/v1/reports/cohorts").json()
    assert {(one["agent"], one["arm"]) for one in told["agents"]} == {("agent-c", "on"), ("A9", "off")}
    first = told["cohorts"]["all"][0]
    assert (first["agents"], first["adoption"]["used"], first["score"]["n"]) == (2, 1, 1)
    assert told["cohorts"]["off"][0]["handling_seconds"]["n"] == 1
    assert told["cohorts"]["on"][0]["handling_seconds"]["n"] == 0
    older = supervisor.get("/v1/reports/cohorts", params={"start": "agent-c:2020-01-01"}).json()
    assert [one["agent"] for one in older["agents"]] == ["A9"]
    problem(supervisor.get("/v1/reports/cohorts", params={"start": "agent-c"}), 422, "invalid")
    problem(agent.get("/v1/reports/cohorts"), 403, "forbidden")
