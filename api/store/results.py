"""Quality results: one row a scored transcript, loaded idempotently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

from sqlalchemy import select

from api.store import observations, quality_schema, schema
from api.store.engine import Reader, Writer
from api.store.keys import now
from nlp.metrics.observation import Observation, from_json

Json = dict[str, Any]
CHUNK = 500


def save(writer: Writer, tenant: str, results: Iterable[tuple[Mapping[str, Any], str | None]]) -> int:
    """Store (result, agent id) pairs; one that is there is left alone. Returns how many were new.

    What was observed of a new one is counted from the same moment on.
    """
    table = schema.results
    pairs = list(results)
    added = 0
    for at in range(0, len(pairs), CHUNK):
        part = {str(result["id"]): (result, agent) for result, agent in pairs[at : at + CHUNK]}
        there = set(
            writer.execute(
                select(table.c.id).where(table.c.tenant == tenant, table.c.id.in_(list(part)))
            ).scalars()
        )
        fresh = [pair for name, pair in part.items() if name not in there]
        rows = [_row(tenant, result, agent) for result, agent in fresh]
        if rows:
            writer.execute(table.insert(), rows)
            observations.put(writer, tenant, (_seen(*pair) for pair in fresh if pair[0].get("observed")))
            added += len(rows)
    return added


def _row(tenant: str, result: Mapping[str, Any], agent: str | None) -> Json:
    return {
        "tenant": tenant,
        "id": result["id"],
        "transcript_id": result["transcript_id"],
        "form": result["form"]["code"],
        "version": result["form"]["version"],
        "agent": agent,
        "score": result["score"],
        "grade": result["grade"],
        "veto": result["veto"],
        "failed": [item["code"] for item in result["items"] if item["result"] == "fail"],
        "at": now(),
        "result": dict(result),
    }


def _seen(result: Mapping[str, Any], agent: str | None) -> Observation:
    told = result["observed"]
    values = {**told["values"], "result": str(result["id"])}
    return from_json({**told, "agent": told["agent"] or agent, "values": values}, datetime.now(UTC))


def get(reader: Reader, tenant: str, identity: str) -> tuple[Json, str | None] | None:
    """One stored result and its agent."""
    table = schema.results
    row = reader.execute(
        select(table.c.result, table.c.agent).where(table.c.tenant == tenant, table.c.id == identity)
    ).first()
    return None if row is None else (dict(row.result), row.agent)


@dataclass(frozen=True, slots=True)
class Stored:
    """A result as the machine gave it, with what holds now in `score`, `grade`, `veto`, `failed`."""

    id: str
    transcript_id: str
    agent: str | None
    score: float | None
    grade: str | None
    veto: bool
    failed: list[str]
    at: str
    result: Json


_SHOWN = ("id", "transcript_id", "agent", "score", "grade", "veto", "failed", "at", "result")


def stored(reader: Reader, tenant: str, identity: str) -> Stored | None:
    """One row of results."""
    table = schema.results
    row = reader.execute(select(table).where(table.c.tenant == tenant, table.c.id == identity)).first()
    return None if row is None else Stored(**{name: getattr(row, name) for name in _SHOWN})


def several(reader: Reader, tenant: str, identities: Sequence[str]) -> dict[str, Stored]:
    """Rows by id."""
    table = schema.results
    found: dict[str, Stored] = {}
    for at in range(0, len(identities), CHUNK):
        part = list(identities[at : at + CHUNK])
        rows = reader.execute(select(table).where(table.c.tenant == tenant, table.c.id.in_(part)))
        found |= {row.id: Stored(**{name: getattr(row, name) for name in _SHOWN}) for row in rows}
    return found


def others(reader: Reader, tenant: str, transcripts: Sequence[str], new: Sequence[str]) -> dict[str, str]:
    """Results of these transcripts besides the `new` ones, oldest first, each with its form's code."""
    table = schema.results
    rows = reader.execute(
        select(table.c.id, table.c.form)
        .where(table.c.tenant == tenant, table.c.transcript_id.in_(list(transcripts)))
        .order_by(table.c.at, table.c.id)
    )
    known = set(new)
    return {row.id: row.form for row in rows if row.id not in known}


