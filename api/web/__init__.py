"""The pages: plain ES modules and CSS, served as they are, with a strict content security policy."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response

from api.errors import Problem
from api.settings import Settings

FOLDER = Path(__file__).parent
PAGES = {"/": "index.html", "/desk": "desk.html", "/supervisor": "supervisor.html", "/widget.js": "widget.js"}
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
    """Pages answer without a key on loopback only, unless the site says otherwise."""
    if settings.pages_open_to == "loopback" and not on_loopback(request):
        raise Problem("forbidden", "页面只对本机开放；站点可设 ZUOXI_PAGES_OPEN_TO=everyone")


def mount(app: FastAPI, settings: Settings) -> None:
    """Serve the pages and their files."""
    headers = {
        "Content-Security-Policy": policy(settings),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }

    def send(name: str) -> Response:
        path = FOLDER / name
        if path.suffix not in TYPES or not path.is_file() or path.parent.resolve() not in ALLOWED:
            raise Problem("not_found", f"没有这个页面：{name[:80]}")
        return FileResponse(path, media_type=TYPES[path.suffix], headers=headers)

    for address, name in PAGES.items():

        def page(request: Request, name: str = name) -> Response:
            open_page(request, settings)
            return send(name)

        page.__name__ = f"page_{Path(name).stem}"
        app.add_api_route(address, page, include_in_schema=False)

    @app.get("/web/{name}", include_in_schema=False)
    def asset(request: Request, name: str) -> Response:
        open_page(request, settings)
        return send(name)


ALLOWED = frozenset({FOLDER.resolve()})
