"""zuoxi demo: a shop's site to look at, with fresh keys at every start."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts import serve, site
from scripts.console import DATA, AsJson, Data, note, say, table, tell
from scripts.serve import LOOPBACK, Host, Port

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.store import Store

LIFETIME = timedelta(days=30)
MARK = "demo.json"
"""Says that this folder is a demo and whether it was filled to the end."""

ACTORS: dict[str, dict[str, Any]] = {
    "bot": {"id": "bot-xiaoxia", "name": "小夏", "roles": ["机器人"]},
    "agent": {"id": "A012", "name": "小禾", "team": "售后一组", "roles": ["客服"]},
    "supervisor": {"id": "S001", "name": "售后一组主管", "team": "售后一组", "roles": ["主管", "客服"]},
    "quality": {"id": "Q001", "name": "质检一号", "roles": ["质检"]},
    "editor": {"id": "E001", "name": "知识编辑", "roles": ["知识编辑"]},
    "admin": {"id": "admin", "name": "管理员", "roles": ["管理员"]},
}


def demo(data: Data = DATA, port: Port = 8000, host: Host = LOOPBACK, as_json: AsJson = False) -> None:
    """启动演示站点：空目录先填入演示商城的内容，已有的站点原样提供；每次启动新发各权限的钥匙，旧的作废。"""
    serve.one_thread_a_call()
    settings = site.settings_of(data)
    kept: list[FastAPI] = []
    pages: dict[str, str] = {}

    def make() -> FastAPI:
        kept.append(serve.application(settings, pages))
        return kept[0]

    async def ready(url: str) -> None:
        app = kept[0]
        store = app.state.service.store
        fill = _wants_filling(settings.data, store)
        keys = _mint(store)
        # the supervisor's page holds the work of supervisors, inspectors and editors: only admin covers the three
        pages.update(desk=keys["agent"], supervisor=keys["admin"])
        if fill:
            await _fill(app, settings.data, keys)
        if as_json:
            tell({"url": url, "keys": keys})
        else:
            _welcome(url, keys)
        serve.tell_hosts(settings, host)

    serve.run(settings, host, port, make, ready)


def _wants_filling(folder: Path, store: Store) -> bool:
    """Whether the folder is new, or a demo that was stopped while it was being filled."""
    from api.store import keys

    try:
        mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
        return mark.get("filled") is not True
    except (OSError, ValueError):
        return not store.read(keys.tenant_ids)


def _mint(store: Store) -> dict[str, str]:
    """A new key for every scope; the demo keys of earlier starts end."""
    from api.store import keys
    from api.store.engine import Reader, Writer

    def unit(writer: Writer) -> dict[str, str]:
        keys.ensure_tenant(writer, site.TENANT, "知夏商城（演示）")
        for key in keys.listed(Reader(writer), site.TENANT):
            # What an earlier start printed: its actor to the letter, and an end. Keys of the site's own stay.
            if key["actor"] == ACTORS[key["scope"]] and key["expires_at"] and key["id"].startswith(keys.KEY):
                keys.revoke(writer, site.TENANT, key["id"])
        return {
            scope: keys.create(writer, site.TENANT, scope, ACTORS[scope], LIFETIME) for scope in keys.SCOPES
        }

    return store.write(unit)


async def _fill(app: FastAPI, folder: Path, keys: dict[str, str]) -> None:
    from scripts import demo_site
    from scripts.inside import Inside

    mark = folder / MARK
    mark.write_text('{"filled": false}\n', encoding="utf-8")
    note("正在填入演示内容…")
    clients = {scope: Inside(app, key) for scope, key in keys.items()}
    for step, done in await demo_site.fill(app.state.service, clients):
        note(f"  {step}：{done}")
    mark.write_text('{"filled": true}\n', encoding="utf-8")


def _welcome(url: str, keys: dict[str, str]) -> None:
    say(f"演示站点已就绪：{url}")
    say(f"  坐席台 {url}/desk    主管台 {url}/supervisor    接口文档 {url}/docs")
    table(("权限", "钥匙（30 天有效）"), list(keys.items()))
    say("按 Ctrl+C 停止")
