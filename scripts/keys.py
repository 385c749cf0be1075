"""zuoxi keys: who may do what. A key is shown once, when it is made; only its digest is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from scripts import site
from scripts.console import DATA, AsJson, Data, Failed, Misused, group, note, say, table, tell

app = group("钥匙：新建、列出、吊销")
Tenant = Annotated[str, typer.Option("--tenant", help="租户")]


@app.command(epilog="例：zuoxi keys create --scope agent --actor A012 --team 售后一组 --role 客服")
def create(
    scope: Annotated[str, typer.Option("--scope", help="bot|agent|supervisor|quality|editor|admin")],
    actor: Annotated[str, typer.Option("--actor", help="持有人的编号，记录里的“谁”")],
    name: Annotated[str | None, typer.Option("--name", help="持有人的称呼")] = None,
    team: Annotated[str | None, typer.Option("--team", help="班组")] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help="角色，可多次给出")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, help="有效天数；缺省为不过期")] = None,
    tenant: Tenant = site.TENANT,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """新建一把钥匙；只在此刻显示一次。"""
    from api.store import keys

    if scope not in keys.SCOPES:
        raise Misused(f"没有权限 {scope}：可用 {'|'.join(keys.SCOPES)}")
    if not actor.strip():
        raise Misused("--actor 不能为空")
    lifetime = None if days is None else timedelta(days=days)
    who: dict[str, Any] = {"id": actor.strip(), "roles": role or []}
    who |= {field: value for field, value in (("name", name), ("team", team)) if value}
    with site.stored(data, make=True) as (_, store):
        site.ensure_tenant(store, tenant)
        secret = store.write(lambda writer: keys.create(writer, tenant, scope, who, lifetime))
        grant = store.read(lambda reader: keys.find(reader, secret))
    identity = grant.key_id if grant else ""
    if as_json:
        tell({"key": secret, "id": identity, "scope": scope, "tenant": tenant, "actor": who})
        return
    note(f"编号 {identity}，权限 {scope}，持有人 {actor}。请立即保存，之后无法再次查看：")
    say(secret)


@app.command("list", epilog="例：zuoxi keys list --data ./data")
def show(tenant: Tenant = site.TENANT, data: Data = DATA, as_json: AsJson = False) -> None:
    """列出钥匙（没有密文，只有编号与持有人）。"""
    from api.store import keys

    with site.stored(data) as (_, store):
        found = store.read(lambda reader: keys.listed(reader, tenant))
    if as_json:
        tell({"keys": found})
        return
    rows = [
        (one["id"], one["scope"], one["actor"]["id"], one["created_at"][:19], _state(one)) for one in found
    ]
    table(("编号", "权限", "持有人", "新建于（UTC）", "状态"), rows)


def _state(key: dict[str, Any]) -> str:
    from api.store.keys import now

    if key["revoked_at"]:
        return f"已吊销 {key['revoked_at'][:19]}"
    if key["expires_at"] is None:
        return "有效"
    return ("已过期 " if key["expires_at"] <= now() else "有效至 ") + str(key["expires_at"][:19])


@app.command(epilog="例：zuoxi keys revoke key-0f3a… --data ./data")
def revoke(
    key_id: Annotated[str, typer.Argument(help="钥匙编号，见 zuoxi keys list")],
    tenant: Tenant = site.TENANT,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """吊销一把钥匙；运行中的服务在数秒内拒绝它。"""
    from api.store import keys

    with site.stored(data) as (_, store):
        done = store.write(lambda writer: keys.revoke(writer, tenant, key_id))
    if not done:
        raise Failed(f"没有可吊销的钥匙 {key_id}：用 zuoxi keys list 查看")
    if as_json:
        tell({"id": key_id, "revoked": True})
    else:
        say(f"已吊销 {key_id}")
