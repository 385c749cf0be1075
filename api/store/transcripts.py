"""Transcripts as they are kept (masked), one row a text, and which results were scored on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update

from api.store import schema
from api.store.engine import Reader, Writer

Json = dict[str, Any]
CHUNK = 500


def digest_of(kept: Mapping[str, Any]) -> str:
    """The id of a kept transcript: the same words have the same."""
    canonical = json.dumps(kept, ensure_ascii=False, sort_keys=True)
    return f"tr_{hashlib.sha256(canonical.encode()).hexdigest()[:24]}"


def save(writer: Writer, tenant: str, pairs: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Keep (result id, kept transcript) pairs."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    every = [(result, digest_of(kept), kept) for result, kept in pairs]
    for at in range(0, len(every), CHUNK):
        part = every[at : at + CHUNK]
        _add(writer, tenant, {digest: kept for _, digest, kept in part}, now)
        _link(writer, tenant, {result: digest for result, digest, _ in part}, now)


def _add(writer: Writer, tenant: str, kept: Mapping[str, Mapping[str, Any]], now: str) -> None:
    table = schema.transcripts
    mine = (table.c.tenant == tenant, table.c.id.in_(list(kept)))
    there = set(writer.execute(select(table.c.id).where(*mine)).scalars())
    if there:
        writer.execute(update(table).where(*mine).values(kept_at=now))
    rows = [
        {
            "tenant": tenant,
            "id": digest,
            "transcript_id": one["id"],
            "at": _moment(one, now),
            "kept_at": now,
            "transcript": dict(one),
        }
        for digest, one in kept.items()
        if digest not in there
    ]
    if rows:
        writer.execute(table.insert(), rows)


def _moment(kept: Mapping[str, Any], now: str) -> str:
    """When the dialogue was; where it does not say, when it was kept."""
    if not kept.get("started_at"):
        return now
    return datetime.fromisoformat(kept["started_at"]).astimezone(UTC).isoformat(timespec="milliseconds")


def _link(writer: Writer, tenant: str, links: Mapping[str, str], now: str) -> None:
    table = schema.result_transcripts
    known = select(table.c.result).where(table.c.tenant == tenant, table.c.result.in_(list(links)))
    there = set(writer.execute(known).scalars())
    rows = [
        {"tenant": tenant, "result": result, "transcript": digest, "kept_at": now}
        for result, digest in links.items()
        if result not in there
    ]
    if rows:
        writer.execute(table.insert(), rows)


def of_result(reader: Reader, tenant: str, result: str) -> Json | None:
    """The kept transcript that a result was scored on."""
    table, links = schema.transcripts, schema.result_transcripts
    found = reader.execute(
        select(table.c.transcript)
        .join(links, (links.c.transcript == table.c.id) & (links.c.tenant == table.c.tenant))
        .where(table.c.tenant == tenant, links.c.result == result)
    ).scalar()
    return None if found is None else dict(found)


def of_results(reader: Reader, tenant: str, results: Sequence[str]) -> dict[str, Json]:
    """The kept transcripts that these results were scored on, by result."""
    table, links = schema.transcripts, schema.result_transcripts
    rows = reader.execute(
        select(links.c.result, table.c.transcript)
        .join(links, (links.c.transcript == table.c.id) & (links.c.tenant == table.c.tenant))
        .where(table.c.tenant == tenant, links.c.result.in_(list(results)))
    )
    return {row.result: dict(row.transcript) for row in rows}


def latest(reader: Reader, tenant: str, transcript_id: str) -> Json | None:
    """The text of a dialogue that was kept last."""
    table = schema.transcripts
    found = reader.execute(
        select(table.c.transcript)
        .where(table.c.tenant == tenant, table.c.transcript_id == transcript_id)
        .order_by(table.c.kept_at.desc(), table.c.id)
        .limit(1)
    ).scalar()
    return None if found is None else dict(found)


def between(
    reader: Reader,
    tenant: str,
    since: str,
    until: str,
    limit: int,
    identities: Sequence[str] | None = None,
) -> list[Json]:
    """Kept transcripts of dialogues in `[since, until)` (UTC ISO), newest first, the last text kept of each id."""
    table = schema.transcripts
    query = select(table.c.transcript_id, table.c.transcript).where(
        table.c.tenant == tenant, table.c.at >= since, table.c.at < until
    )
    if identities is not None:
        query = query.where(table.c.transcript_id.in_(list(identities)))
    found: dict[str, Json] = {}
    rows = reader.execute(
        query.order_by(table.c.at.desc(), table.c.kept_at.desc(), table.c.id).execution_options(
            yield_per=CHUNK
        )
    )
    for row in rows:
        found.setdefault(row.transcript_id, dict(row.transcript))
        if len(found) >= limit:
            break
    return list(found.values())
