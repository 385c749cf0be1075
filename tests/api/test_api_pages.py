"""Pages: who may open them, how they are signed in, what they may run."""

from __future__ import annotations

from pathlib import Path

import httpx
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import load_settings
from tests.api.serving import Site, make_keys


def test_pages_carry_a_strict_policy(nobody: httpx.Client) -> None:
    """Own scripts only, no inline code, no sniffing."""
    for path in ("/", "/desk", "/supervisor", "/docs", "/widget", "/widget.js", "/web/style.css"):
        answer = nobody.get(path)
        assert answer.status_code == 200, path
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "script-src 'self'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_name_nothing_outside(nobody: httpx.Client) -> None:
    """A page loads nothing from another host: it works unplugged (B38)."""
    for path in ("/", "/desk", "/supervisor", "/docs", "/widget"):
        assert "https://" not in nobody.get(path).text.replace("https://坐席服务", "")


def test_a_foreign_host_name_is_refused(nobody: httpx.Client) -> None:
    """A name that was made to point here (DNS rebinding) opens no page."""
    refused = nobody.get("/desk", headers={"Host": "evil.example"})
    assert refused.status_code == 403
    assert "ZUOXI_ALLOWED_HOSTS=客服.example.com" in refused.json()["detail"]


def test_unknown_files_are_missing(nobody: httpx.Client) -> None:
    """Only page files are served: no source, no way up."""
    for name in ("__init__.py", "%2e%2e%2fapp.py", "..%2fauth.py", "nothing.js"):
        assert nobody.get(f"/web/{name}").status_code == 404


def test_a_key_moves_into_a_cookie_that_counts_only_for_the_page(site: Site) -> None:
    """Signing in sets an HttpOnly, SameSite=Strict cookie; without the page's header it opens nothing."""
    page = {"X-Zuoxi-Page": "desk"}
    with httpx.Client(base_url=site.url) as visitor:
        assert visitor.get("/session", headers=page).json() == {"signed_in": False}
        assert visitor.get("/session").status_code == 403
        key = site.secrets[("shop", "agent")]
        signed = visitor.post("/session", headers=page, json={"key": key})
        assert signed.json()["signed_in"]
        cookie = signed.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert visitor.get("/v1/scenes", headers=page).status_code == 200
        assert visitor.get("/v1/scenes").status_code == 401
        assert visitor.get("/v1/board", headers={"X-Zuoxi-Page": "supervisor"}).status_code == 401
        visitor.delete("/session", headers=page)
        assert visitor.get("/v1/scenes", headers=page).status_code == 401


def test_a_page_refuses_a_key_of_too_small_a_scope(site: Site) -> None:
    """The board does not open with a bot's key, and a wrong key is refused."""
    page = {"X-Zuoxi-Page": "supervisor"}
    with httpx.Client(base_url=site.url) as visitor:
        bot = visitor.post("/session", headers=page, json={"key": site.secrets[("shop", "bot")]})
        assert bot.status_code == 403
        assert visitor.post("/session", headers=page, json={"key": "zx_nothing-at-all"}).status_code == 401


def test_the_supervisors_page_opens_for_each_scope_that_works_on_it(site: Site) -> None:
    """Supervisors, inspectors, editors and admins sign in and are told what they cover; an agent is not let in."""
    page = {"X-Zuoxi-Page": "supervisor"}
    for scope in ("supervisor", "quality", "editor", "admin"):
        with httpx.Client(base_url=site.url, headers=page) as visitor:
            told = visitor.post("/session", json={"key": site.secrets[("shop", scope)]}).json()
            assert told["signed_in"]
            assert scope in told["covers"]
            assert visitor.get("/session").json() == told
    with httpx.Client(base_url=site.url, headers=page) as visitor:
        refused = visitor.post("/session", json={"key": site.secrets[("shop", "agent")]})
        assert refused.status_code == 403


def test_a_demo_page_is_left_to_who_signed_in(tmp_path: Path) -> None:
    """A page with a key of its own signs in whoever opens it, but not in place of somebody."""
    pages: dict[str, str] = {}
    app = create_app(load_settings(data=tmp_path), page_keys=pages)
    made = app.state.service.store.write(make_keys)
    pages["supervisor"] = made[("shop", "admin")]
    with TestClient(app, headers={"X-Zuoxi-Page": "supervisor"}) as visitor:
        visitor.get("/supervisor")
        assert visitor.get("/session").json()["scope"] == "admin"
        visitor.post("/session", json={"key": made[("shop", "editor")]})
        visitor.get("/supervisor")
        assert visitor.get("/session").json()["scope"] == "editor"
        visitor.delete("/session")
        visitor.get("/supervisor")
        assert visitor.get("/session").json()["scope"] == "admin"
