"""The pages: plain ES modules and CSS, served as they are, with a strict content security policy."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response

from api.errors import Problem
from api.session import known, opens, set_cookie
from api.settings import Settings

FOLDER = Path(__file__).parent
PAGES = {
    "/": "index.html",
    "/desk": "desk.html",
    "/mine": "mine.html",
    "/supervisor": "supervisor.html",
    "/widget.js": "widget.js",
    "/widget": "widget.html",
    "/docs": "docs.html",
}
SIGNED_AS = {"mine.html": "desk"}
"""Pages that share another page's cookie: an agent signs in once."""
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def policy(settings: Settings) -> str:
    """The Content-Security-Policy of every page: own scripts only, framed only where the site says."""
    ancestors = " ".join(("'self'", *settings.frame_ancestors))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"font-src 'self'; base-uri 'none'; form-action 'self'; frame-src 'self'; frame-ancestors {ancestors}"
    )


def on_loopback(request: Request) -> bool:
    """Whether the caller is on this machine."""
    host = request.client.host if request.client else ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in ("testclient", "")


def open_page(request: Request, settings: Settings) -> None:
    """Pages answer without a key on loopback only, unless the site says otherwise, and to known hosts only."""
    host = request.url.hostname or ""
    if settings.known_hosts.isdisjoint((host, f"[{host}]")):
        raise Problem(
            "forbidden",
            f"不接受的 Host：{host[:80]}；站点可设 ZUOXI_ALLOWED_HOSTS，如 ZUOXI_ALLOWED_HOSTS=客服.example.com",
        )
    if settings.pages_open_to == "loopback" and not on_loopback(request):
        raise Problem("forbidden", "页面只对本机开放；站点可设 ZUOXI_PAGES_OPEN_TO=everyone")


async def _signed_in(request: Request, page: str) -> bool:
    """Whether somebody has signed this page in: the demo does not take it from them."""
    secret = request.cookies.get(f"zuoxi_{page}")
    grant = None if secret is None else await known(request, f"Bearer {secret}")
    return grant is not None and opens(grant, page)


def mount(app: FastAPI, settings: Settings, page_keys: Mapping[str, str]) -> None:
    """Serve the pages and their files; a page with a key of its own is signed in when it is opened here."""
    headers = {
        "Content-Security-Policy": policy(settings),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }

    def send(name: str) -> Response:
        path = FOLDER / name
        if path.suffix not in TYPES or path.parent != FOLDER or not path.is_file():
            raise Problem("not_found", f"没有这个页面：{name[:80]}")
        # a module script is fetched across origins only where its server allows it; it holds nothing secret
        shared = {"Access-Control-Allow-Origin": "*"} if name == "widget.js" else {}
        return FileResponse(path, media_type=TYPES[path.suffix], headers=headers | shared)

    for address, name in PAGES.items():

        async def page(request: Request, name: str = name) -> Response:
            open_page(request, settings)
            response, own = send(name), SIGNED_AS.get(name, name.partition(".")[0])
            secret = page_keys.get(own)
            if secret is not None and on_loopback(request) and not await _signed_in(request, own):
                set_cookie(response, own, secret)
            return response

        app.add_api_route(address, page, include_in_schema=False, name=name)

    @app.get("/web/{name}", include_in_schema=False)
    def asset(request: Request, name: str) -> Response:
        open_page(request, settings)
        return send(name)
