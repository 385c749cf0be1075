"""Keys and scopes: every door of the interface is walked."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx
import pytest

from api.store import keys
from tests.api.serving import OTHER, SHOP, Site, problem, start

OPEN = {"/v1/selftest"}
"""Answered without a key on this machine, like the pages."""
METHODS = ("get", "post", "put", "delete", "patch")


def doors(site: Site) -> list[tuple[str, str]]:
    """Every (method, path) under /v1 of the interface's own description, with ids filled in."""
    paths: dict[str, dict[str, Any]] = httpx.get(f"{site.url}/openapi.json").json()["paths"]
    return [
        (method.upper(), re.sub(r"\{[^}]+\}", "daily" if "reports" in path else "x", path))
        for path, item in paths.items()
        for method in item
        if path.startswith("/v1") and path not in OPEN and method in METHODS
    ]


def test_no_door_opens_without_a_key(site: Site) -> None:
    """Every door refuses a caller without a key, with a wrong one, and with one of another kind."""
    found = doors(site)
    assert len(found) > 30
    with httpx.Client(base_url=site.url, timeout=10) as nobody:  # a client each would be most of the time
        for method, path in found:
            for headers in ({}, {"Authorization": "Bearer zx_wrong"}, {"Authorization": "Basic eDp4"}):
                answer = nobody.request(method, path, headers=headers)
                problem(answer, 401, "unauthorized")
                assert answer.headers["www-authenticate"].startswith("Bearer")


def test_every_door_refuses_a_foreign_scope(site: Site) -> None:
    """Every door has a scope that does not open it, and says which would."""
    for method, path in doors(site):
        refused = []
        for scope in ("bot", "quality", "editor"):
            body = {} if method in ("POST", "PUT") else None
            with site.client(scope).stream(method, path, json=body) as answer:  # some doors go on for ever
                if answer.status_code == 403:
                    answer.read()
                    problem(answer, 403, "forbidden")
                    refused.append(scope)
        assert refused, f"{method} {path}"


@pytest.mark.parametrize(
    ("scope", "method", "path", "opens"),
    [
        ("bot", "POST", "/v1/suggest", True),
        ("bot", "POST", "/v1/drafts/check", False),
        ("bot", "POST", "/v1/quality/score", False),
        ("agent", "POST", "/v1/drafts/check", True),
        ("agent", "GET", "/v1/quality/results", True),
        ("agent", "GET", "/v1/board", False),
        ("agent", "GET", "/v1/reports/daily", False),
        ("supervisor", "GET", "/v1/board", True),
        ("supervisor", "GET", "/v1/reports/daily", True),
        ("supervisor", "POST", "/v1/quality/score", False),
        ("supervisor", "GET", "/v1/kb/releases", False),
        ("quality", "POST", "/v1/suggest", False),
        ("quality", "GET", "/v1/quality/jobs", True),
        ("editor", "GET", "/v1/kb/entries", True),
        ("editor", "GET", "/v1/quality/jobs", False),
        ("admin", "GET", "/v1/quality/jobs", True),
        ("admin", "GET", "/v1/kb/entries", True),
        ("admin", "GET", "/v1/board", True),
    ],
)
def test_scopes_open_what_the_contract_says(
    site: Site, scope: str, method: str, path: str, opens: bool
) -> None:
    """A scope opens its own doors and no other's."""
    status = site.client(scope).request(method, path, json={} if method == "POST" else None).status_code
    assert (status != 403) is opens


def test_a_revoked_key_closes_within_seconds(site: Site) -> None:
    """A revoked key stops opening doors within two seconds or so."""
    store = site.service.store
    secret = store.write(lambda writer: keys.create(writer, SHOP, "bot", {"id": "gone"}))
    headers = {"Authorization": f"Bearer {secret}"}
    assert httpx.post(f"{site.url}/v1/suggest", json={"query": "退款"}, headers=headers).status_code == 200
    grant = store.read(lambda reader: keys.find(reader, secret))
    assert grant is not None
    assert store.write(lambda writer: keys.revoke(writer, SHOP, grant.key_id))
    time.sleep(2.2)
    problem(
        httpx.post(f"{site.url}/v1/suggest", json={"query": "退款"}, headers=headers), 401, "unauthorized"
    )


def test_embed_tokens_are_short_and_narrow(site: Site, admin: httpx.Client, agent: httpx.Client) -> None:
    """A token covers no more than its maker, lives at most twelve hours, and makes no other token."""
    actor = {"id": "A077", "name": "小满", "roles": ["客服"]}
    made = admin.post("/v1/embed-tokens", json={"scope": "agent", "actor": actor, "lifetime": 600})
    assert made.status_code == 201, made.text
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    with httpx.Client(base_url=site.url, headers=headers) as embedded:
        assert start(embedded)
        assert embedded.get("/v1/board").status_code == 403
        problem(embedded.post("/v1/embed-tokens", json={"scope": "bot"}), 403, "forbidden")
    bot = site.client("bot")
    problem(bot.post("/v1/embed-tokens", json={"scope": "agent"}), 403, "forbidden")
    problem(agent.post("/v1/embed-tokens", json={"scope": "agent", "actor": actor}), 403, "forbidden")
    assert agent.post("/v1/embed-tokens", json={"scope": "agent"}).json()["actor"]["id"] == "A012"
    told = problem(admin.post("/v1/embed-tokens", json={"scope": "bot", "lifetime": 43_201}), 422, "invalid")
    assert told["errors"][0]["field"] == "lifetime"
    problem(admin.post("/v1/embed-tokens", json={"scope": "admin"}), 422, "invalid")


def test_a_tenants_key_sees_its_own_tenant(site: Site) -> None:
    """The same question finds nothing in a tenant that has published nothing."""
    mine = site.client("bot").post("/v1/kb/search", json={"query": "退款多久到账"}).json()
    theirs = site.client("bot", OTHER).post("/v1/kb/search", json={"query": "退款多久到账"}).json()
    assert mine["hits"]
    assert theirs["hits"] == []


def test_the_page_cookie_needs_its_header(site: Site) -> None:
    """A signed-in page's cookie alone opens nothing; with the page's header it does."""
    with httpx.Client(base_url=site.url) as browser:
        page = {"X-Zuoxi-Page": "desk"}
        signed = browser.post("/session", json={"key": site.secrets[(SHOP, "agent")]}, headers=page)
        assert signed.status_code == 200, signed.text
        cookie = signed.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert browser.get("/v1/conversations").status_code == 401
        assert browser.get("/v1/conversations", headers=page).status_code == 200
