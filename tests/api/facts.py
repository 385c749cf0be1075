"""A tenant of its own for tests of numbers, and facts for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from api.store import Writer, keys
from tests.api.serving import Site

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 9, 7, 9, tzinfo=ZONE)


def tenant(site: Site, name: str) -> None:
    """Make a tenant with a key for each scope; its agent is A012."""

    def unit(writer: Writer) -> dict[tuple[str, str], str]:
        keys.ensure_tenant(writer, name, name)
        actors = {"agent": {"id": "A012", "team": "一组"}, "supervisor": {"id": "S001"}}
        return {
            (name, scope): keys.create(writer, name, scope, actors.get(scope, {"id": f"{scope}-1"}))
            for scope in keys.SCOPES
        }

    site.secrets.update(site.service.store.write(unit))


def fact(
    kind: str, identity: str, day: float = 0, values: dict[str, Any] | None = None, **about: Any
) -> dict[str, Any]:
    """A fact `day` days after MONDAY, as it is sent."""
    at = (MONDAY + timedelta(days=day)).isoformat()
    return {"kind": kind, "id": identity, "at": at, "values": values or {}, **about}


def send(site: Site, name: str, facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Send facts of a tenant in batches; what the last one was answered with."""
    told: dict[str, Any] = {}
    for at in range(0, len(facts), 1000):
        answer = site.client("quality", name).post(
            "/v1/observations", json={"observations": facts[at : at + 1000]}
        )
        assert answer.status_code == 200, answer.text
        told = answer.json()
    return told
