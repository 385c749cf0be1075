"""One tenant's things read like missing ones to another, at every door that names a thing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from api.casework import Casework, make
from api.store import Writer, deliveries, jobs, outbox, targets, trainings
from api.store import cases as store
from api.store.cases import Case, Event
from tests.api.serving import HANDBOOK, Site, crew, problem, say, start

OWNER, STRANGER = "isolated", "stranger"
AT = "2026-11-03T00:00:00.000+00:00"
OPENAPI = json.loads((Path(__file__).parents[1] / "contracts" / "openapi.json").read_text(encoding="utf-8"))
OF_THE_SITE = frozenset({
    "/v1/audits/{period}", "/v1/audits/{period}/ranking", "/v1/audits/{period}/stars",
    "/v1/reports/{period}", "/v1/reports/{period}/violations/{code}",
    "/v1/metrics/boards/{code}", "/v1/metrics/{code}", "/v1/metrics/{code}/events",
    "/v1/quality/agents/{agent}/radar", "/v1/quality/forms/{code}", "/v1/quality/forms/{code}/backtest",
    "/v1/quality/forms/{code}/try", "/v1/quality/forms/{code}/validate", "/v1/quality/records/forms/{code}",
})  # fmt: skip
"""Names of periods, definitions, forms and people: every tenant has them, and they say nothing of another's."""
MADE_BY_PUTTING = frozenset({("put", "/v1/kb/entries/{entry_id}")})
EMPTY_ALIKE = frozenset({("get", "/v1/webhooks/{webhook_id}/deliveries")})
"""Lists that are empty for a missing thing."""
CASES = {
    "/v1/cases/{case_id}": "review", "/v1/follow-ups/{task_id}": "follow_up",
    "/v1/kb/changes/{change_id}": "change", "/v1/kb/notices/{notice_id}": "notice",
    "/v1/kb/proposals/{proposal_id}": "proposal", "/v1/kb/repairs/{repair_id}": "repair",
    "/v1/quality/appeals/{appeal_id}": "appeal", "/v1/quality/blind/{task_id}": "second_score",
    "/v1/quality/calibrations/{session_id}": "calibration", "/v1/quality/red-cards/{card_id}": "red_card",
    "/v1/quality/records/service/{record_id}": "service_record", "/v1/rectifications/{case_id}": "rectification",
    "/v1/reports/meetings/{meeting_id}": "meeting", "/v1/surveys/{survey_id}": "survey",
}  # fmt: skip
"""The kind of case behind a door."""
BODIES: dict[str, Any] = {
    "approvals": {"role": "法务", "decision": "approve"}, "comments": {"note": "x"}, "moves": {"move": "uphold"},
    "handoff": {"action": "close"}, "turns": {"role": "customer", "text": "在吗"},
    "outcome": {"outcome": "满意"}, "{entry_id}": {name: HANDBOOK[0][name] for name in ("kind", "title", "text")}, "publish": {}, "trial": {}, "proposal": {},
    "{repair_id}": {"text": "改好的文字"}, "dismiss": {"reason": "x"}, "decision": {"decision": "uphold", "reason": "x"},
    "{task_id}": {"items": {"greeting": "pass"}}, "scores": {"items": {"greeting": "pass"}},
    "appeals": {"items": ["greeting"], "reason": "x"}, "review": {}, "confirm": {},
    "feedback": {"entry_id": "faq-refund", "action": "shown"}, "answers": {"answers": {"satisfaction": 5}},
    "corrections": {"category": "complaint"}, "replies": {"text": "您好"},
}  # fmt: skip
"""A body that the door would take, by the last part of its path."""
DOORS = [
    (method, path)
    for path, methods in sorted(OPENAPI["paths"].items())
    for method in methods
    if "{" in path and path not in OF_THE_SITE and (method, path) not in MADE_BY_PUTTING
]


@dataclass(frozen=True)
class Two:
    """The owner's things by the name a path gives them, and two admins."""

    things: dict[str, str]
    owner: httpx.Client
    stranger: httpx.Client


def _cases(work: Casework, writer: Writer) -> None:
    for kind, rules in work.kinds.items():
        state = rules.initial.code
        case = Case(f"iso-{kind}", kind, state, "s", "t", "R1", {}, {}, None, 1, "R1", AT, AT)
        store.create(writer, OWNER, case, Event(AT, "R1", (), "open", None, state, None, {}))


def _rest(writer: Writer) -> None:
    jobs.add(writer, OWNER, "iso-job", "quality", {"form": "standard", "as_of": None}, "R1", start=9e12)
    targets.add(writer, OWNER, "iso-target", "aht", {"where": []}, "R1")
    deliveries.add(
        writer, OWNER, "daily", date(2026, 11, 3), at=AT, due_at=AT, recipients=[], channels=[], report={}
    )
    trainings.add(
        writer, OWNER,
        {"id": "iso-training", "trainee": "R1", "planned_for": None, "started_at": AT, "ended_at": None, "data": {}},
    )  # fmt: skip
    outbox.add_webhook(writer, OWNER, "iso-hook", "https://example.com", "whsec_eA==", ["x"], "R1")
    outbox.announce(writer, OWNER, "x", {})