def overrule(writer: Writer, tenant: str, identity: str, holds: Mapping[str, Any]) -> None:
    """Write what holds of a result after a ruling; what the machine said stays."""
    table = schema.results
    values = {name: holds[name] for name in ("score", "grade", "veto", "failed")}
    writer.execute(table.update().where(table.c.tenant == tenant, table.c.id == identity).values(**values))


def newest(reader: Reader, tenant: str, form: str, transcripts: Sequence[str]) -> dict[str, str]:
    """The last result of each transcript under a form, by the transcript's id."""
    table = schema.results
    found: dict[str, str] = {}
    for at in range(0, len(transcripts), CHUNK):
        rows = reader.execute(
            select(table.c.transcript_id, table.c.id)
            .where(
                table.c.tenant == tenant,
                table.c.form == form,
                table.c.transcript_id.in_(list(transcripts[at : at + CHUNK])),
            )
            .order_by(table.c.at, table.c.id)
        )
        found.update({row.transcript_id: row.id for row in rows})
    return found


def since(
    reader: Reader,
    tenant: str,
    at: str,
    agent: str | None = None,
    limit: int = 500,
    *,
    transcript_id: str | None = None,
    form: str | None = None,
) -> list[Json]:
    """Results stored at or after `at` (UTC ISO), newest first, with agent and time."""
    table = schema.results
    query = select(table).where(table.c.tenant == tenant, table.c.at >= at)
    for column, wanted in (
        (table.c.agent, agent),
        (table.c.transcript_id, transcript_id),
        (table.c.form, form),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    rows = reader.execute(query.order_by(table.c.at.desc(), table.c.id).limit(limit))
    return [{**row.result, "agent": row.agent, "at": row.at} for row in rows]


def vetoed(reader: Reader, tenant: str, at: str, limit: int) -> dict[str, str | None]:
    """Transcripts whose result stored at or after `at` (UTC ISO) is vetoed, newest first, each with its agent."""
    table = schema.results
    rows = reader.execute(
        select(table.c.transcript_id, table.c.agent)
        .where(table.c.tenant == tenant, table.c.at >= at, table.c.veto.is_(True))
        .order_by(table.c.at.desc(), table.c.id)
        .limit(limit)
    )
    return {row.transcript_id: row.agent for row in rows}


@dataclass(frozen=True, slots=True)
class Tally:
    """What a span of time was scored: `failed` and `grades` count by code, `agents` gives (scored, mean)."""

    scored: int
    mean: float | None
    vetoes: int
    grades: Mapping[str, int]
    failed: Mapping[str, int]
    agents: Mapping[str, tuple[int, float]]


def tally(reader: Reader, tenant: str, since: str, until: str) -> Tally:
    """Sum up the results stored in `[since, until)`, mystery shoppers' left out."""
    table, marks = schema.results, quality_schema.marks
    shoppers = select(marks.c.transcript_id).where(marks.c.tenant == tenant, marks.c.mark == "mystery")
    rows = reader.execute(
        select(table.c.score, table.c.grade, table.c.veto, table.c.failed, table.c.agent)
        .where(
            table.c.tenant == tenant,
            table.c.at >= since,
            table.c.at < until,
            table.c.transcript_id.not_in(shoppers),
        )
        .execution_options(yield_per=CHUNK)
    )
    grades: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    scores: list[float] = []
    by_agent: dict[str, list[float]] = {}
    vetoes = 0
    for row in rows:
        scores.append(row.score)
        grades[row.grade] += 1
        failed.update(row.failed)
        vetoes += row.veto
        if row.agent:
            by_agent.setdefault(row.agent, []).append(row.score)
    agents = {agent: (len(given), fmean(given)) for agent, given in sorted(by_agent.items())}
    return Tally(len(scores), fmean(scores) if scores else None, vetoes, grades, failed, agents)
