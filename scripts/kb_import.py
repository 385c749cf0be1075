"""zuoxi kb import: files of knowledge into a site, with the report of what was made of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts import site
from scripts.console import DATA, STDIN, AsJson, Data, Failed, given_bytes, progress, say, tell

if TYPE_CHECKING:
    from kb.entries import Entry
    from kb.ingest import Ingested

Tenant = Annotated[str, typer.Option("--tenant", help="租户")]
UNNAMED = "stdin.jsonl"
UNITS = {"row": "行", "line": "行", "page": "页", "paragraph": "段"}


def import_files(
    files: Annotated[
        list[str],
        typer.Argument(help="csv、xlsx、json(l)、md、txt、html、docx、pdf 文件；- 为标准输入（jsonl）"),
    ],
    name: Annotated[str, typer.Option("--name", help="标准输入内容的文件名，后缀决定格式")] = UNNAMED,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="撤下文件里不再有的条目（默认只列出）")
    ] = False,
    tenant: Tenant = site.TENANT,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """导入文件，按站点的发布方式发布或进草稿；同名文件再次导入是更新。可在服务运行时使用，没有站点时新建。"""
    named = {file: name if file == STDIN else Path(file).name for file in files}
    read = _read_all(named, _stored(data, tenant))
    imported = sum(len(one.entries) for one in read.values())
    fresh = imported > 0 and not site.exists(site.settings_of(data))
    reply: dict[str, Any] = {"imported": 0, "state": None, "release": None, "files": []}
    if imported:
        known = {file: None if told == UNNAMED else told for file, told in named.items()}
        reply = _take(data, tenant, [(known[file], one) for file, one in read.items()], withdraw)
    told = reply.pop("files") or [{"report": one.report.to_json()} for one in read.values()]
    for part in ("report", "changes", "repairs"):
        shown = part + ("s" if part == "report" else "")
        reply[shown] = {file: one.get(part, {}) for file, one in zip(read, told, strict=True)}
    if as_json:
        tell(reply)
    else:
        _show(reply)
        if fresh:
            say(f"已在 {data} 新建站点")
    if not imported:
        raise Failed("没有一条可以导入：原因见上面的报告")


def _stored(data: Path, tenant: str) -> list[Entry]:
    """The site's documents, whose lines tell what is boilerplate; none without a site."""
    from api.store import entries
    from kb.entries import from_json

    if not site.exists(site.settings_of(data)):
        return []
    with site.stored(data) as (_, store):
        head = store.read(lambda reader: entries.head(reader, tenant))
        seq = head.seq if head else 0
        raw = store.read(lambda reader: entries.entries_of(reader, tenant, seq))
    return [from_json(one) for one in raw.values() if one.get("kind") == "manual"]


def _read_all(named: Mapping[str, str], stored: list[Entry]) -> dict[str, Ingested]:
    """Every file, before anything is written. Raises Failed for one that cannot be read."""
    from kb.ingest.repeated import repeated_lines

    read: dict[str, Ingested] = {}
    content: dict[str, bytes | Path] = {}
    with progress("读取") as advance:
        for at, (file, name) in enumerate(named.items()):
            advance(at, len(named))
            content[file] = given_bytes(file) if file == STDIN else Path(file)
            read[file] = _read(name, content[file], frozenset())
        first = dict(read)
        for file, name in named.items():
            own = {entry.source for entry in first[file].entries}
            others = [one for one in stored if one.source not in own]
            others += [one for other in first if other != file for one in first[other].entries]
            repeated = repeated_lines(others)
            if repeated and any(entry.kind == "manual" for entry in first[file].entries):
                read[file] = _read(name, content[file], repeated)
    return read


def _read(name: str, content: bytes | Path, repeated: frozenset[str]) -> Ingested:
    from kb.ingest import FileRefused, read_entries

    try:
        return read_entries(name, content, repeated=repeated)
    except FileRefused as error:
        raise Failed(f"{name}：{error.message}（可接受：{error.accepted}）") from None
    except OSError as error:
        raise Failed(
            f"读不了 {content if isinstance(content, Path) else name}：{error.strerror or error}"
        ) from None


def _take(
    data: Path, tenant: str, given: list[tuple[str | None, Ingested]], withdraw: bool
) -> dict[str, Any]:
    from api import casework, imports
    from api.store.keys import Grant

    with site.opened(data, make=True) as service, progress("写入并建立索引"):
        site.ensure_tenant(service.store, tenant)
        work = casework.make(service.settings.data / "policy")
        actor = {"id": site.ACTOR, "name": "命令行", "roles": []}
        grant, reviewed = Grant("cli", tenant, "editor", actor), service.settings.publishing == "reviewed"
        reply: dict[str, Any] = service.store.write(
            lambda writer: imports.take(work, writer, grant, given, withdraw=withdraw, reviewed=reviewed)
        )
        service.sites.refresh(tenant)
    return reply


def _show(reply: dict[str, Any]) -> None:
    for file, report in reply["reports"].items():
        changes, repairs = reply["changes"][file], reply["repairs"][file]
        say(f"{file}：保留 {report['kept']} 条")
        if changes:
            say(
                f"  新增 {changes['new']}，更新 {changes['changed']}，未变 {changes['unchanged']}，"
                f"文件里不再有 {changes['vanished']}（撤下 {changes['withdrawn']}）"
            )
            for one in changes["vanished_entries"][:10]:
                say(f"    {one['id']} {one['title'][:50]}")
            for identity in changes["overwritten_entries"][:10]:
                say(f"    {identity}：人工修改过，来源已变，以来源为准")
        for step in report["cleaned"]:
            say(f"  {step['name']}：{step['count']} 处")
            for example in step.get("examples", [])[:2]:
                say(f"    {example.get('before', '')[:60]}  →  {example.get('after', '')[:60]}")
        _show_rows("存疑（已导入，请核对）", report["doubted"])
        _show_rows("拒收", report["refused"])
        if repairs:
            say(f"  待修复 {repairs['waiting']} 处（新开 {repairs['opened']}，了结 {repairs['closed']}）")
    if reply["state"] == "published":
        say(f"已发布 {reply['imported']} 条，版本 {reply['release']}")
    elif reply["state"] == "draft":
        say(f"{reply['imported']} 条已进草稿：审批后用 zuoxi kb publish 发布")
    elif reply["state"] == "unchanged":
        say(f"{reply['imported']} 条都没有变化，未发布新版本")


def _show_rows(title: str, rows: list[dict[str, Any]], most: int = 10) -> None:
    if not rows:
        return
    say(f"  {title}：{len(rows)} 条")
    for row in rows[:most]:
        unit = next((unit for unit in UNITS if unit in row), "row")
        place = f"第 {row.get(unit, '?')} {UNITS[unit]}"
        told = f"{row.get('field') or ''} {row.get('reason', '')}：{str(row.get('text', ''))[:50]}"
        say(f"    {place} {told}")
    if len(rows) > most:
        say(f"    …另有 {len(rows) - most} 条，用 --json 看全部")
