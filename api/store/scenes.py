"""Scenes: scripted conversations of a site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from api.store import schema
from api.store.engine import Reader, Writer

Json = dict[str, Any]


def put(writer: Writer, tenant: str, scenes: Iterable[Mapping[str, Any]]) -> int:
    """Store scenes ({"id","title","about","channel","customer","turns"}), replacing those with the same id."""
    table, count = schema.scenes, 0
    for place, scene in enumerate(scenes):
        writer.execute(table.delete().where(table.c.tenant == tenant, table.c.id == scene["id"]))
        writer.execute(table.insert().values(tenant=tenant, id=scene["id"], place=place, scene=dict(scene)))
        count += 1
    return count


def listed(reader: Reader, tenant: str) -> list[Json]:
    """Id, title and one line about each scene, in the site's order."""
    table = schema.scenes
    rows = reader.execute(select(table.c.scene).where(table.c.tenant == tenant).order_by(table.c.place))
    return [{name: row.scene.get(name) for name in ("id", "title", "about", "channel")} for row in rows]


def get(reader: Reader, tenant: str, identity: str) -> Json | None:
    """One scene."""
    table = schema.scenes
    row = reader.execute(
        select(table.c.scene).where(table.c.tenant == tenant, table.c.id == identity)
    ).first()
    return None if row is None else dict(row.scene)
