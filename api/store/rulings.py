"""Rulings on results: appended, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from api.store.engine import Reader, Writer
from api.store.quality_schema import rulings as table

Json = dict[str, Any]
LOOKED_AT = 5000
"""Marks of weak rules that are looked through for what still waits."""
_SHOWN = tuple(column for column in table.c if column.name != "tenant")
CHUNK = 500


def add(writer: Writer, tenant: str, ruling: Json) -> Json:
    """Append a ruling to those of its result; its number counts from 1."""
    number = len(of(Reader(writer), tenant, ruling["result"])) + 1
    writer.execute(table.insert().values(tenant=tenant, number=number, **ruling))
    return {**ruling, "number": number}


def of(reader: Reader, tenant: str, result: str) -> list[Json]:
    """Rulings on a result, oldest first."""
    rows = reader.execute(
        select(*_SHOWN).where(table.c.tenant == tenant, table.c.result == result).order_by(table.c.number)
    )
    return [dict(row._mapping) for row in rows]


def latest(reader: Reader, tenant: str, results: Sequence[str]) -> dict[str, Json]:
    """What holds by result, for those that were ruled on."""
    found: dict[str, Json] = {}
    for at in range(0, len(results), CHUNK):
        rows = reader.execute(
            select(table.c.result, table.c.holds)
            .where(table.c.tenant == tenant, table.c.result.in_(results[at : at + CHUNK]))
            .order_by(table.c.number)
        )
        found |= {row.result: row.holds for row in rows}
    return found


def between(reader: Reader, tenant: str, since: str, until: str) -> list[Json]:
    """Rulings of a span of time `[since, until)`, oldest first."""
    rows = reader.execute(
        select(*_SHOWN)
        .where(table.c.tenant == tenant, table.c.at >= since, table.c.at < until)
        .order_by(table.c.at, table.c.result, table.c.number)
    )
    return [dict(row._mapping) for row in rows]


def waiting(reader: Reader, tenant: str, limit: int) -> list[tuple[str, list[str]]]:
    """Results with items that still wait for a person, newest first."""
    marked = reader.execute(
        select(table.c.result)
        .where(table.c.tenant == tenant, table.c.source == "health")
        .order_by(table.c.at.desc(), table.c.result)
        .limit(LOOKED_AT)
    ).scalars()
    found: list[tuple[str, list[str]]] = []
    for result in dict.fromkeys(marked):
        held: dict[str, str] = {}
        for one in of(reader, tenant, result):
            held |= one["items"]
        items = sorted(code for code, word in held.items() if word == "review")
        if items:
            found.append((result, items))
        if len(found) == limit:
            break
    return found
