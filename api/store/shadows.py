"""What a shadow model would have said, kept as decisions of a kind of their own, one beside each routed ticket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from api.store import schema
from api.store.engine import Reader

KIND = "shadow"
CHUNK = 500


def identity(decision_id: str) -> str:
    """Id of the record about a routing decision: one of the other follows."""
    return f"sh_{decision_id.partition('_')[2]}"


def counted(reader: Reader, tenant: str, since: str, shadow: str, against: str) -> dict[tuple[str, str], int]:
    """How often the model in use said one label and the shadow the other, by (in use, shadow)."""
    table = schema.decisions
    served, said = (table.c.reply[path].as_string() for path in (("served", "label"), ("shadow", "label")))
    models = (table.c.reply[path].as_string() for path in (("served", "version"), ("shadow", "version")))
    rows = reader.execute(
        select(served, said, func.count())
        .where(table.c.tenant == tenant, table.c.kind == KIND, table.c.at >= since)
        .where(*(model == wanted for model, wanted in zip(models, (against, shadow), strict=True)))
        .group_by(served, said)
    )
    return {(str(row[0]), str(row[1])): int(row[2]) for row in rows}


def about(reader: Reader, tenant: str, decision_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The records about these routing decisions, by decision id."""
    table = schema.decisions
    found: dict[str, dict[str, Any]] = {}
    names = [identity(one) for one in decision_ids]
    for at in range(0, len(names), CHUNK):
        rows = reader.execute(
            select(table.c.reply).where(
                table.c.tenant == tenant, table.c.kind == KIND, table.c.id.in_(names[at : at + CHUNK])
            )
        )
        found |= {row.reply["decision_id"]: dict(row.reply) for row in rows}
    return found
