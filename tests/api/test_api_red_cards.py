"""Red cards through the doors: once, with a plan due, escalated without one, revoked by a won appeal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.case_door import lapse_all
from api.casework import Casework
from api.store import Writer, schema
from api.workflows import load_workflows
from tests.api.serving import Site, crew, problem

TENANT = "carded"


@pytest.fixture(scope="module")
def people(site: Site) -> Iterator[dict[str, httpx.Client]]:
    with crew(site, TENANT, Q1="quality", S1="supervisor", R1="agent", R2="agent") as made:
        yield made


def insult(client: httpx.Client, name: str, agent: str, **more: Any) -> Any:
    turns = [
        {"role": "customer", "text": "怎么还不发货？"},
        {"role": "agent", "text": "您好，再嚷嚷我把你号拉黑"},
    ]
    given = {
        "id": name,
        "turns": turns,
        "agent": {"id": agent},
        "started_at": "2026-11-20T10:00:00+08:00",
        **more,
    }
    answer = client.post("/v1/quality/score", json={"transcript": given})
    assert answer.status_code == 200, answer.text
    assert answer.json()["veto"]
    return answer.json()


def cards_of(client: httpx.Client, agent: str) -> list[dict[str, Any]]:
    return list(client.get("/v1/quality/red-cards", params={"agent": agent}).json()["red_cards"])


def test_a_card_is_opened_once_and_a_won_appeal_revokes_it(people: dict[str, httpx.Client]) -> None:
    """R129: one veto, one card, also when it is scored again; the appeal that clears the items takes it back."""
    result = insult(people["Q1"], "rc-1", "R1")
    insult(people["Q1"], "rc-1", "R1")
    again = insult(
        people["Q1"], "rc-1", "R1", channel="phone"
    )  # scored again: another result, the same ground
    assert again["id"] != result["id"]
    (card,) = cards_of(people["S1"], "R1")
    assert (card["state"], card["data"]["rule"], card["data"]["evidence"]) == (
        "issued", "zero_tolerance", [result["id"]]
    )  # fmt: skip
    assert card["owner"] == "R1"
    assert card["due_at"]
    assert "红牌事由" in card["data"]["conditions"]
    assert [one["id"] for one in cards_of(people["R1"], "R1")] == [card["id"]]
    assert cards_of(people["R2"], "R1") == []
    failed = people["S1"].get(f"/v1/quality/results/{result['id']}").json()["effective"]["failed"]
    asked = people["R1"].post(
        f"/v1/quality/results/{result['id']}/appeals", json={"items": failed, "reason": "转述客户的话"}
    )
    assert asked.status_code == 201, asked.text
    people["S1"].post(
        f"/v1/quality/appeals/{asked.json()['id']}/decision", json={"decision": "change", "reason": "属实"}
    )
    (card,) = cards_of(people["S1"], "R1")
    assert card["state"] == "revoked"
    insult(people["Q1"], "rc-1", "R1")
    assert len(cards_of(people["S1"], "R1")) == 1  # the same ground comes back as no card


def test_no_plan_by_the_due_date_escalates(site: Site, people: dict[str, httpx.Client]) -> None:
    """R129: the clock escalates a card without a plan; with one it clears only when its days are over."""
    insult(people["Q1"], "rc-2", "R2")
    (card,) = cards_of(people["S1"], "R2")
    store = site.service.store
    late = Casework(load_workflows(), clock=lambda: datetime.now(UTC) + timedelta(days=3, minutes=1))
    assert lapse_all(late, store) >= 1
    (card,) = cards_of(people["S1"], "R2")
    assert (card["state"], card["plan_overdue"]) == ("escalated", True)
    moves = f"/v1/cases/{card['id']}/moves"
    planned = people["R2"].post(moves, json={"move": "plan", "fields": {"plan": "复习禁语，师傅带教"}})
    assert planned.json()["state"] == "planned"
    told = problem(
        people["S1"].post(moves, json={"move": "clear", "fields": {"evidence": "表现良好"}}), 409, "conflict"
    )
    assert "满 14 天" in told["detail"]

    def age(writer: Writer) -> None:
        table = schema.case_events
        mine = (table.c.case_id == card["id"], table.c.move == "plan")
        writer.execute(table.update().where(*mine).values(at="2026-01-01T00:00:00.000+00:00"))

    store.write(age)
    cleared = people["S1"].post(moves, json={"move": "clear", "fields": {"evidence": "14 天无事由"}})
    assert cleared.status_code == 200, cleared.text
    assert cleared.json()["state"] == "cleared"


def test_no_card_before_the_customer_is_helped(people: dict[str, httpx.Client]) -> None:
    """R096: while the customer's problem is open nobody is blamed; the card comes once it is solved."""
    insult(people["Q1"], "rc-3", "R3", outcome={"resolved": False})
    assert cards_of(people["S1"], "R3") == []
    told = people["S1"].get("/v1/quality/red-cards", params={"agent": "R3"}).json()
    assert told["waiting"] == [{"transcript_id": "rc-3", "agent": "R3", "why": "客户的问题还没有解决"}]
    insult(people["Q1"], "rc-3", "R3", outcome={"resolved": True})
    assert len(cards_of(people["S1"], "R3")) == 1
