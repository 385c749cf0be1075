"""Who works at a site, as far as its keys tell: people, their scopes, roles and teams."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from api.store import Reader, keys


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a live key; `words` are the scopes of their keys and the site's words for their roles."""

    id: str
    name: str | None
    team: str | None
    words: frozenset[str]

    def told(self) -> dict[str, object]:
        """As a record keeps them."""
        return {"id": self.id, "name": self.name, "team": self.team}


def people(reader: Reader, tenant: str, at: str) -> list[Person]:
    """Everybody whose key holds at a moment (UTC ISO), by id; several keys of one person are one person."""
    found: dict[str, Person] = {}
    for row in keys.listed(reader, tenant):
        if not str(row["id"]).startswith(keys.KEY) or row["revoked_at"] is not None:
            continue
        if row["expires_at"] is not None and row["expires_at"] <= at:
            continue
        actor = row["actor"]
        words = frozenset({str(row["scope"]), *map(str, actor.get("roles") or ())})
        known = found.get(str(actor["id"]))
        found[str(actor["id"])] = Person(
            str(actor["id"]),
            actor.get("name") or (known.name if known else None),
            actor.get("team") or (known.team if known else None),
            words | (known.words if known else frozenset()),
        )
    return [found[name] for name in sorted(found)]


def with_any(everybody: Collection[Person], words: Collection[str]) -> list[Person]:
    """Those of whom any of the words holds."""
    return [one for one in everybody if one.words & set(words)]
