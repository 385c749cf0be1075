"""What people said of the machine's verdicts, item by item, counted by rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select

from api.store.engine import Reader, Writer
from api.store.quality_schema import words as table
from nlp.quality.health import Word

Rule = tuple[str, str, str]
"""Form, version, item."""


def put(
    writer: Writer,
    tenant: str,
    result: Mapping[str, Any],
    said: Mapping[str, str],
    *,
    source: str,
    at: str,
    who: str = "",
) -> list[Rule]:
    """Keep words on a result's items, in place of the same person's before. Gives the rules they are about."""
    head = result["form"]
    machine = {item["code"]: item["result"] for item in result["items"]}
    mine = (table.c.tenant == tenant, table.c.result == result["id"], table.c.who == who)
    writer.execute(delete(table).where(*mine, table.c.item.in_(list(said))))
    rows = [
        {
            "tenant": tenant, "result": result["id"], "item": item, "who": who, "form": head["code"],
            "version": head["version"], "machine": machine.get(item, "na"), "human": word, "source": source,
            "at": at,
        }
        for item, word in said.items()
    ]  # fmt: skip
    if rows:
        writer.execute(table.insert(), rows)
    return [(head["code"], head["version"], item) for item in said]


def counted(reader: Reader, tenant: str, since: str, rule: Rule | None = None) -> list[tuple[Word, int]]:
    """Words said after `since` (about one rule when given), equal ones counted together."""
    columns = (table.c.form, table.c.version, table.c.item, table.c.machine, table.c.human, table.c.source)
    query = select(*columns, func.count().label("number")).where(table.c.tenant == tenant, table.c.at > since)
    if rule is not None:
        form, version, item = rule
        query = query.where(table.c.form == form, table.c.version == version, table.c.item == item)
    rows = reader.execute(query.group_by(*columns).order_by(*columns))
    return [
        (Word(row.form, row.version, row.item, row.machine, row.human, row.source), int(row.number))
        for row in rows
    ]
