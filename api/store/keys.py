"""Tenants and API keys. Only a key's digest is kept: 256 random bits need no slow hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import select, update

from api.store import schema
from api.store.engine import Reader, Writer

Scope = Literal["bot", "agent", "supervisor", "quality", "editor", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "zx_"
KEY, EMBED = "key-", "emb-"
"""How the id of a lasting key and of a short-lived embed token begins."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key carries."""

    key_id: str
    tenant: str
    scope: Scope
    actor: Mapping[str, Any]

    @property
    def actor_id(self) -> str:
        return str(self.actor["id"])


def now() -> str:
    """This moment, ISO 8601 in UTC with milliseconds: sorts as text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def ensure_tenant(writer: Writer, tenant: str, name: str) -> None:
    """Make the tenant unless it is there."""
    if writer.execute(select(schema.tenants.c.id).where(schema.tenants.c.id == tenant)).first() is None:
        writer.execute(schema.tenants.insert().values(id=tenant, name=name, created_at=now()))


def create(
    writer: Writer,
    tenant: str,
    scope: Scope,
    actor: Mapping[str, Any],
    lifetime: timedelta | None = None,
    kind: str = KEY,
) -> str:
    """Make a key and return its secret, which is shown once and never stored."""
    secret = PREFIX + secrets.token_urlsafe(32)
    expires = None if lifetime is None else (datetime.now(UTC) + lifetime).isoformat(timespec="milliseconds")
    writer.execute(
        schema.keys.insert().values(
            tenant=tenant,
            id=kind + secrets.token_hex(8),
            digest=digest(secret),
            scope=scope,
            actor=dict(actor),
            created_at=now(),
            expires_at=expires,
        )
    )
    return secret


def find(reader: Reader, secret: str) -> Grant | None:
    """The grant of a live key, else None."""
    keys = schema.keys
    row = reader.execute(
        select(keys.c.id, keys.c.tenant, keys.c.scope, keys.c.actor).where(
            keys.c.digest == digest(secret),
            keys.c.revoked_at.is_(None),
            (keys.c.expires_at.is_(None)) | (keys.c.expires_at > now()),
        )
    ).first()
    return None if row is None else Grant(row.id, row.tenant, row.scope, row.actor)


def count(reader: Reader, tenant: str, scope: Scope) -> int:
    """Live keys of a scope."""
    keys = schema.keys
    rows = reader.execute(
        select(keys.c.id).where(keys.c.tenant == tenant, keys.c.scope == scope, keys.c.revoked_at.is_(None))
    )
    return len(rows.all())


def listed(reader: Reader, tenant: str) -> list[dict[str, Any]]:
    """Every key of a tenant, oldest first, without its digest."""
    keys = schema.keys
    shown = (keys.c.id, keys.c.scope, keys.c.actor, keys.c.created_at, keys.c.expires_at, keys.c.revoked_at)
    rows = reader.execute(
        select(*shown).where(keys.c.tenant == tenant).order_by(keys.c.created_at, keys.c.id)
    )
    return [dict(row._mapping) for row in rows]


def revoke(writer: Writer, tenant: str, key_id: str) -> bool:
    """End a key; False where there is none."""
    keys = schema.keys
    done = writer.execute(
        update(keys)
        .where(keys.c.tenant == tenant, keys.c.id == key_id, keys.c.revoked_at.is_(None))
        .values(revoked_at=now())
    )
    return done.rowcount > 0


def tenant_ids(reader: Reader) -> tuple[str, ...]:
    """Every tenant, for start-up and drills."""
    return tuple(reader.execute(select(schema.tenants.c.id).order_by(schema.tenants.c.id)).scalars())
