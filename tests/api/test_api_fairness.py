"""Who may do what at the doors of the hearing and of supervision, and that one tenant never meets another's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.serving import OTHER, SHOP, Site, crew, problem

JUDGES, TEAM = ("supervisor", "quality", "admin"), ("agent", "supervisor", "quality", "admin")
DOORS: tuple[tuple[str, str, Any, tuple[str, ...]], ...] = (
    ("GET", "/v1/quality/samples?date=2026-10-01", None, JUDGES),
    ("GET", "/v1/quality/samples/rates?since=2026-10-01&until=2026-10-02", None, JUDGES),
    ("GET", "/v1/quality/listen", None, ("supervisor", "admin")),
    ("GET", "/v1/quality/blind", None, JUDGES),
    ("GET", "/v1/quality/agreement?since=2026-10-01&until=2026-10-02", None, JUDGES),
    ("GET", "/v1/quality/calibrations", None, JUDGES),
    ("GET", "/v1/quality/rules/health", None, JUDGES),
    ("GET", "/v1/quality/rules/waiting", None, JUDGES),
    ("GET", "/v1/quality/rules/weak", None, JUDGES),
    ("GET", "/v1/quality/appeals", None, TEAM),
    ("GET", "/v1/quality/red-cards", None, TEAM),
    ("GET", "/v1/rectifications", None, TEAM),
    ("GET", "/v1/rectifications/form", None, TEAM),
    ("GET", "/v1/quality/records/service", None, TEAM),
    ("GET", "/v1/quality/records/feedback", None, TEAM),
    ("GET", "/v1/quality/records/completeness?since=2026-10-01&until=2026-10-02", None, JUDGES),
    ("GET", "/v1/quality/coaching", None, TEAM),
    ("GET", "/v1/quality/templates", None, TEAM),
    ("GET", "/v1/quality/mystery", None, JUDGES),
    ("GET", "/v1/quality/usage?since=2026-10-01&until=2026-10-02", None, JUDGES),
    ("GET", "/v1/quality/usage/events?since=2026-10-01&until=2026-10-02", None, JUDGES),
    ("GET", "/v1/suggestion-box", None, ("supervisor", "admin")),
    ("GET", "/v1/training/scripts", None, TEAM),
    ("GET", "/v1/training/sessions", None, TEAM),
    ("GET", "/v1/training/calendar", None, TEAM),
    ("GET", "/v1/follow-ups", None, TEAM),
    ("GET", "/v1/second-complaints", None, TEAM),
)
SCOPES = ("bot", "agent", "supervisor", "quality", "editor", "admin", "")


@pytest.mark.parametrize(
    ("method", "path", "body", "may"), DOORS, ids=[door[1].split("?")[0] for door in DOORS]
)
def test_each_door_opens_to_its_scopes(
    site: Site, method: str, path: str, body: Any, may: tuple[str, ...]
) -> None:
    """Every door of the hearing and of supervision answers its scopes and refuses the others."""
    for scope in SCOPES:
        answer = site.client(scope).request(method, path, json=body)
        if scope in may:
            assert answer.status_code == 200, (scope, answer.text)
        else:
            problem(answer, 403 if scope else 401, "forbidden" if scope else "unauthorized")


@pytest.fixture(scope="module")
def people(site: Site) -> Iterator[dict[str, httpx.Client]]:
    with crew(site, "fair", Q1="quality", Q2="quality", S1="supervisor", A1="agent") as made:
        yield made


def scored(client: httpx.Client, name: str) -> str:
    turns = [{"role": "agent", "text": "这个不归我管"}]
    given = {"id": name, "turns": turns, "agent": {"id": "A1"}}
    return str(client.post("/v1/quality/score", json={"transcript": given}).json()["id"])


def test_another_tenants_things_are_not_there(site: Site, people: dict[str, httpx.Client]) -> None:
    """A result, an appeal, a card, a task of one tenant reads like a missing one to another, whoever asks."""
    result = scored(people["Q1"], "fair-1")
    appeal = (
        people["A1"]
        .post(f"/v1/quality/results/{result}/appeals", json={"items": ["forbidden_word"], "reason": "x"})
        .json()["id"]
    )
    words: dict[str, Any] = {"items": {"forbidden_word": "pass"}, "reason": "x"}
    for tenant in (SHOP, OTHER):
        admin = site.client("admin", tenant)
        for method, path, body in (
            ("GET", f"/v1/quality/results/{result}", None),
            ("GET", f"/v1/quality/results/{result}/transcript", None),
            ("POST", f"/v1/quality/results/{result}/review", words),
            ("POST", f"/v1/quality/results/{result}/appeals", {"items": ["forbidden_word"], "reason": "x"}),
            ("POST", f"/v1/quality/appeals/{appeal}/decision", {"decision": "change", "reason": "x"}),
            ("POST", "/v1/rectifications", {"result_id": result, "item": "forbidden_word", "cause": "人员"}),
            ("POST", "/v1/quality/records/service", {"result_id": result}),
            ("POST", "/v1/training/sessions", {"result_id": result}),
            (
                "POST",
                "/v1/quality/calibrations",
                {"title": "x", "result_id": result, "participants": ["a", "b"]},
            ),
        ):
            problem(admin.request(method, path, json=body), 404, "not_found")
        assert appeal not in admin.get("/v1/quality/appeals").text


def test_a_review_happens_once_for_its_key(people: dict[str, httpx.Client]) -> None:
    """The same Idempotency-Key gives the same answer and one ruling; without one each word is its own."""
    result = scored(people["Q1"], "fair-2")
    door, given = (
        f"/v1/quality/results/{result}/review",
        {"items": {"forbidden_word": "pass"}, "reason": "误判"},
    )
    first = people["Q1"].post(door, json=given, headers={"Idempotency-Key": "fair-key-1"})
    again = people["Q1"].post(door, json=given, headers={"Idempotency-Key": "fair-key-1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    rulings = people["Q1"].get(f"/v1/quality/results/{result}").json()["rulings"]
    assert [one["number"] for one in rulings] == [1]
    people["S1"].post(door, json={"items": {"forbidden_word": "fail"}, "reason": "再看是禁语"})
    after = people["A1"].get(f"/v1/quality/results/{result}").json()
    assert [(one["number"], one["by"]) for one in after["rulings"]] == [(1, "Q1"), (2, "S1")]
    assert after["score"] == after["original"]["score"]
    assert after["appeal_until"] > after["at"]


def test_who_calibrates_sees_nothing_before(people: dict[str, httpx.Client]) -> None:
    """Participants of a session do not see its result until they have scored; others do."""
    result = scored(people["Q1"], "fair-3")
    made = people["S1"].post(
        "/v1/quality/calibrations", json={"title": "x", "result_id": result, "participants": ["Q1", "Q2"]}
    )
    assert made.status_code == 201
    problem(people["Q1"].get(f"/v1/quality/results/{result}"), 403, "forbidden")
    assert people["S1"].get(f"/v1/quality/results/{result}").status_code == 200
