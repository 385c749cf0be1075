"""Door of the knowledge base: entries, search, releases."""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api import wiring
from api.asked import filters_json, index_json
from api.bodies import Moment
from api.casework import Casework, Work
from api.deps import Editor, IdempotencyKey, Json, Opened, Reading, once
from api.errors import Problem, invalid, not_found
from api.handbook import unsigned
from api.lint import refusal
from api.service import Service
from api.sites import Written, write
from api.store import Reader, Writer, changes, decisions, entries
from api.store.entries import Release
from api.store.keys import Grant
from api.telemetry import DECISIONS
from api.trials import person_of
from kb import handbook
from kb.dialogue import unmasked
from kb.entries import Entry, from_json, to_json
from kb.filters import Filters
from kb.knowledge import Knowledge
from nlp.privacy import mask

router = APIRouter(prefix="/v1/kb", tags=["kb"])
Limit = Annotated[int, Query(ge=1, le=500)]


class EntryIn(BaseModel):
    """An entry as the contract writes it; its rules are those of the knowledge base itself."""

    model_config = ConfigDict(extra="allow")


class SearchIn(BaseModel):
    """A question to the knowledge base."""

    query: str = Field(min_length=1, max_length=2000, examples=["退款多久到账"])
    kinds: list[str] | None = Field(None, max_length=6)
    stages: list[str] | None = Field(None, max_length=6)
    audience: list[str] | None = Field(None, max_length=20)
    channel: str | None = Field(None, max_length=64)
    as_of: Moment | None = None
    limit: int = Field(10, ge=1, le=50)
    min_precision: float | None = Field(None, ge=0, le=1)
    release: Literal["draft"] | None = None
    change: str | None = Field(None, max_length=256, description="编辑者预览：连同这项修订的内容一起检索")


class PublishIn(BaseModel):
    """A publish of the open draft."""

    note: str = Field("", max_length=2000)
    force: bool = Field(False, description="不顾检查结果发布：只有 admin 可以，且须写明理由（note）")


def _release(release: Release | None) -> Json | None:
    if release is None:
        return None
    return {"name": release.name, "at": release.at, "by": release.by, "note": release.note}


def _reviewed(opened: Service) -> bool:
    return opened.settings.publishing == "reviewed"


@router.get("/entries")
async def list_entries(
    opened: Opened, grant: Editor, kind: str | None = None, after: str = "", limit: Limit = 100
) -> Json:
    """Live entries by id; `next` is the `after` of the next page."""
    page = await opened.store.aread(
        lambda reader: entries.listed(reader, grant.tenant, kind=kind, after=after, limit=limit)
    )
    total = len(opened.sites.knowledge(grant.tenant).entries)
    return {"entries": page, "total": total, "next": page[-1]["id"] if len(page) == limit else None}


