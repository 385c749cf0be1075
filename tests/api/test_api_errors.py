"""Every refusal is a problem document that says what to do."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.errors import field_error
from tests.api.serving import OTHER, Site, problem

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/v1/tickets/route", "/v1/suggest", "/v1/kb/search", "/v1/conversations"])
def test_broken_json_is_400(bot: httpx.Client, path: str) -> None:
    """A body that is no JSON is malformed_json."""
    problem(bot.post(path, content=b'{"text": ', headers=JSON), 400, "malformed_json")


def test_bytes_that_are_no_utf8_are_400(bot: httpx.Client) -> None:
    """A body in another encoding is refused, not answered with a crash."""
    content = '{"text": "退款"}'.encode("gb18030")
    problem(bot.post("/v1/tickets/route", content=content, headers=JSON), 400, "malformed_json")


@pytest.mark.parametrize("content", [b"[]", b"null", b'"text"', b"3"])
def test_json_that_is_no_object_is_422(bot: httpx.Client, content: bytes) -> None:
    """A body of another shape says that an object is wanted."""
    told = problem(bot.post("/v1/tickets/route", content=content, headers=JSON), 422, "invalid")
    assert told["errors"][0]["accepted"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "image/png", "application/x-www-form-urlencoded"]
)
def test_another_content_type_is_415(bot: httpx.Client, kind: str) -> None:
    """A body of another type is refused by its type."""
    answer = bot.post("/v1/tickets/route", content=b'{"text": "x"}', headers={"Content-Type": kind})
    problem(answer, 415, "unsupported_media_type")


def test_a_large_body_is_413(bot: httpx.Client) -> None:
    """More than the limit is refused, whether its length is declared or not."""
    body = b'{"text": "' + b"x" * (1 << 20) + b'"}'
    problem(bot.post("/v1/tickets/route", content=body, headers=JSON), 413, "too_large")

    def chunks() -> Any:
        for at in range(0, len(body), 65536):
            yield body[at : at + 65536]

    problem(bot.post("/v1/tickets/route", content=chunks(), headers=JSON), 413, "too_large")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/tickets/route", {}, "text"),
        ("/v1/tickets/route", {"text": ""}, "text"),
        ("/v1/tickets/route", {"text": 7}, "text"),
        ("/v1/tickets/route", {"text": "长" * 20_001}, "text"),
        ("/v1/tickets/route", {"text": "x", "customer": "VIP"}, "customer"),
        ("/v1/tickets/route", {"text": "x", "created_at": "2026-11-03T10:00:00"}, "created_at"),
        ("/v1/tickets/route-batch", {"tickets": []}, "tickets"),
        ("/v1/suggest", {"query": ""}, "query"),
        ("/v1/suggest", {"query": "x", "limit": 0}, "limit"),
        ("/v1/suggest", {"query": "x", "kinds": ["none"]}, "kinds.0"),
        ("/v1/suggest", {"query": "x", "min_precision": 1.5}, "min_precision"),
        ("/v1/suggest", {"turns": [{"role": "customer", "text": 1}]}, "turns.0.text"),
        ("/v1/kb/search", {"query": ""}, "query"),
        ("/v1/kb/search", {"query": "x", "limit": 5000}, "limit"),
        ("/v1/conversations", {"served_by": "ghost"}, "served_by"),
        ("/v1/conversations", {"conversation_id": "a b"}, "conversation_id"),
    ],
)
def test_a_wrong_field_is_named(bot: httpx.Client, path: str, body: Any, field: str) -> None:
    """422 names the field and what it accepts."""
    told = problem(bot.post(path, json=body), 422, "invalid")
    assert told["errors"][0]["field"] == field
    assert told["errors"][0]["message"]
    assert told["errors"][0]["accepted"]


def test_unknown_places_and_methods(bot: httpx.Client) -> None:
    """An address that is not there is 404, a method that is not 405."""
    problem(bot.get("/v1/nothing"), 404, "not_found")
    problem(bot.patch("/v1/suggest"), 405, "method_not_allowed")


def test_request_ids_are_echoed_or_made(bot: httpx.Client) -> None:
    """A given request id comes back, a strange one is replaced."""
    assert bot.get("/healthz", headers={"X-Request-Id": "desk-7"}).headers["x-request-id"] == "desk-7"
    assert bot.get("/healthz", headers={"X-Request-Id": "a b\tc"}).headers["x-request-id"] != "a b\tc"


def test_an_unknown_thing_reads_like_another_tenants(site: Site) -> None:
    """A 404 for another tenant's object equals the one for nothing at all, byte for byte but for its address."""
    conversation = site.client("bot").post("/v1/conversations", json={}).json()["id"]
    suggestion = site.client("bot").post("/v1/suggest", json={"query": "退款多久到账"}).json()
    ticket = (
        site.client("bot").post("/v1/tickets/route", json={"ticket_id": "T-owned", "text": "退款没到"}).json()
    )
    assert ticket["id"]
    feedback = {"entry_id": suggestion["suggestions"][0]["entry_id"], "action": "sent"}
    scored = site.client("quality").post(
        "/v1/quality/score", json={"transcript": {"id": "own", "turns": [{"role": "agent", "text": "您好"}]}}
    )
    calls: list[tuple[str, str, str, str, Any]] = [
        ("bot", "GET", "/v1/conversations/{}", conversation, None),
        ("bot", "POST", "/v1/conversations/{}/turns", conversation, {"role": "customer", "text": "在吗"}),
        ("agent", "POST", "/v1/conversations/{}/handoff", conversation, {"action": "request"}),
        ("bot", "GET", "/v1/conversations/{}/events", conversation, None),
        ("bot", "POST", "/v1/suggest", conversation, "conversation"),
        ("agent", "POST", "/v1/drafts/check", conversation, "draft"),
        ("agent", "POST", "/v1/suggest/{}/feedback", suggestion["id"], feedback),
        ("agent", "POST", "/v1/tickets/{}/corrections", "T-owned", {"priority": "urgent"}),
        ("bot", "GET", "/v1/kb/entries/{}", "faq-refund", None),
        ("editor", "PUT", "/v1/kb/entries/{}", "faq-refund", {"kind": "faq", "title": "t", "text": "x"}),
        ("editor", "DELETE", "/v1/kb/entries/{}", "faq-refund", None),
        ("editor", "GET", "/v1/kb/releases/{}/diff", "V1.0", None),
        ("quality", "GET", "/v1/quality/results/{}", scored.json()["id"], None),
    ]
    for scope, method, path, identity, body in calls:
        told = []
        for name in (identity, "z" * len(identity)):
            sent = {"conversation_id": name} if body == "conversation" else body
            sent = {"conversation_id": name, "text": "您好"} if body == "draft" else sent
            answer = site.client(scope, OTHER).request(method, path.format(name), json=sent)
            document = problem(answer, 404, "not_found")
            document.pop("request_id")
            document.pop("instance", None)
            told.append(str(document).replace(name, "<id>"))
        assert told[0] == told[1], path


def test_choices_are_told_one_by_one() -> None:
    """What a door takes is written a|b|c, not in a library's English."""
    context = {"expected": "'csv', 'xlsx' or 'jsonl'"}
    told = field_error(
        {"type": "literal_error", "loc": ("query", "format"), "msg": "Input …", "ctx": context}
    )
    assert (told.field, told.accepted) == ("format", "csv|xlsx|jsonl")