@pytest.fixture(scope="module")
def two(site: Site) -> Iterator[Two]:
    """Two tenants; one of them has a thing of every sort."""
    with crew(site, OWNER, R1="admin") as own, crew(site, STRANGER, R2="admin") as others:
        client, work = own["R1"], make()
        assert client.post("/v1/kb/entries", json=dict(HANDBOOK[0])).status_code in (200, 201)
        site.service.store.write(lambda writer: _cases(work, writer))
        site.service.store.write(_rest)
        conversation = start(client)
        say(client, conversation, "退款多久到账")
        scored = {"id": "iso-talk", "turns": [{"role": "agent", "text": "您好"}], "agent": {"id": "A1"}}
        mystery = {"transcript_id": "iso-talk", "scenario": "x"}
        assert client.post("/v1/quality/mystery", json=mystery).status_code == 201
        suggested = client.post("/v1/suggest", json={"query": "退款多久到账"}).json()["id"]
        client.post("/v1/tickets/route", json={"ticket_id": "iso-ticket", "text": "退款没到"})
        hook = client.get("/v1/webhooks/iso-hook/deliveries").json()["deliveries"][0]["id"]
        things = {
            "conversation_id": conversation,
            "decision_id": suggested,
            "suggestion_id": suggested,
            "entry_id": "faq-refund",
            "name": client.get("/v1/kb/releases").json()["releases"][0]["name"],
            "job_id": "iso-job",
            "result_id": client.post("/v1/quality/score", json={"transcript": scored}).json()["id"],
            "transcript_id": "iso-talk",
            "target_id": "iso-target",
            "ticket_id": "iso-ticket",
            "session_id": "iso-training",
            "webhook_id": "iso-hook",
            "delivery_id": hook,
            "period": "daily",
            "day": "2026-11-03",
            "gap_id": "iso-gap",
            "scene_id": "iso-scene",
        }
        yield Two(things, client, others["R2"])


def _filled(path: str, things: dict[str, str], missing: bool) -> str:
    """The path with the owner's ids; the ids of nothing where they are `missing`."""
    kind = next((kind for start, kind in CASES.items() if path.startswith(start)), None)
    if kind is not None:
        first = path[path.index("{") + 1 : path.index("}")]
        things = {**things, first: f"iso-{kind}"}
    for name in [part.partition("}")[0] for part in path.split("{")[1:]]:
        one = things[name]
        if missing and name == "day":
            one = "2026-11-04"
        elif missing and name != "period":
            one = f"none-{one}"
        path = path.replace("{" + name + "}", quote(one, safe=""))
    return path


def _asked(client: httpx.Client, method: str, path: str, at: str) -> httpx.Response:
    last = path.rsplit("/", 1)[-1]
    body = BODIES.get(last) if method in ("post", "put") else None
    params = {"to": "iso-job-2"} if last == "diff" and "jobs" in path else None
    return client.request(method.upper(), at, json=body, params=params)


@pytest.mark.parametrize(("method", "path"), DOORS, ids=[f"{method} {path}" for method, path in DOORS])
def test_anothers_thing_reads_like_a_missing_one(two: Two, method: str, path: str) -> None:
    """404 with the words that an id of nothing gets, whatever the stranger's scope."""
    theirs = _asked(two.stranger, method, path, _filled(path, two.things, missing=False))
    nothing = _asked(two.stranger, method, path, _filled(path, two.things, missing=True))
    if (method, path) in EMPTY_ALIKE:
        assert (theirs.status_code, theirs.json()) == (nothing.status_code, nothing.json())
        return
    told = problem(theirs, 404, "not_found")
    said = problem(nothing, 404, "not_found")
    assert told["title"] == said["title"]
    assert told["detail"] == said["detail"].replace("none-", "").replace("2026-11-04", "2026-11-03")


@pytest.mark.parametrize("kind", sorted(make().kinds))
def test_the_owner_has_every_case(two: Two, kind: str) -> None:
    """The ids that were asked with are of real things: their owner reads them."""
    answer = two.owner.get(f"/v1/cases/iso-{kind}")
    assert (answer.status_code, answer.json()["kind"]) == (200, kind)
    problem(two.stranger.get(f"/v1/cases/iso-{kind}"), 404, "not_found")


def test_the_owner_has_the_rest(two: Two) -> None:
    """So are the others, and what lists tell a stranger holds none of them."""
    for path in (
        "/v1/conversations/{conversation_id}", "/v1/decisions/{decision_id}", "/v1/kb/entries/{entry_id}",
        "/v1/quality/jobs/{job_id}", "/v1/quality/results/{result_id}/transcript",
    ):  # fmt: skip
        assert two.owner.get(_filled(path, two.things, missing=False)).status_code == 200, path
    for path in ("/v1/cases", "/v1/webhooks", "/v1/targets", "/v1/quality/mystery", "/v1/quality/results",
                 "/v1/training/sessions", "/v1/reports/deliveries", "/v1/surveys"):  # fmt: skip
        answer = two.stranger.get(path)
        assert answer.status_code == 200
        assert "iso-" not in answer.text