@router.post("/entries", status_code=201)
async def create_entry(
    body: EntryIn, opened: Opened, grant: Editor, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Add an entry; published at once, or into the open draft."""
    entry = from_json(body.model_extra or {})
    if not entry.id.isprintable():
        raise invalid("id", "含有控制字符", "可见字符")

    def unit(writer: Writer) -> tuple[int, Json]:
        if entries.get(Reader(writer), grant.tenant, entry.id) is not None:
            raise Problem("conflict", f"条目 {entry.id} 已存在：修改请用 PUT /v1/kb/entries/{entry.id}")
        written = write(
            writer,
            grant.tenant,
            {entry.id: entry},
            frozenset(),
            by=grant.actor_id,
            note=f"新增 {entry.title[:60]}",
            reviewed=_reviewed(opened),
            thaw=grant.scope == "admin",
        )
        return 201, _written(written)

    answer = await once(opened, grant, idempotency_key, ["entry", body.model_extra], unit)
    await asyncio.to_thread(opened.sites.refresh, grant.tenant)
    return answer


def _written(written: Written) -> Json:
    return {
        "id": written.ids[0] if len(written.ids) == 1 else None,
        "ids": list(written.ids[:1000]),
        "state": "draft" if written.release is None else "published",
        "release": None if written.release is None else written.release.name,
    }


async def _write(
    opened: Service, grant: Grant, put: dict[str, Entry], drop: frozenset[str], *, note: str
) -> Json:
    reviewed, thaw = _reviewed(opened), grant.scope == "admin"
    written = await opened.sites.write(
        grant.tenant, put, drop, by=grant.actor_id, note=note, reviewed=reviewed, thaw=thaw
    )
    return _written(written)


@router.get("/entries/{entry_id:path}")
async def read_entry(
    entry_id: str,
    opened: Opened,
    grant: Reading,
    as_of: Moment | None = None,
    release: Annotated[str | None, Query(max_length=64)] = None,
) -> JSONResponse:
    """One live entry, with an ETag; or the text that held at `as_of`, or stood in a release.

    A deleted one is 404 with its tombstone.
    """
    if as_of is not None or release is not None:
        return JSONResponse(await opened.store.aread(partial(_past, grant.tenant, entry_id, as_of, release)))

    def unit(reader: Reader) -> tuple[Json, str | None, bool] | None:
        raw, head = entries.get(reader, grant.tenant, entry_id), entries.head(reader, grant.tenant)
        if raw is None or head is None:
            return None
        since = entries.since_named(reader, grant.tenant, entry_id, head.seq)
        return raw, since, bool(changes.frozen(reader, grant.tenant, [entry_id]))

    found = await opened.store.aread(unit)
    if found is None:
        raise await _absent(opened, grant, entry_id)
    raw, since, frozen = found
    return JSONResponse({**raw, "release": since, "frozen": frozen}, headers={"ETag": _etag(raw)})


def _past(tenant: str, entry_id: str, as_of: datetime | None, name: str | None, reader: Reader) -> Json:
    """An entry as it was: in a release by its name (of a trial: the one it was tried over), or at a moment."""
    at = (as_of or datetime.now(UTC)).astimezone(UTC)
    if name is not None:
        release = entries.release_named(reader, tenant, name.partition("+")[0])
    else:
        release = entries.release_at(reader, tenant, at.isoformat(timespec="milliseconds"))
    if release is None:
        raise not_found("发布版本", name or "")
    texts = entries.texts_of(reader, tenant, [entry_id], release.seq).get(entry_id, [])
    parsed = [from_json(raw) for raw in texts]
    own = next((one for one in parsed if one.id == entry_id), None)
    chosen = own if name is not None and as_of is None else handbook.in_force(parsed, at) or own
    if chosen is None:
        raise Problem("not_found", f"{release.name} 里没有条目 {entry_id[:80]}")
    told = {**to_json(chosen), "id": entry_id, "release": release.name, "effective": chosen.effective(at)}
    since = entries.since_named(reader, tenant, chosen.id, release.seq)
    return {**{k: v for k, v in told.items() if k != "successor"}, "since": since}


async def _absent(opened: Service, grant: Grant, entry_id: str) -> Problem:
    """404 for an entry that is not there; one that was deleted says when."""
    gone = await opened.store.aread(lambda reader: entries.tombstone(reader, grant.tenant, entry_id))
    if gone is None:
        return not_found("知识条目", entry_id)
    return Problem("not_found", f"条目 {entry_id} 已于 {gone['at']} 在 {gone['release']} 中删除")


def _etag(raw: Json) -> str:
    return '"' + hashlib.sha256(repr(sorted(raw.items())).encode()).hexdigest()[:16] + '"'


@router.put("/entries/{entry_id:path}")
async def replace_entry(
    entry_id: str, body: EntryIn, request: Request, opened: Opened, grant: Editor
) -> Json:
    """Replace an entry. With `If-Match`, only if nobody changed it since."""
    raw = {**(body.model_extra or {})}
    if raw.setdefault("id", entry_id) != entry_id:
        raise invalid("id", "与地址里的编号不同", entry_id)
    match, reviewed = request.headers.get("if-match"), _reviewed(opened)
    entry = from_json(raw)

    def unit(writer: Writer) -> Written:
        # looked at in the transaction that writes: two who read the same entry cannot both replace it
        known = entries.get(Reader(writer), grant.tenant, entry_id)
        if known is None and entry_id not in entries.draft(Reader(writer), grant.tenant):
            raise not_found("知识条目", entry_id)
        if match is not None and known is not None and match != _etag(known):
            raise Problem("conflict", "条目已被他人修改：请重新读取后再改")
        note = f"修改 {entry.title[:60]}"
        put = {entry_id: entry}
        by, thaw = grant.actor_id, grant.scope == "admin"
        return write(writer, grant.tenant, put, frozenset(), by=by, note=note, reviewed=reviewed, thaw=thaw)

    written = await opened.store.awrite(unit)
    await asyncio.to_thread(opened.sites.refresh, grant.tenant)
    return _written(written)


@router.delete("/entries/{entry_id:path}")
async def delete_entry(entry_id: str, opened: Opened, grant: Editor) -> Json:
    """Delete at once, in both publishing settings; answers with the tombstone."""
    known = await opened.store.aread(lambda reader: entries.get(reader, grant.tenant, entry_id))
    if known is None:
        planned = await opened.store.aread(lambda reader: entries.draft(reader, grant.tenant))
        if entry_id not in planned:
            raise await _absent(opened, grant, entry_id)
        await opened.store.awrite(lambda writer: entries.clear_draft(writer, grant.tenant, [entry_id]))
        return {"id": entry_id, "deleted": True, "release": None}
    await _write(opened, grant, {}, frozenset({entry_id}), note=f"删除 {known['title'][:60]}")
    gone = await opened.store.aread(lambda reader: entries.tombstone(reader, grant.tenant, entry_id))
    return {"id": entry_id, "deleted": True, "tombstone": gone, "release": gone["release"] if gone else None}


def _knowledge(opened: Service, grant: Grant, body: SearchIn) -> Knowledge:
    """The handbook that is asked. Raises 403 for what only editors see."""
    if body.release != "draft" and body.change is None:
        return opened.sites.at(grant.tenant, body.as_of, person_of(grant))
    if grant.scope not in ("editor", "admin"):
        raise Problem("forbidden", "草稿只对编辑者可见")
    if body.change is not None:
        return opened.sites.planned(grant.tenant, body.change)
    return opened.sites.draft(grant.tenant)


@router.post("/search")
async def search_entries(body: SearchIn, opened: Opened, grant: Reading) -> Json:
    """Search; every hit says why it is there. Below the asked precision: abstain, with near questions."""
    began = time.perf_counter()
    knowledge = await asyncio.to_thread(_knowledge, opened, grant, body)
    filters = Filters(
        kinds=frozenset(body.kinds or ()),
        stages=frozenset(body.stages or ()),
        audience=None if body.audience is None else frozenset(body.audience),
        channel=body.channel,
        as_of=body.as_of or datetime.now(UTC),
    )
    # personal data is not kept, so it is not searched for either; a number alone may be the code of a product
    query = unmasked(mask(body.query)) or body.query
    found = await opened.models.think(
        lambda encode: wiring.search_body(
            opened.models, knowledge, query, filters, body.limit, body.min_precision, encode
        )
    )
    mode = wiring.search_mode(opened.models, knowledge)
    DECISIONS.labels("search", mode).inc()
    head = wiring.decision(
        wiring.new_id("kb"), mode, knowledge.release, opened.models, opened.policy.version, began
    )
    kept = body.model_dump(mode="json", exclude_none=True)
    kept |= {"query": mask(query), "masked": mask(query) != query}
    kept |= {"filters": filters_json(filters), "index": index_json(knowledge)}

    def unit(writer: Writer) -> None:
        decisions.save(writer, grant.tenant, "search", kept, {**head, **found})

    await opened.store.awrite(unit)
    return {**head, **found}


@router.get("/releases")
async def list_releases(opened: Opened, grant: Editor, as_of: Moment | None = None) -> Json:
    """Releases (up to `as_of`), newest first, each with its change; the one then in force; the open draft's size."""
    at = (as_of or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")

    def unit(reader: Reader) -> tuple[list[Release], Release | None, int, dict[str, str]]:
        found = entries.releases(reader, grant.tenant)
        force = entries.release_at(reader, grant.tenant, at)
        force = None if force is None or force.at > at else force  # before the first one there is none
        return found, force, len(entries.draft(reader, grant.tenant)), changes.published(reader, grant.tenant)

    found, force, planned, made = await opened.store.aread(unit)
    told = [
        {**(_release(one) or {}), "change": made.get(one.name)}
        for one in found
        if as_of is None or one.at <= at
    ]
    return {"releases": told, "in_force": _release(force), "draft": {"changes": planned}}


@router.post("/releases", status_code=201)
async def publish_release(body: PublishIn, opened: Opened, work: Work, grant: Editor) -> Json:
    """Publish the open draft as a whole.

    Errors of the lint, and entries that several must sign, keep it back unless an admin forces it.
    """
    await _linted(opened, grant, body)
    if not body.force:
        await opened.store.aread(partial(_refuse_unsigned, work, grant.tenant))
    thaw = grant.scope == "admin"
    release = await opened.sites.publish_draft(grant.tenant, by=grant.actor_id, note=body.note, thaw=thaw)
    if release is None:
        raise Problem("conflict", "草稿是空的，没有可发布的改动")
    return {"release": _release(release)}


def _refuse_unsigned(work: Casework, tenant: str, reader: Reader) -> None:
    names = unsigned(work, reader, tenant, entries.draft(reader, tenant))
    if names:
        told = "、".join(names[:10])
        raise Problem(
            "conflict", f"{told} 需要会签：请用 POST /v1/kb/changes（from_draft）把草稿转入手册修订"
        )


async def _linted(opened: Service, grant: Grant, body: PublishIn) -> None:
    if body.force:
        if grant.scope != "admin":
            raise Problem("forbidden", "只有 admin 可以不顾检查结果发布（force）")
        if not body.note.strip():
            raise invalid("note", "强制发布须写明理由", "非空文本")
        return
    planned = await opened.store.aread(lambda reader: entries.draft(reader, grant.tenant))
    put = {name: from_json(raw) for name, raw in planned.items() if raw is not None}
    drop = frozenset(name for name, raw in planned.items() if raw is None)
    served = opened.sites.knowledge(grant.tenant)
    found = await asyncio.to_thread(opened.lint.check_publish, grant.tenant, served, put, drop)
    refused = refusal(found)
    if refused is not None:
        raise refused


@router.get("/releases/{name}/diff")
async def diff_release(name: str, opened: Opened, grant: Editor, against: str | None = None) -> Json:
    """What changed in a release against another one (by default the one before)."""

    def unit(reader: Any) -> tuple[Json, Json, str] | None:
        after = entries.release_named(reader, grant.tenant, name)
        if after is None:
            return None
        before = entries.release_named(reader, grant.tenant, against) if against else None
        if against and before is None:
            return None
        seq = before.seq if before else after.seq - 1
        base = entries.entries_of(reader, grant.tenant, seq)
        return base, entries.entries_of(reader, grant.tenant, after.seq), before.name if before else ""

    found = await opened.store.aread(unit)
    if found is None:
        raise not_found("发布版本", name)
    base, target, before = found
    told = handbook.diff(
        {name: from_json(entry) for name, entry in base.items() if "successor" not in entry},
        {name: from_json(entry) for name, entry in target.items() if "successor" not in entry},
    )
    return {"release": name, "against": before or None, **asdict(told)}
