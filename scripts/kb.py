"""zuoxi kb: import, search, publish, check and list the knowledge of a site."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from scripts import site
from scripts.console import (
    DATA,
    AsJson,
    Data,
    Failed,
    Misused,
    given_text,
    group,
    progress,
    say,
    table,
    tell,
)
from scripts.kb_import import import_files

app = group("知识库：导入、检索、发布、检查、列出")
app.command(
    "import", epilog="例：zuoxi kb import 常见问题.xlsx 话术.jsonl；或 cat 话术.jsonl | zuoxi kb import -"
)(import_files)
Tenant = Annotated[str, typer.Option("--tenant", help="租户")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="只看这些类型，可多次给出")]


@app.command(epilog="例：zuoxi kb search 退款多久到账 --limit 3 --json")
def search(
    query: Annotated[str, typer.Argument(help="问题；- 为标准输入")],
    kind: Kinds = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=50, help="条数")] = 5,
    min_precision: Annotated[float | None, typer.Option(min=0, max=1, help="低于此把握则弃答")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="按这一时刻有效的版本，ISO 8601")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="检索草稿")] = False,
    tenant: Tenant = site.TENANT,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """检索知识库，每条结果说明为何入选。"""
    from api import wiring
    from kb.filters import Filters

    asked, moment = given_text(query), _moment(as_of)
    with site.opened(data) as service:
        began = time.perf_counter()
        knowledge = service.sites.draft(tenant) if draft else service.sites.at(tenant, moment)
        filters = Filters(kinds=_kinds(kind), as_of=moment or datetime.now(UTC))
        found = wiring.search_body(service.models, knowledge, asked, filters, limit, min_precision)
        mode, policy = wiring.search_mode(service.models, knowledge), service.policy.version
        head = wiring.decision(wiring.new_id("kb"), mode, knowledge.release, service.models, policy, began)
    if as_json:
        tell({**head, **found})
        return
    rows = [
        (f"{hit['confidence']:.2f}", hit["kind"], hit["title"], hit["text"][:80]) for hit in found["hits"]
    ]
    table(("把握", "类型", "标题", "内容"), rows, f"{knowledge.release}，{head['took_ms']:.0f} 毫秒")
    if found["abstained"]:
        say("没有足够把握的答案。相近的问题：" + ("；".join(found["near_questions"]) or "无"))


def _kinds(given: list[str] | None) -> frozenset[Any]:
    from kb.entries import KINDS

    for one in given or ():
        if one not in KINDS:
            raise Misused(f"没有类型 {one}：可用 {'|'.join(KINDS)}")
    return frozenset(given or ())


def _moment(given: str | None) -> datetime | None:
    from kb.entries import ZONE

    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise Misused(f"--as-of 无法识别：{given}，应为 ISO 8601，如 2026-11-03T10:00:00+08:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


@app.command(epilog="例：zuoxi kb publish --note 双十一政策更新")
def publish(
    message: Annotated[str, typer.Option("--note", help="发布说明")] = "",
    tenant: Tenant = site.TENANT,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """把草稿作为一个新版本发布。"""
    with site.opened(data) as service, progress("发布"):
        release = asyncio.run(service.sites.publish_draft(tenant, by=site.ACTOR, note=message))
    if release is None:
        raise Failed("草稿是空的，没有可发布的改动")
    if as_json:
        tell({"release": release.name, "at": release.at})
    else:
        say(f"已发布 {release.name}")


@app.command(epilog="例：zuoxi kb lint --json")
def lint(tenant: Tenant = site.TENANT, data: Data = DATA, as_json: AsJson = False) -> None:
    """检查知识库：互相矛盾、几乎重复、槽位、已撤的入口、失效；有错误时退出码为 1。"""
    from scripts.lint import linted, show

    with site.stored(data) as (_, store), progress("检查") as advance:
        found, size = linted(store, tenant, advance)
    if as_json:
        tell({"entries": size, **found})
    else:
        show(found, size)
    if found["counts"]["error"]:
        raise typer.Exit(1)


@app.command("list", epilog="例：zuoxi kb list --kind script --limit 20")
def list_entries(
    kind: Annotated[str | None, typer.Option("--kind", help="只看这一类型")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="条数")] = 100,
    after: Annotated[str, typer.Option("--after", help="从这个编号之后开始")] = "",
    tenant: Tenant = site.TENANT,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """列出在用的条目与当前版本。"""
    from api.store import entries

    if kind is not None:
        _kinds([kind])
    with site.stored(data) as (_, store):
        head = store.read(lambda reader: entries.head(reader, tenant))
        page = store.read(lambda reader: entries.listed(reader, tenant, kind=kind, after=after, limit=limit))
    release = head.name if head else None
    if as_json:
        tell({"release": release, "entries": page})
        return
    rows = [(one["id"], one["kind"], one.get("stage", ""), one["title"]) for one in page]
    table(("编号", "类型", "阶段", "标题"), rows, f"版本 {release or '（尚未发布）'}")
