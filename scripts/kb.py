"""zuoxi kb: import, search, publish, check and list the knowledge of a site."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts import site
from scripts.console import (
    DATA,
    STDIN,
    AsJson,
    Data,
    Failed,
    Misused,
    given_bytes,
    given_text,
    group,
    note,
    progress,
    say,
    table,
    tell,
)

if TYPE_CHECKING:
    from api.service import Service
    from kb.entries import Entry
    from kb.ingest import Ingested

app = group("知识库：导入、检索、发布、检查、列出")
Tenant = Annotated[str, typer.Option("--tenant", help="租户")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="只看这些类型，可多次给出")]


@app.command(
    "import", epilog="例：zuoxi kb import 常见问题.xlsx 话术.jsonl；或 cat 话术.jsonl | zuoxi kb import -"
)
def import_files(
    files: Annotated[list[str], typer.Argument(help="csv、xlsx、jsonl、md、txt 文件；- 为标准输入（jsonl）")],
    name: Annotated[str, typer.Option("--name", help="标准输入内容的文件名，后缀决定格式")] = "stdin.jsonl",
    tenant: Tenant = site.TENANT,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """导入文件，按站点的发布方式发布或进草稿；可在服务运行时使用，没有站点时新建。"""
    with progress("读取") as advance:
        read = {}
        for at, file in enumerate(files):
            advance(at, len(files))
            read[file] = _read(name if file == STDIN else Path(file).name, given_bytes(file))
    put: dict[str, Entry] = {entry.id: entry for one in read.values() for entry in one.entries}
    reply: dict[str, Any] = {
        "imported": len(put),
        "state": None,
        "release": None,
        "reports": {file: one.report.to_json() for file, one in read.items()},
    }
    fresh = bool(put) and not site.exists(site.settings_of(data))
    if put:
        with site.opened(data, make=True) as service, progress("写入并建立索引"):
            site.ensure_tenant(service.store, tenant)
            names = "、".join(Path(file).name for file in read)
            reply |= _write(service, tenant, put, f"导入 {names[:60]}")
    if as_json:
        tell(reply)
    else:
        _show_import(reply)
        if fresh:
            say(f"已在 {data} 新建站点")
    if not put:
        raise Failed("没有一条可以导入：原因见上面的报告")


def _read(name: str, content: bytes) -> Ingested:
    from kb.ingest import FileRefused, read_entries

    try:
        return read_entries(name, content)
    except FileRefused as error:
        raise Failed(f"{name}：{error.message}（可接受：{error.accepted}）") from None


def _write(service: Service, tenant: str, put: dict[str, Entry], message: str) -> dict[str, Any]:
    reviewed = service.settings.publishing == "reviewed"
    written = asyncio.run(
        service.sites.write(tenant, put, frozenset(), by=site.ACTOR, note=message, reviewed=reviewed)
    )
    if written.release is None:
        return {"state": "draft"}
    return {"state": "published", "release": written.release.name}


def _show_import(reply: dict[str, Any]) -> None:
    for file, report in reply["reports"].items():
        say(f"{file}：保留 {report['kept']} 条")
        for step in report["cleaned"]:
            say(f"  {step['name']}：{step['count']} 处")
            for example in step.get("examples", [])[:2]:
                say(f"    {example.get('before', '')[:60]}  →  {example.get('after', '')[:60]}")
        _show_rows("存疑（已导入，请核对）", report["doubted"])
        _show_rows("拒收", report["refused"])
    if reply["state"] == "published":
        say(f"已发布 {reply['imported']} 条，版本 {reply['release']}")
    elif reply["state"] == "draft":
        say(f"{reply['imported']} 条已进草稿：审批后用 zuoxi kb publish 发布")


def _show_rows(title: str, rows: list[dict[str, Any]], most: int = 10) -> None:
    if not rows:
        return
    say(f"  {title}：{len(rows)} 条")
    for row in rows[:most]:
        place = row.get("row") or row.get("line") or "?"
        say(
            f"    第 {place} 行 {row.get('field') or ''} {row.get('reason', '')}：{str(row.get('text', ''))[:50]}"
        )
    if len(rows) > most:
        say(f"    …另有 {len(rows) - most} 条，用 --json 看全部")


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
    """检查知识库：重复标题、槽位不一致、已失效、过短；有错误时退出码为 1。"""
    from api.store import entries
    from kb.entries import from_json
    from scripts.lint import findings

    with site.stored(data) as (_, store):
        head = store.read(lambda reader: entries.head(reader, tenant))
        seq = head.seq if head else 0
        raw = store.read(lambda reader: entries.entries_of(reader, tenant, seq))
    found = findings([from_json(one) for one in raw.values()], datetime.now(UTC))
    errors = sum(one["severity"] == "error" for one in found)
    if as_json:
        tell({"entries": len(raw), "errors": errors, "findings": found})
    else:
        rows = [
            ("错误" if one["severity"] == "error" else "提醒", one["entry_id"], one["text"]) for one in found
        ]
        if rows:
            table(("级别", "条目", "问题"), rows)
        note(f"{len(raw)} 条知识，{errors} 个错误，{len(found) - errors} 个提醒")
    if errors:
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
